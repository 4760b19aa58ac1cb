import { assertEquals } from "@std/assert";
import type { Catalog } from "../../src/emulator/language/catalog.ts";
import { ServiceError } from "../../src/emulator/errors.ts";
import { runQuery } from "../../src/emulator/language/evaluate.ts";
import { loadLanguage } from "../../src/emulator/parser/parser.ts";
import { toWire } from "../../src/emulator/values/values.ts";
import { difference, parseJson } from "../fixtures/kql-corpus/compare.mjs";

interface Case {
  readonly id: string;
  readonly query: string;
}

const folder = new URL("../fixtures/kql-corpus/", import.meta.url);

const catalog: Catalog = {
  database: "NetDefaultDB",
  schemaVersion: 1,
  tables: new Map(),
  views: new Map(),
  functions: new Map(),
};

/** What a case gives, as a client reads it from the wire. */
function answer(query: string): { columns: { name: string; type: string }[]; rows: unknown[][] } {
  const [table] = runQuery(query, catalog, {
    parameters: new Map(),
    now: 638_396_640_000_000_000n,
    random: () => 0.5,
  });
  const columns = table!.columns.map(({ name, type }) => ({ name, type }));
  const rows = table!.rows.map((row) =>
    row.map((value, at) => parseJson(toWire(columns[at]!.type, value)))
  );
  return { columns, rows };
}

Deno.test("the embedded Kusto answers the corpus of documented queries", async (t) => {
  await loadLanguage();
  const text = await Deno.readTextFile(new URL("core-dev.jsonl", folder));
  const cases = text.trim().split("\n").map((line) => JSON.parse(line) as Case);
  const refused: string[] = [];
  for (const each of cases) {
    await t.step(each.id, () => {
      let result;
      try {
        result = answer(each.query);
      } catch (error) {
        if (!(error instanceof ServiceError)) throw error;
        refused.push(`${each.id}: ${error.message}`);
        return;
      }
      assertEquals(difference(each, result, { strictTypes: true }), null, each.query);
    });
  }
  assertEquals(refused, []);
});
