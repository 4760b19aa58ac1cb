import { assert, assertEquals } from "@std/assert";
import { stringLiteral } from "../../src/service/kql.ts";
import { provisionScript } from "../../src/setup/provision_text.ts";
import { FUNCTION_NAMES } from "../../src/setup/stored_functions.ts";
import { at, checkpointOf, LOOP } from "../saver/kit.ts";
import { OfficialSchema } from "../official_parser.ts";
import { RecordedRun } from "./recorded_run.ts";

const page = await Deno.readTextFile(new URL("../../docs/queries.md", import.meta.url));
const ready = [...page.matchAll(/^```kql\n(.*?)^```$/gms)].map(([, text]) => text!.trim());
const dashboard = JSON.parse(
  await Deno.readTextFile(new URL("../../docs/dashboard.json", import.meta.url)),
);

Deno.test("Every query of docs/queries.md and docs/dashboard.json finds something in a recorded run", async (t) => {
  const parameters = {
    _startTime: new Date(Date.now() - 86_400_000),
    _endTime: new Date(Date.now() + 86_400_000),
    _thread: RecordedRun.threads.chat,
  };
  const declaration =
    "declare query_parameters(_startTime:datetime, _endTime:datetime, _thread:string);";
  const official = await OfficialSchema.fromScript(provisionScript);
  await using run = await RecordedRun.record();
  const saver = run.lab.saver({ searchKeys: ["user_id"] });
  const of = { configurable: { ...at("of a user").configurable, user_id: "u1" } };
  await saver.put(of, checkpointOf("1"), LOOP, {});
  for (const [index, query] of ready.entries()) {
    await t.step(`query ${index + 1}: ${query.split("\n")[0]}`, async () => {
      assertEquals(official.check(query), []);
      const asked = query.replaceAll('"ada"', stringLiteral(RecordedRun.threads.chat));
      assertTelling(await run.query(asked));
    });
  }
  for (const { title, queryRef } of dashboard.tiles) {
    await t.step(`tile: ${title}`, async () => {
      const query = dashboard.queries.find(({ id }: { id: string }) => id === queryRef.queryId);
      assertEquals(official.check(`${declaration}\n${query.text}`), []);
      assertTelling(await run.query(query.text, parameters));
      const used = Object.keys(parameters).filter((name) => query.text.includes(name));
      assertEquals(query.usedVariables, used);
    });
  }
});

function assertTelling(rows: readonly Record<string, unknown>[]): void {
  assert(rows.length > 0);
  for (const row of rows) {
    assert(Object.values(row).some((value) => value !== null && value !== "" && value !== 0));
  }
}

Deno.test("docs/dashboard.json holds together", () => {
  const { id, eTag, tiles, pages, queries, parameters, dataSources } = dashboard;
  const all = [...tiles, ...pages, ...queries, ...parameters, ...dataSources];
  const ids = [id, eTag, ...all.map((part) => part.id)];
  assertEquals(new Set(ids).size, ids.length);
  assert(ids.every((each) => /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/.test(each)));
  assertEquals(
    tiles.map(({ queryRef }: { queryRef: { queryId: string } }) => queryRef.queryId),
    queries.map((query: { id: string }) => query.id),
  );
  for (const { dataSource } of queries) {
    assertEquals(dataSource, { kind: "inline", dataSourceId: dataSources[0].id });
  }
  for (const { id: pageId } of pages) {
    const taken = new Set<string>();
    const own = tiles.filter((tile: { pageId: string }) => tile.pageId === pageId);
    assert(own.length > 0);
    for (const { layout: { x, y, width, height } } of own) {
      assert(x + width <= 24);
      for (let cell = 0; cell < width * height; cell++) {
        const place = `${x + cell % width} ${y + Math.floor(cell / width)}`;
        assert(!taken.has(place), `two tiles at ${place}`);
        taken.add(place);
      }
    }
  }
  const variables = parameters.flatMap((parameter: Record<string, unknown>) =>
    [parameter["variableName"], parameter["beginVariableName"], parameter["endVariableName"]]
      .filter((name) => name !== undefined)
  );
  const used = queries.flatMap((query: { usedVariables: string[] }) => query.usedVariables);
  assertEquals([...new Set(used)].sort(), variables.sort());
});

Deno.test("docs/queries.md names the functions that are for people, as they are declared", () => {
  const named = [...page.matchAll(/^\| `(\w+)\((.*?)\)`/gm)].map(([, name, parameters]) => ({
    name: name!,
    parameters: parameters!.split(", ").filter((parameter) => parameter !== ""),
  }));
  const serving = ["VisibleCheckpoints", "StoredTexts"];
  assertEquals(
    named.map(({ name }) => name),
    FUNCTION_NAMES.filter((name) => !serving.includes(name)),
  );
  for (const { name, parameters } of named) {
    const declared = RegExp(`\\) ${name}\\((.*?)\\) \\{`).exec(provisionScript)![1]!
      .replaceAll("channel_name", "channel")
      .replaceAll(/:\w+/g, "")
      .replaceAll("=", " = ");
    assertEquals(parameters.join(", "), declared, name);
  }
});
