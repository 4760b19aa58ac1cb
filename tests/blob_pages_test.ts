import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { blobPages, referencesBeside, referencesOf } from "../src/reading/blob_pages.ts";
import { CHUNK_BYTES, splitBytes } from "../src/codec.ts";
import type { BlobReference, BlobRow } from "../src/schema.ts";

const MEBIBYTE = 1024 * 1024;
/** Half of what an answer holds: JSON doubles a text of quotation marks. */
const HALF_ANSWER = 32 * MEBIBYTE;

function reference(id: string, bytes = 1): BlobReference {
  return { id, bytes, sent: 0 };
}

function chunk(blob_id: string, chunk: number, chunks: number): BlobRow {
  return { thread_id: "t", incarnation: "", blob_id, chunk, chunks, encoding: "text", data: "" };
}

/** The chunks of a blob that is no text: as many as there can be. */
function chunkCount(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / (CHUNK_BYTES * 3 / 4)));
}

Deno.test("every chunk of every blob is in exactly one page, and no page is more than half an answer", () => {
  const sizes = fc.array(
    fc.oneof(fc.nat(100_000), fc.nat(MEBIBYTE), fc.nat(80 * MEBIBYTE)),
    { maxLength: 40 },
  );
  fc.assert(fc.property(sizes, fc.constantFrom(1_000, 300_000), (sizes, overhead) => {
    const references = sizes.map((bytes, at) => reference(String(at), bytes));
    const pages = [...blobPages(references, overhead)];
    for (const { id, bytes } of references) {
      const read = pages.filter(({ ids }) => ids.includes(id));
      for (let at = 0; at < chunkCount(bytes); at++) {
        assertEquals(read.filter(({ first, last }) => first <= at && at <= last).length, 1);
      }
    }
    for (const { ids, first, last } of pages) {
      const chunks = ids.map((id) => chunkCount(sizes[Number(id)]!))
        .map((count) => Math.max(0, Math.min(last + 1, count) - first));
      const size = ids.map((id, at) =>
        Math.min(sizes[Number(id)]! * 4 / 3 + 4, chunks[at]! * CHUNK_BYTES) +
        chunks[at]! * overhead
      );
      assert(size.reduce((sum, bytes) => sum + bytes, 0) <= HALF_ANSWER);
    }
  }));
});

Deno.test("no blob is cut into more chunks than its pages cover", () => {
  for (const size of [0, 1, CHUNK_BYTES * 3 / 4, CHUNK_BYTES * 3 / 4 + 1, CHUNK_BYTES * 2 + 5]) {
    for (const byte of [0x61, 0xff]) {
      const { chunks } = splitBytes(new Uint8Array(size).fill(byte), CHUNK_BYTES);
      assert(chunks.length <= chunkCount(size));
    }
  }
});

Deno.test("small blobs share a page however many they are", () => {
  const references = Array.from({ length: 300 }, (_, at) => reference(String(at), 33_000));
  assertEquals([...blobPages(references, 1_000)].map(({ ids }) => ids.length), [300]);
});

Deno.test("references are each once, rows without any do no harm", () => {
  const rows = [
    { blobs: [reference("a"), reference("b")] },
    { blobs: [reference("b")] },
    { blobs: null as never },
  ];
  assertEquals(referencesOf(rows).map(({ id }) => id), ["a", "b"]);
});

Deno.test("blobs that are whole at hand are not asked for, those with a hole are", () => {
  const rows = [{ blobs: [reference("whole"), reference("hole"), reference("none")] }];
  const chunks = [chunk("whole", 0, 2), chunk("whole", 1, 2), chunk("hole", 1, 2)];
  assertEquals(referencesBeside(chunks, rows).map(({ id }) => id), ["hole", "none"]);
});
