import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { KustoInputError, KustoStateError } from "../../mod.ts";
import { contractCases } from "./contract_cases.ts";
import { at, checkpointOf, Lab, LOOP, testCases } from "./kit.ts";

testCases(contractCases);

Deno.test("getNextVersion() counts numbers on and mints texts that sort and never meet", async () => {
  await using lab = await Lab.open();
  const saver = lab.saver();
  assertEquals(saver.getNextVersion(4), 5);
  const first = saver.getNextVersion(undefined) as unknown as string;
  const [left, right] = [
    saver.getNextVersion(first as never),
    saver.getNextVersion(first as never),
  ];
  assertEquals(typeof first, "string");
  assert(left > (first as never) && right > (first as never) && left !== right);
});

Deno.test("Ids that no cell could hold whole, and checkpoints without an id, are refused", async () => {
  await using lab = await Lab.open();
  const saver = lab.saver();
  const long = "x".repeat(300_000);
  const put = (id: unknown, thread = "t") =>
    saver.put(at(thread), checkpointOf(id as string), LOOP, {});
  await assertRejects(() => put("1", long), KustoInputError, `"thread_id"`);
  await assertRejects(() => put(long), KustoInputError, `"checkpoint.id"`);
  await assertRejects(() => put("\ud800"), KustoInputError, `"checkpoint.id"`);
  await assertRejects(() => put(undefined), KustoInputError, `"checkpoint.id"`);
  const write = (channel: string, task: string) =>
    saver.putWrites(at("t", "1"), [[channel, 1]], task);
  await assertRejects(() => write(long, "task"), KustoInputError, `"channel"`);
  await assertRejects(() => write("a", long), KustoInputError, `"task_id"`);
  assertEquals(lab.requests().filter((request) => request.startsWith("ingest")), []);
});

Deno.test("what a serializer throws becomes a typed error that does not quote what is stored", async () => {
  await using lab = await Lab.open();
  const writer = lab.saver();
  const config = await writer.put(at("t"), checkpointOf("1", { a: "s3cret" }), LOOP, { a: 1 });
  await writer.putWrites(config, [["w", "s3cret"]], "task");
  const child = await writer.put(config, checkpointOf("2", { a: "s3cret" }), LOOP, {});
  const inner = writer.serde;
  const failing = {
    dumpsTyped: () => Promise.reject(new TypeError("no form for it")),
    loadsTyped: (type: string, bytes: Uint8Array | string) =>
      inner.loadsTyped(type, `s3cret ${bytes}`),
  };
  const saver = lab.saver({ serde: failing });
  const reads = [
    () => saver.getTuple(at("t")),
    () => Array.fromAsync(saver.list(at("t"))),
    () => saver.getDeltaChannelHistory({ config: child, channels: ["a"] }),
  ];
  for (const read of reads) {
    const error = await assertRejects(read, KustoStateError, 'type "json": the serializer threw');
    assertEquals(Deno.inspect(error).includes("s3cret"), false);
  }
  const put = () => saver.put(at("t"), checkpointOf("3", {}), LOOP, {});
  const { cause } = await assertRejects(put, KustoInputError, "the serializer threw TypeError");
  assertInstanceOf(cause, TypeError);
});

Deno.test("A serializer of one's own is used for checkpoints, metadata, values and writes", async () => {
  await using lab = await Lab.open();
  const seen: unknown[] = [];
  const serde = {
    dumpsTyped(value: unknown): Promise<[string, Uint8Array]> {
      const bytes = new TextEncoder().encode(JSON.stringify(value) ?? "");
      return Promise.resolve(["sealed", bytes.map((byte) => byte ^ 0xff)]);
    },
    loadsTyped(type: string, bytes: Uint8Array | string): Promise<unknown> {
      seen.push(type);
      const open = (bytes as Uint8Array).map((byte) => byte ^ 0xff);
      return Promise.resolve(JSON.parse(new TextDecoder().decode(open)));
    },
  };
  const secret = "s3cret".repeat(10_000);
  const meta = { ...LOOP, owner: "s3cret" };
  const saver = lab.saver({ serde });
  const config = await saver.put(at("t"), checkpointOf("1", { secret, n: 1 }), meta, {
    secret: 1,
    n: 1,
  });
  await saver.putWrites(config, [["w", "s3cret"]], "task");
  const tuple = await lab.saver({ serde }).getTuple(at("t"));
  assertEquals(tuple?.checkpoint.channel_values, { secret, n: 1 });
  assertEquals(tuple?.metadata as unknown, meta);
  assertEquals(tuple?.pendingWrites, [["task", "w", "s3cret"]]);
  assertEquals(new Set(seen), new Set(["sealed"]));
  for (const table of ["Checkpoints", "CheckpointWrites", "CheckpointBlobs"]) {
    const answer = await lab.emulator.fetch("http://localhost/v2/rest/query", {
      method: "POST",
      body: JSON.stringify({ db: "NetDefaultDB", csl: table }),
    });
    assertEquals((await answer.text()).includes("s3cret"), false, table);
  }
  const found = await Array.fromAsync(saver.list(at("t"), { filter: { owner: "s3cret" } }));
  assertEquals(found.length, 1);
});
