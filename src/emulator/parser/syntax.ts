/**
 * Analysed query texts as plain trees: what the evaluator sees of Microsoft's parser.
 *
 * @module
 */
import type { Column } from "../language/catalog.ts";
import { ServiceError } from "../errors.ts";
import type { ScalarType } from "../values/values.ts";

/** What a name or a call refers to. */
export interface SyntaxSymbol {
  /** The parser's kind of symbol: `Column`, `Variable`, `Parameter`, `Table`, `MaterializedView`, `Function`, `Operator` ... */
  readonly kind: string;
  readonly name: string;
}

/** A node of an analysed text. */
export interface SyntaxNode {
  /** The parser's name of the node: `FilterOperator`, `BinaryExpression`, ... */
  readonly kind: string;
  /** The whole text that the node is of. */
  readonly source: string;
  /** Where the node begins in it. */
  readonly start: number;
  /** The text as written. */
  readonly text: string;
  /** Children by the parser's names for them. */
  readonly parts: Readonly<Record<string, SyntaxNode>>;
  /** The elements of a list. */
  readonly items: readonly SyntaxNode[];
  /** What a literal's token stands for, quotes and escapes resolved. */
  readonly literal: string | undefined;
  /** The type of a scalar expression. */
  readonly type: ScalarType | undefined;
  /** The columns of a tabular expression, or of a call that fills several columns. */
  readonly columns: readonly Column[] | undefined;
  readonly symbol: SyntaxSymbol | undefined;
}

/** A child that the grammar promises. */
export function part(node: SyntaxNode, name: string): SyntaxNode {
  const child = node.parts[name];
  if (child === undefined) throw refuse(node, `its ${name}`);
  return child;
}

/** The elements of a list-like child; none where it is absent. */
export function itemsOf(node: SyntaxNode, name: string): readonly SyntaxNode[] {
  return node.parts[name]?.items ?? [];
}

/** The value of a named parameter of an operator, such as `kind=leftouter`. */
export function operatorParameter(node: SyntaxNode, name: string): string | undefined {
  const found = itemsOf(node, "Parameters")
    .find((item) => item.parts.Name?.text.trim().toLowerCase() === name);
  const value = found?.parts.Expression;
  return value && (value.literal ?? value.text.trim());
}

/** Refuses an operator's parameters beside those named. */
export function checkParameters(node: SyntaxNode, known: readonly string[]): void {
  for (const item of itemsOf(node, "Parameters")) {
    const name = item.parts.Name?.text.trim().toLowerCase() ?? "";
    if (!known.includes(name)) throw refuse(item, `the parameter '${name}'`);
  }
}

/** The name that a reference is written with, brackets and quotes taken off. */
export function nameOf(node: SyntaxNode): string {
  const text = node.text.trim();
  return /^\[\s*(["'])(.*)\1\s*\]$/s.exec(text)?.[2] ?? text;
}

/** Whether a node gives a table and not a value. */
export function isTabular(node: SyntaxNode): boolean {
  return node.type === undefined && node.columns !== undefined;
}

/** The line and the position in it, as the service writes them. */
export function placeIn(text: string, start: number): string {
  const before = text.slice(0, start).split("\n");
  return `[line:position=${before.length}:${before.at(-1)!.length}]`;
}

/** A value that a function cannot take; what is refused, as the end of a sentence. */
export class BadArgument extends Error {}

/** Runs a function; what it cannot take is refused with the place of the call. */
export function refusingBadArguments<T>(node: SyntaxNode, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw error instanceof BadArgument ? refuse(node, error.message) : error;
  }
}

/** The refusal of what this emulator does not know, by name and place. */
export function refuse(node: SyntaxNode, what: string): ServiceError {
  const message = `The embedded Kusto does not support ${what} (${node.kind}) ${
    placeIn(node.source, node.start)
  }`;
  return new ServiceError({
    status: 400,
    code: "General_BadRequest",
    type: "Kusto.Data.Exceptions.KustoBadRequestException",
    message: `Request is invalid and cannot be executed. ${message}`,
    permanent: true,
    inner: { code: "SEM0001", type: "Kusto.Data.Exceptions.SemanticException", message },
  });
}
