/**
 * The one place that touches Microsoft's parser: texts → analysed trees, diagnostics → errors.
 *
 * The parser, `@kusto/language-service-next`, is a .NET library turned into JavaScript. It is loaded
 * when first needed, takes a second to warm up and is then kept; analysed texts are kept too.
 *
 * @module
 */
import type { Catalog, Column } from "../language/catalog.ts";
import { ServiceError } from "../errors.ts";
import { placeIn, type SyntaxNode } from "./syntax.ts";
import { checkTextSize } from "./text_size.ts";
import { type ScalarType, scalarType } from "../values/values.ts";

// The package has no usable types; nothing of it leaves this file.
// deno-lint-ignore no-explicit-any
type Foreign = any;

let loading: Promise<void> | undefined;
let language: Foreign;

/** Loads the parser; needed once before {@linkcode analyze}. */
export function loadLanguage(): Promise<void> {
  loading ??= (async () => {
    await import("@kusto/language-service-next/bridge.min.js");
    await import("@kusto/language-service-next/Kusto.Language.Bridge.min.js");
    language = (globalThis as { Kusto?: Foreign }).Kusto.Language;
  })();
  return loading;
}

const TEXTS_KEPT = 500;
const SCHEMAS_KEPT = 32;

interface Analyses {
  readonly globals: Foreign;
  readonly trees: Map<string, SyntaxNode>;
}

/** What was analysed, by schema: databases that look the same share it, as analysing is slow. */
const bySchema = new Map<string, Analyses>();
/** The schema that a catalog had when it was last looked at. */
const byCatalog = new WeakMap<object, { version: number; analyses: Analyses }>();

/**
 * Parses a text and binds it to a schema.
 *
 * @returns The tree; as a rule the same object for the same text and the same schema.
 * @param checkTime Throws when the time for it is over.
 * @throws {ServiceError} With the service's code for a syntax or a semantic error.
 */
export function analyze(
  text: string,
  catalog: Catalog,
  checkTime: () => void = () => {},
): SyntaxNode {
  const kept = analysesOf(catalog);
  const known = kept.trees.get(text);
  if (known) return known;
  checkTextSize(text);
  const code = parse(text, kept.globals, checkTime);
  throwFirstError(code, text);
  const tree = convert(code.Syntax, text);
  if (kept.trees.size >= TEXTS_KEPT) kept.trees.clear();
  kept.trees.set(text, tree);
  return tree;
}

/** The parser fails on some texts that it could have refused. */
function parse(text: string, globals: Foreign, checkTime: () => void): Foreign {
  let stopped: unknown;
  const isStopped = (): boolean => {
    try {
      checkTime();
    } catch (error) {
      stopped = error;
    }
    return stopped !== undefined;
  };
  try {
    const stop = new language.Utils.CancellationToken.$ctor1(isStopped);
    return language.KustoCode.Parse(text, globals).Analyze(globals, stop);
  } catch {
    if (stopped !== undefined) throw stopped;
    throw new ServiceError({
      status: 400,
      code: "General_BadRequest",
      type: "Kusto.Data.Exceptions.KustoBadRequestException",
      message:
        "Request is invalid and cannot be executed. The embedded Kusto cannot analyze this query",
      permanent: true,
    });
  }
}

function analysesOf(catalog: Catalog): Analyses {
  const known = byCatalog.get(catalog);
  if (known?.version === catalog.schemaVersion) return known.analyses;
  const schema = schemaText(catalog);
  const analyses = bySchema.get(schema) ?? { globals: globalsOf(catalog), trees: new Map() };
  bySchema.delete(schema);
  bySchema.set(schema, analyses);
  const [oldest] = bySchema.keys();
  if (bySchema.size > SCHEMAS_KEPT) bySchema.delete(oldest!);
  byCatalog.set(catalog, { version: catalog.schemaVersion, analyses });
  return analyses;
}

/** All of a catalog that a text is bound to. */
function schemaText({ database, tables, views, functions }: Catalog): string {
  const shapes = (sources: Catalog["tables"]) =>
    [...sources.values()].map(({ name, columns }) => [
      name,
      ...columns.flatMap(({ name, type }) => [name, type]),
    ]);
  return JSON.stringify([
    database,
    shapes(tables),
    shapes(views),
    [...functions.values()].map(({ name, parameters, body }) => [name, parameters, body]),
  ]);
}

