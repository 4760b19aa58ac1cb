/**
 * The emulator on a port of the loopback interface, by `node:http`, which Deno, Bun and Node.js all have.
 *
 * @module
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { packBody } from "./bodies.ts";
import { EmulatorError } from "../emulator_error.ts";
import { ConnectionReset, type Handler } from "./handler.ts";

/** A server that is listening. */
export interface Server {
  readonly url: string;
  close(): Promise<void>;
}

/** Bodies larger than this are cut, and then refused by the handler for their size. */
const mostRead = 80 * 1_048_576;

/** Answers smaller than this are not packed. */
const smallestPacked = 1_024;

/**
 * Begins to listen; port 0 takes a free one.
 *
 * @throws {EmulatorError} `CANNOT_LISTEN` where the port is taken or not for this program.
 */
export async function startServer(handler: Handler, port: number): Promise<Server> {
  const { createServer } = await import("node:http");
  const server = createServer((message, reply) => {
    // A client that went away, or whose request cannot be read, is not left waiting.
    answer(handler, message, reply).catch(() => message.socket.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(cannotListen(port, error)));
    server.listen(port, "127.0.0.1", resolve);
  });
  const address = server.address();
  const bound = typeof address === "object" && address !== null ? address.port : port;
  return {
    url: `http://127.0.0.1:${bound}`,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => error ? reject(error) : resolve());
        server.closeAllConnections();
      }),
  };
}

function cannotListen(port: number, error: Error): EmulatorError {
  const isTaken = "code" in error && error.code === "EADDRINUSE";
  const reason = isTaken ? "another program does" : error.message;
  return new EmulatorError(
    "CANNOT_LISTEN",
    `Cannot listen on port ${port}: ${reason}; take another one, or 0 for one that is free`,
    error,
  );
}

async function answer(
  handler: Handler,
  message: IncomingMessage,
  reply: ServerResponse,
): Promise<void> {
  const headers = new Headers();
  for (const [name, value] of Object.entries(message.headers)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(", ") : value);
  }
  let response: Response;
  try {
    response = await handler.handle({
      method: message.method ?? "GET",
      url: new URL(message.url ?? "/", "http://127.0.0.1"),
      headers,
      body: await readAll(message),
    });
  } catch (error) {
    if (!(error instanceof ConnectionReset)) throw error;
    message.socket.destroy();
    return;
  }
  reply.statusCode = response.status;
  for (const [name, value] of response.headers) reply.setHeader(name, value);
  if (response.body === null) {
    reply.end();
    return;
  }
  await send(response.body, reply, takesGzip(headers.get("accept-encoding") ?? ""));
}

/** Whether gzip is named among the encodings that a client takes, with a weight that is not 0. */
function takesGzip(accepted: string): boolean {
  return /(?:^|,)\s*(?:gzip|\*)\s*(?!;\s*q=0(?:\.0*)?\s*(?:,|$))(?:;|,|$)/i.test(accepted);
}

async function readAll(message: IncomingMessage): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of message) {
    if (size > mostRead) continue;
    parts.push(part);
    size += part.length;
  }
  const body = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    body.set(part, at);
    at += part.length;
  }
  return body;
}

async function send(
  body: ReadableStream<Uint8Array>,
  reply: ServerResponse,
  mayPack: boolean,
): Promise<void> {
  const reader = body.getReader();
  const first = await reader.read();
  if (first.done) {
    reply.end();
    return;
  }
  let next: ReadableStreamReadResult<Uint8Array>;
  try {
    next = await reader.read();
  } catch {
    // The answer breaks off after its first part.
    reply.write(first.value, () => reply.destroy());
    return;
  }
  if (!next.done) throw new Error("An answer's body came in more than one part");
  if (mayPack && first.value.length >= smallestPacked) {
    const packed = await packBody(first.value as Uint8Array<ArrayBuffer>);
    reply.setHeader("content-encoding", "gzip");
    reply.setHeader("vary", "accept-encoding");
    reply.end(packed);
  } else reply.end(first.value);
}
