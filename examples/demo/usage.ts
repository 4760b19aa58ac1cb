/**
 * What the saver sends over the wire: requests and bytes by kind.
 *
 * @module
 */

import { clip } from "./words.ts";

/** The kinds of requests that Kusto knows. */
export type Endpoint = "query" | "command" | "ingest" | "other";

/** A sum over the requests of one kind. */
export interface Traffic {
  readonly requests: number;
  /** Bytes of the request bodies, as sent. */
  readonly sent: number;
  /** Bytes of the answers, unpacked. */
  readonly received: number;
}

/** Counts what passes through its `fetch`. */
export class Usage {
  readonly #signIns = new Map<string, string>();
  readonly #traffic = new Map<Endpoint, Traffic>();

  /** A `fetch` that counts; hand it to the saver. */
  readonly fetch: typeof fetch = async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : String(input));
    const endpoint = endpointOf(url);
    const signIn = new Headers(init?.headers).get("authorization");
    if (signIn !== null) this.#signIns.set(url.origin, signIn);
    this.#add(endpoint, { requests: 1, sent: sizeOf(init?.body), received: 0 });
    const response = await fetch(input, init);
    if (response.body === null) return response;
    const counted = response.body.pipeThrough(
      new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
        transform: (chunk, controller) => {
          this.#add(endpoint, { requests: 0, sent: 0, received: chunk.byteLength });
          controller.enqueue(chunk);
        },
      }),
    );
    const { status, statusText, headers } = response;
    return new Response(counted, { status, statusText, headers });
  };

  /** Sends a question of the demo's own, signed in as the saver is, and does not count it. */
  async ask(url: string, body: unknown): Promise<unknown> {
    const signIn = this.#signIns.get(new URL(url).origin);
    const response = await fetch(url, {
      method: "POST",
      headers: {
        "accept": "application/json",
        "content-type": "application/json; charset=utf-8",
        ...(signIn === undefined ? {} : { "authorization": signIn }),
      },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`Kusto answered ${response.status}: ${clip(text, 300)}`);
    return JSON.parse(text);
  }

  /** What one kind has cost so far. */
  of(endpoint: Endpoint): Traffic {
    return this.#traffic.get(endpoint) ?? { requests: 0, sent: 0, received: 0 };
  }

  /** Counts from nothing again. */
  clear(): void {
    this.#traffic.clear();
  }

  /** One line for people. */
  toString(): string {
    const kinds: Endpoint[] = ["query", "ingest", "command", "other"];
    const used = kinds.map((kind) => ({ kind, ...this.of(kind) })).filter(({ requests }) =>
      requests > 0
    );
    const total = (key: "requests" | "sent" | "received") =>
      used.reduce((sum, traffic) => sum + traffic[key], 0);
    const requests = used.map(({ kind, requests }) => `${requests} ${kind}`).join(", ");
    return `${total("requests")} requests (${requests || "none"}), ` +
      `${kilobytes(total("sent"))} sent, ${kilobytes(total("received"))} received`;
  }

  #add(endpoint: Endpoint, more: Traffic): void {
    const { requests, sent, received } = this.of(endpoint);
    this.#traffic.set(endpoint, {
      requests: requests + more.requests,
      sent: sent + more.sent,
      received: received + more.received,
    });
  }
}

/** A size for people. */
export function kilobytes(bytes: number): string {
  return `${(bytes / 1000).toFixed(bytes < 100_000 ? 1 : 0)} kB`;
}

function endpointOf({ pathname }: URL): Endpoint {
  if (pathname.includes("/rest/query")) return "query";
  if (pathname.includes("/rest/ingest")) return "ingest";
  return pathname.includes("/rest/mgmt") ? "command" : "other";
}

function sizeOf(body: BodyInit | null | undefined): number {
  if (typeof body === "string") return new TextEncoder().encode(body).byteLength;
  if (body instanceof ArrayBuffer || ArrayBuffer.isView(body)) return body.byteLength;
  return body instanceof Blob ? body.size : 0;
}
