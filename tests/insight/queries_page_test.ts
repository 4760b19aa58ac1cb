import { assert, assertEquals } from "@std/assert";
import { stringLiteral } from "../../src/kql.ts";
import { provisionScript } from "../../src/provision_text.ts";
import { FUNCTION_NAMES } from "../../src/stored_functions.ts";
import { at, checkpointOf, LOOP } from "../saver/kit.ts";
import { OfficialSchema } from "../official_parser.ts";
import { RecordedRun } from "./recorded_run.ts";

const page = await Deno.readTextFile(new URL("../../docs/queries.md", import.meta.url));
const queries = [...page.matchAll(/^```kql\n(.*?)^```$/gms)].map(([, text]) => text!.trim());

Deno.test("Every query of docs/queries.md finds something in a recorded run", async (t) => {
  assert(queries.length > 15);
  const official = await OfficialSchema.fromScript(provisionScript);
  await using run = await RecordedRun.record();
  const saver = run.lab.saver({ searchKeys: ["user_id"] });
  const of = { configurable: { ...at("of a user").configurable, user_id: "u1" } };
  await saver.put(of, checkpointOf("1"), LOOP, {});
  for (const [index, query] of queries.entries()) {
    await t.step(`query ${index + 1}: ${query.split("\n")[0]}`, async () => {
      assertEquals(official.check(query), []);
      const asked = query.replaceAll('"ada"', stringLiteral(RecordedRun.threads.chat));
      const rows = await run.query(asked);
      assert(rows.length > 0);
      for (const row of rows) {
        assert(Object.values(row).some((value) => value !== null && value !== "" && value !== 0));
      }
    });
  }
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
