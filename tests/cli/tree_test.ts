import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { treeLines } from "../../src/cli/tree.ts";

function draw(parents: Readonly<Record<string, string | undefined>>): string[] {
  const nodes = Object.entries(parents).map(([id, parentId]) => ({ id, parentId }));
  return treeLines(nodes).map(({ node, branches }) => branches + node.id);
}

Deno.test("a chain stays in its column, and branches begin where it forks", () => {
  assertEquals(draw({}), []);
  assertEquals(draw({ c: "b", b: "a", a: undefined }), ["a", "b", "c"]);
  assertEquals(
    draw({ a: undefined, b: "a", c: "b", d: "c", e: "b", f: "e", g: "e", h: "b", i: "h" }),
    ["a", "b", "├─ c", "│  d", "├─ e", "│  ├─ f", "│  └─ g", "└─ h", "   i"],
  );
});

Deno.test("what has a parent that is not there is a root", () => {
  assertEquals(draw({ b: "a", c: "b", y: "x", s: "s" }), ["b", "c", "s", "y"]);
});

Deno.test("a long thread does not exhaust the stack", () => {
  const id = (at: number) => String(at).padStart(6, "0");
  const nodes = Array.from({ length: 100_000 }, (_, at) => ({
    id: id(at),
    parentId: at > 0 ? id(at - 1) : undefined,
  }));
  assertEquals(treeLines(nodes).length, nodes.length);
});

Deno.test("each node has one line, below its parent, and its column tells how often it forked before", () => {
  const forest = fc.array(fc.option(fc.nat(), { nil: undefined }), { maxLength: 40 }).map((picks) =>
    picks.map((pick, at) => ({
      id: String.fromCharCode(0x4e00 + at),
      parentId: pick === undefined || at === 0
        ? undefined
        : String.fromCharCode(0x4e00 + pick % at),
    }))
  );
  fc.assert(fc.property(forest, (nodes) => {
    const lines = treeLines(nodes.toReversed());
    assertEquals(lines.map(({ node }) => node.id).sort(), nodes.map(({ id }) => id));
    const row = new Map(lines.map(({ node }, at) => [node.id, at]));
    const forks = (id: string): number => {
      const { parentId } = nodes.find((node) => node.id === id)!;
      if (parentId === undefined) return 0;
      const isFork = nodes.filter((node) => node.parentId === parentId).length > 1;
      return forks(parentId) + (isFork ? 1 : 0);
    };
    for (const { node, branches } of lines) {
      assert(node.parentId === undefined || row.get(node.parentId)! < row.get(node.id)!);
      assertEquals(branches.length, 3 * forks(node.id));
    }
  }));
});
