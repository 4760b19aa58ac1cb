/**
 * Schemas as commands write them and as `.show` tells them.
 *
 * Sources: show-schema-database, show-table-schema-command, create-table-command, scalar data types (Kusto documentation).
 *
 * @module
 */
import type { Column } from "../language/catalog.ts";
import { readToken, splitAtCommas, syntaxError, writeName } from "./text.ts";
import { badRequest, checkEntityName } from "../entity_errors.ts";
import type { TableSchema } from "../storage/tables.ts";
import { engineType, scalarType } from "../values/values.ts";

/** Reads `a:string, ['b c']:long`, with the position of what cannot be read in the command's text. */
export function readColumns(text: string, command: string): readonly Column[] {
  const offset = Math.max(command.indexOf(text), 0);
  const columns: Column[] = [];
  const seen = new Set<string>();
  let start = 0;
  for (const part of splitAtCommas(text)) {
    const at = offset + Math.max(text.indexOf(part, start), 0);
    start = Math.max(text.indexOf(part, start), start) + part.length;
    const name = readToken(part, 0);
    const colon = name && readToken(part, name.end);
    const alias = colon?.text === ":" ? readToken(part, colon.end) : undefined;
    if (
      name === undefined || name.kind === "mark" || alias?.kind !== "word" ||
      readToken(part, alias.end) !== undefined
    ) {
      throw syntaxError(command, at, "expected 'name:type'");
    }
    const type = scalarType(alias.text);
    if (type === undefined) throw syntaxError(command, at, `unknown type '${alias.text}'`);
    checkEntityName(name.text);
    if (seen.has(name.text)) throw badRequest(`Column '${name.text}' is named twice.`);
    seen.add(name.text);
    columns.push({ name: name.text, type });
  }
  return columns;
}

/** Columns as `.show table T cslschema` writes them. */
export function cslSchema(columns: readonly Column[]): string {
  return columns.map(({ name, type }) => `${writeName(name)}:${type}`).join(",");
}

/** Columns as they stand in JSON schemas. */
export function orderedColumns(columns: readonly Column[]): readonly Record<string, string>[] {
  return columns.map(({ name, type }) => ({ Name: name, Type: engineType(type), CslType: type }));
}

/** The JSON text that creating a table answers with. */
export function tableSchemaJson(name: string, schema: TableSchema): string {
  return JSON.stringify({ Name: name, OrderedColumns: orderedColumns(schema.columns) });
}
