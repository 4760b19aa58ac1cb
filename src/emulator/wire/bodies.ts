/**
 * Bodies of requests and answers: gzip both ways, and bodies that come late or break off.
 *
 * @module
 */
import { badRequest } from "../entity_errors.ts";
import { ServiceError } from "../errors.ts";

type Bytes = Uint8Array<ArrayBuffer>;

async function collect(stream: ReadableStream<Bytes>, limit: number): Promise<Bytes> {
  const parts: Bytes[] = [];
  let size = 0;
  for (const reader = stream.getReader();;) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.length;
    if (size > limit) {
      await reader.cancel();
      throw tooLarge(limit);
    }
    parts.push(value);
  }
  if (parts.length === 1) return parts[0]!;
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** The error for a body over the limit. */
export function tooLarge(limit: number): ServiceError {
  return new ServiceError({
    status: 413,
    code: "PayloadTooLarge",
    type: "Kusto.DataNode.Exceptions.StreamingIngestionRequestException",
    message: `The request's body is larger than ${limit} bytes`,
    permanent: true,
  });
}

/**
 * A body as text, unpacked where `encoding` says that it is packed.
 *
 * @throws ServiceError 413 above `limit` unpacked bytes, 400 for an encoding that is unknown or is not that of the body.
 */
export async function readBody(
  body: Bytes,
  encoding: string | null,
  limit: number,
): Promise<string> {
  const name = encoding?.trim().toLowerCase() ?? "";
  let bytes = body;
  if (name === "gzip" || name === "deflate") {
    const unpacked = new Blob([body]).stream().pipeThrough(
      new DecompressionStream(name),
    );
    try {
      bytes = await collect(unpacked, limit);
    } catch (error) {
      if (error instanceof ServiceError) throw error;
      throw badRequest(`The request's body is not ${name} data.`);
    }
  } else if (name !== "" && name !== "identity") {
    throw badRequest(`Content-Encoding '${name}' is not supported.`);
  }
  if (bytes.length > limit) throw tooLarge(limit);
  return new TextDecoder().decode(bytes);
}

/** Bytes packed with gzip. */
export function packBody(bytes: Bytes): Promise<Bytes> {
  return collect(
    new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip")),
    Infinity,
  );
}

/** The first half of a body, after which it breaks off. */
export function cutBody(bytes: Bytes): ReadableStream<Bytes> {
  let begun = false;
  return new ReadableStream({
    pull(controller) {
      if (begun) controller.error(new TypeError("connection reset"));
      else controller.enqueue(bytes.slice(0, bytes.length >> 1));
      begun = true;
    },
  }, { highWaterMark: 0 });
}

/** A body that comes after a wait, or breaks off when the request is given up before; then it calls `over`. */
export function slowBody(
  bytes: Bytes,
  wait: () => Promise<void>,
  signal: AbortSignal | undefined,
  over: () => void,
): ReadableStream<Bytes> {
  return new ReadableStream({
    async pull(controller) {
      const givenUp = new Promise<never>((_resolve, reject) => {
        if (signal?.aborted) reject(signal.reason);
        signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
      });
      try {
        await Promise.race([wait(), givenUp]);
      } finally {
        over();
      }
      controller.enqueue(bytes);
      controller.close();
    },
    cancel: over,
  }, { highWaterMark: 0 });
}
