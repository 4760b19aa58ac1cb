import { assertEquals } from "@std/assert";
import { compilePattern } from "../../src/emulator/commands/grammar.ts";
import { commandSpecs, parseCommand } from "../../src/emulator/commands/commands.ts";

/** What stands for a part of a pattern in an example. */
function example(kind: string, name: string, pattern: string): string {
  switch (kind) {
    case "word":
      return name;
    case "name":
      if (name === "view" || (name === "entity" && pattern.includes("materialized"))) return "V";
      if (name === "database" || pattern.includes("database <entity>")) return "NetDefaultDB";
      return name === "column" ? "a" : name === "function" ? "F" : "T";
    case "string":
      if (name === "type") return "'Identifier'";
      if (name === "text") return `'[{"column":"a","path":"$.a"}]'`;
      return name === "json" ? `'{"IsEnabled":true}'` : "'abc'";
    case "raw":
      if (name === "kept") return "disabled";
      return name === "type" ? "long" : name === "id" ? crypto.randomUUID() : "10d";
    case "paren":
      if (name === "columns") return pattern.includes("drop") ? "(a)" : "(b:string)";
      if (name === "tables") return "(T)";
      if (name === "order") return "(a asc)";
      if (name === "parameters") return "()";
      if (pattern.includes("delete")) return "(whatif=true)";
      if (pattern.includes("script")) return "(ThrowOnErrors=true)";
      return pattern.includes("inline") ? "(format='csv')" : "(docstring='x')";
    case "body":
      return pattern.includes("function") ? "{ T | take 1 }" : "{ T | summarize max(n) by a }";
    default:
      if (name === "predicate") return `${pattern.includes("view") ? "V" : "T"} | where a == 'x'`;
      if (name === "script") return "\n.show tables";
      return name === "tables"
        ? "A (a:string), B (b:long)"
        : name === "data"
        ? "x,1"
        : "T | take 1";
  }
}

function examplesOf(pattern: string): string[] {
  return compilePattern(pattern).map((steps) =>
    steps.map(({ kind, text }) => example(kind, text, pattern)).join(" ").replaceAll(/ ?\. /g, ".")
  );
}

// The package has no types to be had for what is used here.
// deno-lint-ignore no-explicit-any
type Bridge = any;

async function officialParser(): Promise<(text: string) => string[]> {
  await import("@kusto/language-service-next/bridge.min.js");
  await import("@kusto/language-service-next/Kusto.Language.Bridge.min.js");
  const { GlobalState, KustoCode, Syntax } = (globalThis as { Kusto?: Bridge }).Kusto.Language;
  const holds = (node: Bridge, kind: number): boolean => {
    if (node.Kind === kind) return true;
    for (let at = 0; at < node.ChildCount; at++) {
      if (node.GetChild(at) && holds(node.GetChild(at), kind)) return true;
    }
    return false;
  };
  return (text) => {
    const code = KustoCode.Parse(text, GlobalState.Default);
    const diagnostics = code.GetDiagnostics();
    const said: string[] = [];
    for (let at = 0; at < diagnostics.Count; at++) said.push(diagnostics.getItem(at).Message);
    if (holds(code.Syntax, Syntax.SyntaxKind.UnknownCommand)) said.push("unknown command");
    return said;
  };
}

/** The parser takes some 50 ms for each command: the fullest way to write one stands for all. */
function fullest(texts: readonly string[]): string {
  return texts.reduce((longest, text) => text.length > longest.length ? text : longest);
}

Deno.test("every command, as fully written as it can be, is one that Microsoft's parser knows", async (test) => {
  const diagnose = await officialParser();
  assertEquals(diagnose(".nonsense"), ["unknown command"]);
  for (const { pattern } of commandSpecs) {
    await test.step(pattern, () => {
      const texts = examplesOf(pattern);
      for (const text of texts) assertEquals(parseCommand(text).spec.pattern, pattern, text);
      assertEquals(diagnose(fullest(texts)), [], fullest(texts));
    });
  }
});
