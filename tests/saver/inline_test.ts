import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { KustoSaver, type KustoSaverOptions, KustoSchemaError } from "../../mod.ts";
import { KustoEmulator } from "../../src/emulator/mod.ts";
import { at, checkpointOf, LOOP } from "./kit.ts";

/** A saver on a Kusto that knows no streaming ingestion: it refuses each policy and each request. */
function openWithoutStreaming(emulator: KustoEmulator, options: Partial<KustoSaverOptions> = {}) {
  const refused: string[] = [];
  const saver = KustoSaver.fromConnectionString("http://localhost", {
    database: "NetDefaultDB",
    fetch: (input, init) => {
      const said = `${input} ${new TextDecoder().decode(init?.body as Uint8Array<ArrayBuffer>)}`;
      if (!/\/ingest\/|streamingingestion/.test(said)) return emulator.fetch(input as string, init);
      refused.push(said);
      return Promise.resolve(new Response(null, { status: 404 }));
    },
    ...options,
  });
  return { saver, refused };
}

Deno.test("ingestion inline provisions, writes, reads and deletes without streaming", async () => {
  await using emulator = new KustoEmulator();
  const { saver, refused } = openWithoutStreaming(emulator, { ingestion: "inline" });
  assertEquals(await saver.setup({ provision: true }), { ready: true, problems: [] });
  const text = "quotes \" ' ` and\nlines <| .drop table Checkpoints // \u2028 \0 é 🙂";
  const values = { text, long: text.repeat(20_000) };
  await saver.put(at("ada"), checkpointOf("1", values), LOOP, { text: 1, long: 1 });
  await saver.putWrites(at("ada", "1"), [["text", text]], "task");
  const other = openWithoutStreaming(emulator, { ingestion: "inline" });
  const tuple = await other.saver.getTuple(at("ada"));
  assertEquals(tuple?.checkpoint.channel_values, values);
  assertEquals(tuple?.pendingWrites, [["task", "text", text]]);
  await other.saver.deleteThread("ada");
  assertEquals(await other.saver.getTuple(at("ada")), undefined);
  assertEquals([refused, other.refused], [[], []]);
  await Promise.all([saver.close(), other.saver.close()]);
});

Deno.test("where streaming ingestion is off the error says that there is another way", async () => {
  await using emulator = new KustoEmulator();
  const { saver } = openWithoutStreaming(emulator);
  const put = () => saver.put(at("ada"), checkpointOf("1"), LOOP, {});
  await openWithoutStreaming(emulator, { ingestion: "inline" }).saver.setup({ provision: true });
  const { message } = await assertRejects(put, KustoSchemaError);
  assertStringIncludes(message, 'ingestion: "inline"');
  await saver.close();
});
