// The roles that docs/operations.md names are what each operation needs: no more, no less.
import { MemorySaver } from "@langchain/langgraph-checkpoint";
import { assertEquals, assertRejects } from "@std/assert";
import { KustoPermissionError, type KustoSaver } from "../mod.ts";
import { at, checkpointOf, Lab, LOOP } from "./saver/kit.ts";
import { tableAfter } from "./tables.ts";

const page = await Deno.readTextFile(new URL("../docs/operations.md", import.meta.url));
const rows = tableAfter(page, "What there is");

const OPERATIONS: Readonly<Record<string, (saver: KustoSaver) => Promise<unknown>>> = {
  listThreads: (saver) => Array.fromAsync(saver.listThreads()),
  prune: (saver) => saver.prune({ threadIds: ["t"], strategy: "keep_latest" }),
  deleteForRuns: (saver) => saver.deleteForRuns(["run"]),
  copyThread: (saver) => saver.copyThread("t", "copy"),
  copyFrom: async (saver) => {
    const other = new MemorySaver();
    await other.put(at("u"), checkpointOf("1"), LOOP);
    return await saver.copyFrom(other, ["u"]);
  },
  deleteThread: (saver) => saver.deleteThread("t"),
  purgeDeletedThreads: (saver) => saver.purgeDeletedThreads({ minimumAgeMs: 0 }),
};

/** A database in which each operation has something to do. */
async function opened(roles: readonly string[]) {
  const tokens = { admin: ["admin"], worker: roles as "viewer"[] } as const;
  const admin = { credential: () => Promise.resolve("admin") };
  const lab = await Lab.open({ tokens }, admin);
  const saver = lab.saver(admin);
  for (const id of ["1", "2", "3"]) {
    const metadata = { ...LOOP, run_id: id === "2" ? "run" : "other" };
    await saver.put(at("t"), checkpointOf(id), metadata as typeof LOOP, {});
  }
  await saver.put(at("deleted"), checkpointOf("1"), LOOP, {});
  await saver.deleteThread("deleted");
  return { lab, worker: lab.saver({ credential: () => Promise.resolve("worker") }) };
}

Deno.test("docs/operations.md lists all operations", () => {
  const calls = rows.map(([call]) => call!.replaceAll("`", "").replace("()", ""));
  assertEquals(calls.sort(), Object.keys(OPERATIONS).sort());
});

for (const [call, , named] of rows) {
  const name = call!.replaceAll("`", "").replace("()", "");
  const roles = named!.split(", ").map((role) => role.toLowerCase());

  Deno.test(`${name}() needs the roles that docs/operations.md names: ${named}`, async () => {
    const { lab, worker } = await opened(roles);
    await using _lab = lab;
    await OPERATIONS[name]!(worker);
  });

  for (const missing of roles) {
    Deno.test(`${name}() is refused without the role ${missing}`, async () => {
      const others = ["viewer", "ingestor"].filter((role) => role !== missing);
      const { lab, worker } = await opened(others);
      await using _lab = lab;
      await assertRejects(() => OPERATIONS[name]!(worker), KustoPermissionError);
    });
  }
}
