import { assertEquals } from "@std/assert";
import { Service } from "./service.ts";

const TABLE = ".create table T (a: long)";

Deno.test("Databases that look the same do not see each other's rows", async () => {
  const [one, other] = [new Service(), new Service()];
  await one.run(TABLE, ".ingest inline into table T <| 1");
  await other.run(TABLE, ".ingest inline into table T <| 2");
  assertEquals(await one.rows("T"), [[1]]);
  assertEquals(await other.rows("T"), [[2]]);
});

Deno.test("A table that was dropped and made anew is another one for a text that is known already", async () => {
  const service = new Service();
  await service.run(TABLE, ".ingest inline into table T <| 1");
  assertEquals(await service.rows("T"), [[1]]);
  await service.run(".drop table T", TABLE, ".ingest inline into table T <| 2");
  assertEquals(await service.rows("T"), [[2]]);
});

const DIFFERENCES: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ["function", [TABLE, ".create function f() { 1 }"], [TABLE, ".create function f() { 2 }"]],
  ["type", [TABLE], [TABLE.replace("long", "string")]],
];

for (const [what, ...databases] of DIFFERENCES) {
  Deno.test(`Databases that differ in a ${what} alone read a text each in its own way`, async () => {
    const text = what === "type" ? "T | project gettype(a)" : "T | project f()";
    const answers: unknown[] = [];
    for (const commands of databases) {
      const service = new Service();
      await service.run(...commands, ".ingest inline into table T <| 10");
      answers.push(...await service.rows(text));
    }
    assertEquals(answers, what === "type" ? [["long"], ["string"]] : [[1], [2]]);
  });
}
