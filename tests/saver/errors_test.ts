import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import {
  KustoPermissionError,
  KustoSaver,
  KustoSchemaError,
  KustoSignInError,
  KustoUnavailableError,
} from "../../mod.ts";
import { KustoEmulator } from "../../src/emulator/mod.ts";
import { at, checkpointOf, Lab, LOOP } from "./kit.ts";

const still = { sleep: () => Promise.resolve() };

Deno.test("Without tables the error says how to make them", async () => {
  await using emulator = new KustoEmulator();
  await using saver = KustoSaver.fromConnectionString("http://localhost", {
    database: "NetDefaultDB",
    fetch: emulator.fetch,
  });
  for (
    const call of [
      () => saver.getTuple(at("t")),
      () => saver.put(at("t"), checkpointOf("1"), LOOP, {}),
      () => saver.putWrites(at("t", "1"), [["a", 1]], "task"),
      () => saver.deleteThread("t"),
      () => Array.fromAsync(saver.list(at("t"))),
    ]
  ) {
    const error = await assertRejects(call, KustoSchemaError, "setup({ provision: true })");
    assertStringIncludes(error.message, "provision.kql");
  }
});

Deno.test("A refusal for lack of a role names the role", async () => {
  await using emulator = new KustoEmulator({ tokens: { admin: ["admin"], reader: ["viewer"] } });
  const as = (token: string) =>
    KustoSaver.fromConnectionString("http://localhost", {
      database: "NetDefaultDB",
      fetch: emulator.fetch,
      credential: () => Promise.resolve(token),
    });
  await using admin = as("admin");
  await admin.setup({ provision: true });
  await using reader = as("reader");
  assertEquals(await reader.getTuple(at("t")), undefined);
  await assertRejects(
    () => reader.put(at("t"), checkpointOf("1"), LOOP, {}),
    KustoPermissionError,
    "Database Ingestor",
  );
  await assertRejects(
    () => reader.setup({ provision: true }),
    KustoPermissionError,
    "Database Admin",
  );
  await using stranger = as("nobody");
  const error = await assertRejects(() => stranger.getTuple(at("t")), KustoSignInError);
  assertEquals(error.status, 401);
  assertEquals(Deno.inspect(error).includes("nobody"), false);
});

Deno.test("A service that cannot be reached: the attempts, the last cause, nothing stored and nothing lost", async () => {
  await using lab = await Lab.open();
  const saver = lab.saver({ ...still, maxRetries: 2 });
  await saver.getTuple(at("t"));
  lab.emulator.trouble.add({ kind: "reset", times: 3 });
  const error = await assertRejects(
    () => saver.put(at("t"), checkpointOf("1", { secret: "s3cret" }), LOOP, { secret: 1 }),
    KustoUnavailableError,
    "all 3 attempts",
  );
  assertEquals(error.attempts, 3);
  assertEquals(error.cause instanceof Error, true);
  assertEquals(Deno.inspect(error).includes("s3cret"), false);
  assertEquals(await saver.getTuple(at("t")), undefined);
  await saver.put(at("t"), checkpointOf("1"), LOOP, {});
  assertEquals((await lab.saver().getTuple(at("t")))?.checkpoint.id, "1");
});

Deno.test("Passing failures are waited out", async () => {
  await using lab = await Lab.open();
  const waits: number[] = [];
  let time = Date.parse("2026-01-01T00:00:00Z");
  const saver = lab.saver({
    random: () => 0.5,
    now: () => time,
    sleep: (ms) => {
      waits.push(ms);
      time += ms;
      return Promise.resolve();
    },
  });
  await saver.getTuple(at("t"));
  lab.emulator.trouble.add({ kind: "throttle", on: "ingest", times: 1, retryAfter: 7 });
  await saver.put(at("t"), checkpointOf("1"), LOOP, {});
  lab.emulator.trouble.add({ kind: "serviceError", on: "ingest", times: 2, status: 503 });
  await saver.put(at("t", "1"), checkpointOf("2"), LOOP, {});
  assertEquals((await lab.saver().getTuple(at("t")))?.checkpoint.id, "2");
  assertEquals(waits, [7000, 500, 1000]);
});

Deno.test("Streaming ingestion that is off is named with its mend", async () => {
  await using lab = await Lab.open();
  await lab.command(".alter table Checkpoints policy streamingingestion disable");
  await lab.command(".clear table Checkpoints cache streamingingestion schema");
  const saver = lab.saver();
  await assertRejects(
    () => saver.put(at("t"), checkpointOf("1"), LOOP, {}),
    KustoSchemaError,
    "streaming ingestion is off",
  );
});

Deno.test("One caller's failure leaves the others alone", async () => {
  await using lab = await Lab.open();
  const saver = lab.saver({ ...still, maxRetries: 0 });
  await saver.getTuple(at("a"));
  await saver.getTuple(at("b"));
  lab.emulator.trouble.add({ kind: "reset", on: "ingest", times: 1 });
  const results = await Promise.allSettled([
    saver.put(at("a"), checkpointOf("1"), LOOP, {}),
    saver.putWrites(at("b", "1"), [["x", 1]], "task"),
  ]);
  assertEquals(results.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
});
