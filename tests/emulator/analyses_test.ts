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

const DIFFERENCES: readonly (readonly [string, string, string, string])[] = [
  ["function", "print strlen(f())", ".create function f() { 'a' }", ".create function f() { 1 }"],
  ["type", "T | project strlen(a)", TABLE.replace("long", "string"), TABLE],
];

for (const [what, text, fitting, other] of DIFFERENCES) {
  Deno.test(`Databases that differ in a ${what} alone read a text each in its own way`, async () => {
    const statuses: number[] = [];
    for (const command of [fitting, other]) {
      const service = new Service();
      await service.run(command);
      statuses.push((await service.query(text)).status);
    }
    assertEquals(statuses, [200, 400]);
  });
}
