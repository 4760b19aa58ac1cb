import { assertEquals } from "@std/assert";
import { Incarnations } from "../src/incarnations.ts";

const root = (checkpointId: string) => ({ namespace: "", checkpointId });
const child = (checkpointId: string) => ({ namespace: "child", checkpointId });

Deno.test("nothing is known of a thread that was never read", () => {
  const incarnations = new Incarnations();
  assertEquals(incarnations.newest("t"), undefined);
  assertEquals(incarnations.forRow("t", [{}], [root("c")]), undefined);
});

Deno.test("a row of which nothing is known takes the newest that was read, once a read", () => {
  const incarnations = new Incarnations();
  incarnations.beginRun([], "t", "", false);
  assertEquals(incarnations.newest("t"), "");
  assertEquals(incarnations.forRow("t", [], []), "");
  assertEquals(incarnations.forRow("t", [], []), undefined, "others may have deleted the thread");
  incarnations.observe("t", "1");
  assertEquals(incarnations.forRow("t", [], []), undefined);
  incarnations.beginRun([], "t", "1", false);
  assertEquals(incarnations.forRow("t", [], [root("unknown")]), "1");
  assertEquals(incarnations.forRow("other", [], []), undefined);
});

for (const seen of [["", "1", "2"], ["2", "1", ""], ["1", "2", "1"]]) {
  Deno.test(`of the incarnations ${JSON.stringify(seen)} the greatest is the newest`, () => {
    const incarnations = new Incarnations();
    for (const incarnation of seen) incarnations.observe("t", incarnation);
    assertEquals(incarnations.newest("t"), "2");
  });
}

Deno.test("a row takes what its run saw first, whatever its nodes read or others deleted since", () => {
  const incarnations = new Incarnations();
  const run = {};
  incarnations.beginRun([run], "t", "", false);
  incarnations.bind("t", root("c"), "1");
  incarnations.beginRun([run], "t", "1", true);
  assertEquals(incarnations.forRow("t", [run], [root("c")]), "");
  assertEquals(incarnations.forRow("t", [{}], [root("c")]), "1");
});

Deno.test("a control that runs share around a deletion says nothing, their writers do", () => {
  const incarnations = new Incarnations();
  const control = {};
  const [first, second] = [[() => 1, control], [() => 2, control]];
  incarnations.beginRun(first, "t", "", false);
  incarnations.beginRun(second, "t", "1", false);
  assertEquals(incarnations.forRow("t", first, []), "");
  assertEquals(incarnations.forRow("t", second, []), "1");
  incarnations.bind("t", root("parent"), "");
  const wrapped = [() => 3, control];
  assertEquals(incarnations.forRow("t", wrapped, [root("parent")]), "");
  assertEquals(incarnations.forRow("t", wrapped, []), undefined);
});

Deno.test("a node whose writer is wrapped belongs to its run by the control", () => {
  const incarnations = new Incarnations();
  const control = {};
  const wrapped = [() => 2, control];
  incarnations.beginRun([() => 1, control], "t", "", false);
  incarnations.beginRun(wrapped, "t", "1", true);
  assertEquals(incarnations.forRow("t", wrapped, []), "");
});

Deno.test("a node that is the first of its run to read a thread decides for the run", () => {
  const incarnations = new Incarnations();
  const run = {};
  incarnations.beginRun([run], "t", "1", true);
  assertEquals(incarnations.forRow("t", [run], []), "1");
});

Deno.test("what a run saw of one thread says nothing of another", () => {
  const incarnations = new Incarnations();
  const run = {};
  incarnations.beginRun([run], "t", "1", false);
  incarnations.beginRun([], "u", "2", false);
  assertEquals(incarnations.forRow("u", [run], []), "2");
});

Deno.test("a row takes the incarnation of the first checkpoint it hangs on that is known", () => {
  const incarnations = new Incarnations();
  incarnations.bind("t", root("parent"), "1");
  incarnations.bind("t", child("parent"), "2");
  const forRow = (...addresses: { namespace: string; checkpointId: string }[]) => {
    incarnations.beginRun([], "t", "9", false);
    return incarnations.forRow("t", [], addresses);
  };
  assertEquals(forRow(root("parent"), child("parent")), "1");
  assertEquals(forRow(child("parent"), root("parent")), "2");
  assertEquals(forRow(root("unknown"), child("parent")), "2");
  assertEquals(forRow(root("unknown")), "9");
  assertEquals(forRow(), "9");
});

for (const seen of [["", "1"], ["1", ""], ["1", "1"]]) {
  Deno.test(`an id that was seen in ${JSON.stringify(seen)} counts in the later incarnation`, () => {
    const incarnations = new Incarnations();
    for (const incarnation of seen) incarnations.bind("t", root("c"), incarnation);
    assertEquals(incarnations.forRow("t", [], [root("c")]), "1");
    assertEquals(incarnations.newest("t"), "1");
  });
}

Deno.test("an id that was not found is tied to what was read, the empty incarnation included", () => {
  const incarnations = new Incarnations();
  incarnations.bindMissing("t", root("missing"), "");
  incarnations.bindMissing("t", root("missing"), "1");
  assertEquals(incarnations.forRow("t", [], [root("missing")]), "");
  assertEquals(incarnations.newest("t"), "1");
});

Deno.test("an id that was not found stays where it was seen before, and moves when it is seen", () => {
  const incarnations = new Incarnations();
  incarnations.bind("t", root("c"), "1");
  incarnations.bindMissing("t", root("c"), "2");
  assertEquals(incarnations.forRow("t", [], [root("c")]), "1");
  incarnations.bind("t", root("c"), "2");
  assertEquals(incarnations.forRow("t", [], [root("c")]), "2");
});

Deno.test("namespaces and ids that read alike when put together are told apart", () => {
  const incarnations = new Incarnations();
  incarnations.bind("t", { namespace: 'a","b', checkpointId: "c" }, "1");
  incarnations.beginRun([], "t", "2", false);
  const other = { namespace: "a", checkpointId: 'b","c' };
  assertEquals(incarnations.forRow("t", [], [other]), "2");
});

Deno.test("a run that goes on after thousands of other threads keeps its incarnation", () => {
  const incarnations = new Incarnations();
  const run = {};
  incarnations.observe("t", "1");
  incarnations.beginRun([run], "t", "1", false);
  for (let at = 0; at < 10_001; at++) incarnations.observe(`t${at}`, "");
  assertEquals(incarnations.newest("t"), undefined);
  assertEquals(incarnations.forRow("t", [run], []), "1");
});
