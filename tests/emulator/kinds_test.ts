/** The tables of executors against the classes of Microsoft's parser. */
import { assertEquals } from "@std/assert";
import { operators, scalars, sources } from "../../src/emulator/language/executors.ts";
import { loadLanguage } from "../../src/emulator/parser/parser.ts";

interface SyntaxClass {
  readonly prototype?: object;
}

type SyntaxClasses = Readonly<Record<string, SyntaxClass>>;

async function classesOf(base: string): Promise<string[]> {
  await loadLanguage();
  const { Kusto } = globalThis as unknown as {
    Kusto: { Language: { Syntax: SyntaxClasses } };
  };
  const { Syntax } = Kusto.Language;
  const root = Syntax[base]!.prototype!;
  return Object.entries(Syntax)
    .filter(([, { prototype }]) => Object.prototype.isPrototypeOf.call(root, prototype ?? {}))
    .map(([name]) => name);
}

Deno.test("every operator of the parser has an executor or is refused by name", async () => {
  // A pattern of graph-match, which the parser makes an operator of.
  const found = (await classesOf("QueryOperator")).filter((name) => name !== "GraphMatchPattern");
  assertEquals(Object.keys(operators).sort(), found.sort());
});

/** Parts of operators and statements, which are compiled where they stand and never as values. */
const parts = new Set([
  "AtExpression",
  "BadCommand",
  "Command",
  "CommandAndSkippedTokens",
  "CustomCommand",
  "DateTimePattern",
  "DefaultExpressionClause",
  "EntityGroup",
  "ExternalDataWithClause",
  "ForkExpression",
  "FunctionDeclaration",
  "InlineExternalTablePathFormatPartitionColumnReference",
  "JsonArrayExpression",
  "JsonExpression",
  "JsonObjectExpression",
  "MakeSeriesExpression",
  "MvApplyContextIdClause",
  "MvApplyExpression",
  "MvApplyRowLimitClause",
  "MvApplySubqueryExpression",
  "MvExpandExpression",
  "MvExpandRowLimitClause",
  "NameAndTypeDeclaration",
  "NameDeclaration",
  "NameEqualsClause",
  "NameReferenceList",
  "NamedExpression",
  "OrderedExpression",
  "PackExpression",
  "PartialCommand",
  "PartitionColumnDeclaration",
  "PartitionOperand",
  "PartitionQuery",
  "PartitionSubquery",
  "PatternDeclaration",
  "PrimitiveTypeExpression",
  "QueryOperator",
  "SchemaTypeExpression",
  "TypeExpression",
  "TypedColumnReference",
  "UnknownCommand",
]);

Deno.test("every expression of the parser is a value, a source of rows, or a part of something", async () => {
  const known = new Set([...Object.keys(scalars), ...Object.keys(sources), ...parts]);
  const operatorNames = new Set(await classesOf("QueryOperator"));
  const unknown = (await classesOf("Expression"))
    .filter((name) => !known.has(name) && !operatorNames.has(name));
  assertEquals(unknown, []);
});

Deno.test("the evaluator stays under 3000 lines", async () => {
  const folder = new URL("../../src/emulator/language/", import.meta.url);
  let lines = 0;
  for await (const { name } of Deno.readDir(folder)) {
    lines += (await Deno.readTextFile(new URL(name, folder))).trimEnd().split("\n").length;
  }
  assertEquals(lines < 3000, true, `${lines} lines`);
});
