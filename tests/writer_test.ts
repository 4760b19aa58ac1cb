import { assertEquals, assertRejects } from "@std/assert";
import type { KustoClient } from "../src/service/client.ts";
import { settingsFrom } from "../src/config.ts";
import { KustoLimitError, KustoUnavailableError } from "../src/errors.ts";
import { RecentRows } from "../src/writing/recent_rows.ts";
import { tableNames, type WriteRow } from "../src/schema.ts";
import { RowWriter } from "../src/writing/writer.ts";

/** A writer whose requests the test sees, and lets fail. */
function open(durability: "acknowledged" | "buffered" = "acknowledged") {
  const settings = settingsFrom({
    connection: "http://localhost/db",
    durability,
    sleep: () => new Promise(() => {}),
  });
  const requests: string[] = [];
  const service = { isDown: false };
  const client = {
    ingest: (table: string, lines: readonly Uint8Array[]) => {
      requests.push(`${table} ${lines.length}`);
      return service.isDown
        ? Promise.reject(new KustoUnavailableError("Cannot append: down"))
        : Promise.resolve();
    },
  } as unknown as KustoClient;
  const recent = new RecentRows({
    now: settings.now,
    readableOnce: durability === "buffered" ? "accepted" : "acknowledged",
  });
  const writer = new RowWriter(client, settings, tableNames("x_"), recent);
  return { writer, recent, requests, service };
}

function rowOf(revision: string, rest: Partial<WriteRow> = {}): WriteRow {
  return { thread_id: "t", incarnation: "", revision, ...rest } as WriteRow;
}

function write(
  writer: RowWriter,
  rows: readonly WriteRow[],
  blobs: Record<string, string> = {},
): Promise<void> {
  return writer.write({
    threadId: "t",
    incarnation: "",
    table: "writes",
    rows,
    deadline: Infinity,
    blobs: new Map(
      Object.entries(blobs).map(([id, text]) => [id, new TextEncoder().encode(text)]),
    ),
  });
}

for (const durability of ["acknowledged", "buffered"] as const) {
  Deno.test(`A row larger than a request is refused before anything is sent: ${durability}`, async () => {
    const { writer, recent, requests } = open(durability);
    const rows = [rowOf("1"), rowOf("2", { channel: "x".repeat(4_000_000) })];
    const error = await assertRejects(
      () => write(writer, rows, { blob: "text" }),
      KustoLimitError,
      'a row of table "x_CheckpointWrites": it takes 4000',
    );
    await writer.flush();
    assertEquals([error.table, requests, recent.bytes], ["x_CheckpointWrites", [], 0]);
  });
}

Deno.test("The largest row that a request holds goes alone", async () => {
  const { writer, requests } = open();
  const overhead = JSON.stringify({ ...rowOf("1", { channel: "" }), created_at: "" }).length +
    new Date(0).toISOString().length;
  await write(writer, [rowOf("1", { channel: "x".repeat(3_999_999 - overhead) }), rowOf("2")]);
  assertEquals(requests, ["x_CheckpointWrites 1", "x_CheckpointWrites 1"]);
});

Deno.test("Blobs go before the rows that refer to them, and no row goes without its blobs", async () => {
  const { writer, requests, service, recent } = open();
  await write(writer, [rowOf("1")], { blob: "text" });
  assertEquals(requests.splice(0), ["x_CheckpointBlobs 1", "x_CheckpointWrites 1"]);
  const before = recent.bytes;
  service.isDown = true;
  await assertRejects(() => write(writer, [rowOf("2")], { other: "text" }), KustoUnavailableError);
  assertEquals([requests, recent.bytes], [["x_CheckpointBlobs 1"], before]);
});

Deno.test("Writes that need the same blob at a time send it once, and share its failure", async () => {
  const { writer, requests, service } = open();
  const both = () =>
    Promise.allSettled(["1", "2"].map((id) => write(writer, [rowOf(id)], { blob: "text" })));
  service.isDown = true;
  assertEquals((await both()).map(({ status }) => status), ["rejected", "rejected"]);
  service.isDown = false;
  assertEquals((await both()).map(({ status }) => status), ["fulfilled", "fulfilled"]);
  assertEquals(requests, ["x_CheckpointBlobs 1", "x_CheckpointBlobs 1", "x_CheckpointWrites 2"]);
});

Deno.test("A blob counts as sent once it is stored, not before", async () => {
  const { writer, service } = open("buffered");
  const sentAt = () => writer.blobSentAt("t", "", "blob");
  service.isDown = true;
  await write(writer, [rowOf("1")], { blob: "text" });
  await assertRejects(() => writer.flush());
  assertEquals(sentAt(), undefined);
  service.isDown = false;
  await writer.flush();
  assertEquals(typeof sentAt(), "number");
});

Deno.test("A write waits until all its rows have an outcome, and fails with the first reason", async () => {
  const { writer, recent, service } = open();
  service.isDown = true;
  const rows = Array.from({ length: 250 }, (_, n) => rowOf(String(n)));
  await assertRejects(() => write(writer, rows), KustoUnavailableError, "Cannot append: down");
  assertEquals(recent.bytes, 0);
});
