import { assertEquals } from "@std/assert";
import { Incarnations } from "../src/incarnations.ts";

const root = (checkpointId: string) => ({ namespace: "", checkpointId });
const child = (checkpointId: string) => ({ namespace: "child", checkpointId });

Deno.test("nothing is known of a thread that was never read", () => {
  const incarnations = new Incarnations();
  assertEquals(incarnations.newest("t"), undefined);
  assertEquals(incarnations.forRow("t", {}, [root("c")]), undefined);
});

Deno.test("a thread that was read and has no deletions has the empty incarnation", () => {
  const incarnations = new Incarnations();
  incarnations.observe("t", "");
  assertEquals(incarnations.newest("t"), "");
  assertEquals(incarnations.forRow("t", undefined, []), "");
  assertEquals(incarnations.forRow("other", undefined, []), undefined);
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
  incarnations.beginRun(run, "t", "", false);
  incarnations.bind("t", root("c"), "1");
  incarnations.beginRun(run, "t", "1", true);
  assertEquals(incarnations.forRow("t", run, [root("c")]), "");
  assertEquals(incarnations.forRow("t", {}, [root("c")]), "1");
});

Deno.test("a run that begins with the control of an older one takes what it sees itself", () => {
  const incarnations = new Incarnations();
  const run = {};
  incarnations.beginRun(run, "t", "", false);
  incarnations.beginRun(run, "t", "1", false);
  assertEquals(incarnations.forRow("t", run, []), "1");
});

Deno.test("a node that is the first of its run to read a thread decides for the run", () => {
  const incarnations = new Incarnations();
  const run = {};
  incarnations.beginRun(run, "t", "1", true);
  assertEquals(incarnations.forRow("t", run, []), "1");
});

Deno.test("what a run saw of one thread says nothing of another", () => {
  const incarnations = new Incarnations();
  const run = {};
  incarnations.beginRun(run, "t", "1", false);
  incarnations.observe("u", "2");
  assertEquals(incarnations.forRow("u", run, []), "2");
});

Deno.test("a row takes the incarnation of the first checkpoint it hangs on that is known", () => {
  const incarnations = new Incarnations();
  incarnations.bind("t", root("parent"), "1");
  incarnations.bind("t", child("parent"), "2");
  incarnations.observe("t", "9");
  const forRow = (...addresses: { namespace: string; checkpointId: string }[]) =>
    incarnations.forRow("t", undefined, addresses);
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
    assertEquals(incarnations.forRow("t", undefined, [root("c")]), "1");
    assertEquals(incarnations.newest("t"), "1");
  });
}

Deno.test("an id that was not found is tied to what was read, the empty incarnation included", () => {
  const incarnations = new Incarnations();
  incarnations.bindMissing("t", root("missing"), "");
  incarnations.bindMissing("t", root("missing"), "1");
  assertEquals(incarnations.forRow("t", undefined, [root("missing")]), "");
  assertEquals(incarnations.newest("t"), "1");
});

Deno.test("an id that was not found stays where it was seen before, and moves when it is seen", () => {
  const incarnations = new Incarnations();
  incarnations.bind("t", root("c"), "1");
  incarnations.bindMissing("t", root("c"), "2");
  assertEquals(incarnations.forRow("t", undefined, [root("c")]), "1");
  incarnations.bind("t", root("c"), "2");
  assertEquals(incarnations.forRow("t", undefined, [root("c")]), "2");
});

Deno.test("namespaces and ids that read alike when put together are told apart", () => {
  const incarnations = new Incarnations();
  incarnations.bind("t", { namespace: 'a","b', checkpointId: "c" }, "1");
  incarnations.observe("t", "2");
  const other = { namespace: "a", checkpointId: 'b","c' };
  assertEquals(incarnations.forRow("t", undefined, [other]), "2");
});

Deno.test("a run that goes on after thousands of other threads keeps its incarnation", () => {
  const incarnations = new Incarnations();
  const run = {};
  incarnations.observe("t", "1");
  incarnations.beginRun(run, "t", "1", false);
  for (let at = 0; at < 10_001; at++) incarnations.observe(`t${at}`, "");
  assertEquals(incarnations.newest("t"), undefined);
  assertEquals(incarnations.forRow("t", run, []), "1");
});
