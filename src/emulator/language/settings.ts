/**
 * `set` statements: request options that a text brings along.
 *
 * Source: set-statement.md (Kusto documentation).
 *
 * @module
 */
import { itemsOf, nameOf, part, placeIn, refuse, type SyntaxNode } from "../parser/syntax.ts";

/** An option that a statement sets. */
export interface Setting {
  readonly name: string;
  /** The text of a literal, or `true` where there is none. */
  readonly value: string | true;
  /** Line and position of the statement. */
  readonly place: string;
}

/**
 * The options that a text sets.
 *
 * @throws {ServiceError} Where a statement comes behind a query, which it would not cover.
 */
export function settingsOf(tree: SyntaxNode): Setting[] {
  const settings: Setting[] = [];
  let queried = false;
  for (const statement of itemsOf(tree, "Statements")) {
    if (statement.kind === "ExpressionStatement") queried = true;
    if (statement.kind !== "SetOptionStatement") continue;
    if (queried) throw refuse(statement, "a 'set' statement behind a query");
    const given = statement.parts.ValueClause?.parts.Expression;
    if (given && given.literal === undefined) throw refuse(given, "this value of an option");
    settings.push({
      name: nameOf(part(statement, "Name")).toLowerCase(),
      value: given?.literal ?? true,
      place: placeIn(statement.source, statement.start),
    });
  }
  return settings;
}