function globalsOf(catalog: Catalog): Foreign {
  const { DatabaseSymbol, TableSymbol, MaterializedViewSymbol, FunctionSymbol } = language.Symbols;
  const columnsText = (columns: readonly Column[]) =>
    `(${
      columns.map(({ name, type }) => `['${name.replaceAll(/['\\]/g, "\\$&")}']:${type}`).join(",")
    })`;
  const symbols: Foreign[] = [];
  for (const { name, columns } of catalog.tables.values()) {
    symbols.push(TableSymbol.From(columnsText(columns)).WithName(name));
  }
  for (const { name, columns } of catalog.views.values()) {
    symbols.push(new MaterializedViewSymbol.$ctor3(name, columnsText(columns), ""));
  }
  for (const { name, parameters, body } of catalog.functions.values()) {
    symbols.push(new FunctionSymbol.$ctor16(name, parameters, body));
  }
  const database = new DatabaseSymbol.$ctor1(catalog.database, symbols, false);
  return language.GlobalState.Default.WithDatabase(database);
}

function throwFirstError(code: Foreign, text: string): void {
  const diagnostics = code.GetDiagnostics();
  for (let at = 0; at < diagnostics.Count; at++) {
    const { Code, Message, Severity, Start, Length } = diagnostics.getItem(at);
    if (Severity !== "Error") continue;
    throw errorFor(Code, Message, text, Start, Length);
  }
}

/** The parser numbers its syntax errors below 100, and those of meaning above. */
function errorFor(
  code: string,
  message: string,
  text: string,
  start: number,
  length: number,
): ServiceError {
  const place = placeIn(text, start);
  const syntax = Number(code.slice(2)) < 100 || code === "KS198";
  const said = code === "KS142" || code === "KS204"
    ? unresolved(code, text, start, length)
    : `${message} (${code})`;
  const inner = {
    code: syntax ? "SYN0002" : "SEM0100",
    type: `Kusto.Data.Exceptions.${syntax ? "SyntaxException" : "SemanticException"}`,
    message: `${syntax ? "Syntax" : "Semantic"} error: ${said} ${place}`,
  };
  return new ServiceError({
    status: 400,
    code: syntax ? "BadRequest_SyntaxError" : "General_BadRequest",
    type: syntax
      ? "Kusto.Data.Exceptions.SyntaxException"
      : "Kusto.Data.Exceptions.KustoBadRequestException",
    message: `Request is invalid and cannot be processed: ${inner.message}`,
    permanent: true,
    inner,
  });
}

/** The service names the operator that was to read a table, or that a value stands in. */
function unresolved(code: string, text: string, start: number, length: number): string {
  const name = text.slice(start, start + length);
  const within = /\|\s*([a-z-]+)[^|;]*$/.exec(text.slice(0, start))?.[1];
  if (code === "KS142" && within) {
    return `'${within}' operator: Failed to resolve scalar expression named '${name}'`;
  }
  const reader = /^\s*\)*\s*\|\s*([a-z-]+)/.exec(text.slice(start + length))?.[1] ?? "table";
  return `'${reader}' operator: Failed to resolve table${
    code === "KS204" ? "" : " or column"
  } expression named '${name}'`;
}

function convert(foreign: Foreign, text: string): SyntaxNode {
  const parts: Record<string, SyntaxNode> = {};
  const items: SyntaxNode[] = [];
  const kind = kindOf(foreign);
  for (let at = 0; at < foreign.ChildCount; at++) {
    const child = foreign.GetChild(at);
    if (child === null || child === undefined) continue;
    if (kind === "SyntaxList") items.push(convertItem(child, text));
    else if (child.NameInParent) parts[child.NameInParent] = convert(child, text);
  }
  // An expression list holds its elements one level down.
  const list = parts.Expressions;
  if (kind === "ExpressionList" && list) items.push(...list.items);
  const start: number = foreign.TextStart;
  return {
    kind,
    source: text,
    start,
    text: text.slice(start, start + foreign.Width),
    parts,
    items,
    literal: literalOf(foreign),
    type: typeOf(foreign),
    columns: columnsOf(foreign),
    symbol: symbolOf(foreign),
  };
}

function convertItem(child: Foreign, text: string): SyntaxNode {
  return convert(kindOf(child) === "SeparatedElement" ? child.GetChild(0) : child, text);
}

const GENERIC = /[`$[].*$/;

function kindOf(foreign: Foreign): string {
  const name: string = (foreign.constructor.$$fullname ?? "").replace(GENERIC, "");
  return name.slice(name.lastIndexOf(".") + 1);
}

function literalOf(foreign: Foreign): string | undefined {
  const name = kindOf(foreign);
  if (name === "CompoundStringLiteralExpression") {
    let joined = "";
    const tokens = foreign.Tokens;
    for (let at = 0; at < tokens.Count; at++) joined += tokens.getItem(at).ValueText;
    return joined;
  }
  return name === "LiteralExpression" ? String(foreign.Token.ValueText) : undefined;
}

function typeOf(foreign: Foreign): ScalarType | undefined {
  const type = foreign.ResultType;
  if (!type || !isA(type, "ScalarSymbol")) return undefined;
  return scalarType(type.Name) ?? (isA(type, "DynamicSymbol") ? "dynamic" : undefined);
}

function columnsOf(foreign: Foreign): Column[] | undefined {
  const type = foreign.ResultType;
  if (!type || !(isA(type, "TableSymbol") || isA(type, "TupleSymbol"))) return undefined;
  if (type.IsOpen) return undefined;
  const columns: Column[] = [];
  for (let at = 0; at < type.Columns.Count; at++) {
    const { Name, Type } = type.Columns.getItem(at);
    columns.push({ name: Name, type: scalarType(Type.Name) ?? "dynamic" });
  }
  return columns;
}

function symbolOf(foreign: Foreign): SyntaxNode["symbol"] {
  const symbol = foreign.ReferencedSymbol;
  if (!symbol) return undefined;
  const name = kindOf(symbol);
  return { kind: name.replace(/Symbol$/, ""), name: symbol.Name };
}

function isA(value: Foreign, name: string): boolean {
  return (globalThis as Foreign).Bridge.is(value, language.Symbols[name]);
}
