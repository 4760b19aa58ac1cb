/**
 * Why a host could not be reached, as far as the errors of the runtimes tell.
 *
 * @module
 */

/** Ways in which there is no answer. */
export type NetworkFailure = "no such name" | "refused" | "no answer in time" | "no TLS" | "broken";

/** Deno tells in words, Node and Bun by a code; the first that fits counts. */
const SIGNS: readonly (readonly [RegExp, NetworkFailure])[] = [
  [/ENOTFOUND|EAI_AGAIN|dns error|getaddrinfo|lookup address/i, "no such name"],
  [/ECONNREFUSED|connection refused/i, "refused"],
  [/TimeoutError|ETIMEDOUT|CONNECT_TIMEOUT|timed out/i, "no answer in time"],
  [/EPROTO|ERR_(SSL|TLS)|certificate|SELF_SIGNED|CERT_|\bTLS\b|corrupt message/i, "no TLS"],
];

/** Tells why a `fetch` failed. */
export function networkFailure(error: unknown): NetworkFailure {
  const said: string[] = [];
  for (let at = error, deep = 0; at instanceof Error && deep < 5; at = at.cause, deep++) {
    said.push(at.name, at.message, "code" in at ? String(at.code) : "");
  }
  const text = said.join(" ");
  return SIGNS.find(([sign]) => sign.test(text))?.[1] ?? "broken";
}
