import { assertEquals } from "@std/assert";
import { networkFailure } from "../../src/cli/doctor/network_failure.ts";

/** Errors of `fetch` as they were seen on Deno 2.9, Node 20, Node 26 and Bun 1.4. */
const seen: readonly (readonly [string, string, Error])[] = [
  [
    "no such name",
    "Deno",
    failed(
      "error sending request for url (https://x/): client error (Connect): dns error: failed to lookup address information: Name or service not known",
    ),
  ],
  ["no such name", "Node", failed("getaddrinfo ENOTFOUND x", "ENOTFOUND")],
  ["no such name", "Bun", coded("getaddrinfo ENOTFOUND x", "ENOTFOUND")],
  [
    "refused",
    "Deno",
    failed(
      "error sending request for url (http://127.0.0.1:1/): client error (Connect): tcp connect error: Connection refused (os error 111)",
    ),
  ],
  ["refused", "Node", failed("connect ECONNREFUSED 127.0.0.1:1", "ECONNREFUSED")],
  ["refused", "Bun", coded("ECONNREFUSED: Unable to connect.", "ECONNREFUSED")],
  [
    "no TLS",
    "Deno",
    failed(
      "error sending request for url (https://x/): client error (Connect): received corrupt message of type InvalidContentType",
    ),
  ],
  ["no TLS", "Node", failed("error:0A00010B:SSL routines", "ERR_SSL_WRONG_VERSION_NUMBER")],
  ["no TLS", "Bun", coded("EPROTO: The TLS handshake failed.", "EPROTO")],
  ["no answer in time", "all", new DOMException("No answer within 10 ms", "TimeoutError")],
  ["broken", "Bun", coded("ECONNRESET: The socket connection was closed", "ECONNRESET")],
  ["broken", "Deno", failed("client error (SendRequest): invalid HTTP version parsed")],
];

function coded(message: string, code: string): Error {
  return Object.assign(new TypeError(message), { code });
}

function failed(message: string, code?: string): Error {
  const cause = code === undefined ? new Error(message) : coded(message, code);
  return new TypeError("fetch failed", { cause });
}

for (const [failure, runtime, error] of seen) {
  Deno.test(`the error of ${runtime} for "${failure}" is known`, () => {
    assertEquals(networkFailure(error), failure);
  });
}

Deno.test("an error that is its own cause is no endless one", () => {
  const error = new Error("x");
  error.cause = error;
  assertEquals(networkFailure(error), "broken");
});
