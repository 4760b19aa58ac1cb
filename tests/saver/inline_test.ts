import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { KustoSaver, type KustoSaverOptions, KustoSchemaError } from "../../mod.ts";
import { KustoEmulator } from "../../src/emulator/mod.ts";
import { at, checkpointOf, LOOP } from "./kit.ts";

function open(emulator: KustoEmulator, options: Partial<KustoSaverOptions> = {}): KustoSaver {
  return KustoSaver.fromConnectionString("http://localhost", {
    database: "NetDefaultDB",
    fetch: emulator.fetch,
    ...options,
  });
}

Deno.test("ingestion inline provisions, writes, reads and deletes without streaming", async () => {
  await using emulator = new KustoEmulator({ streaming: false });
  await using saver = open(emulator, { ingestion: "inline" });
  const { ready, problems } = await saver.setup({ provision: true });
  assertEquals([ready, problems], [true, []]);
  const text = "quotes \" ' ` and\nlines <| .drop table Checkpoints // \u2028 \0 é 🙂";
  const values = { text, long: text.repeat(20_000) };
  await saver.put(at("ada"), checkpointOf("1", values), LOOP, { text: 1, long: 1 });
  await saver.putWrites(at("ada", "1"), [["text", text]], "task");
  await using other = open(emulator, { ingestion: "inline" });
  const tuple = await other.getTuple(at("ada"));
  assertEquals(tuple?.checkpoint.channel_values, values);
  assertEquals(tuple?.pendingWrites, [["task", "text", text]]);
  await other.deleteThread("ada");
  assertEquals(await other.getTuple(at("ada")), undefined);
  const refused = emulator.requests.records.filter(({ status }) => status !== 200);
  assertEquals(refused, []);
});

Deno.test("where streaming ingestion is off the error says that there is another way", async () => {
  await using emulator = new KustoEmulator({ streaming: false });
  await using provisioner = open(emulator, { ingestion: "inline" });
  await provisioner.setup({ provision: true });
  await using saver = open(emulator);
  const put = () => saver.put(at("ada"), checkpointOf("1"), LOOP, {});
  const { message } = await assertRejects(put, KustoSchemaError);
  assertStringIncludes(message, 'ingestion: "inline"');
});
