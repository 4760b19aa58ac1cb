/**
 * What a management command is made of: its syntax, the role it needs and what it does.
 *
 * @module
 */
import type { Role } from "../wire/access.ts";
import type { Column, Row } from "../language/catalog.ts";
import type { Captures } from "./grammar.ts";
import type { Database } from "../storage/database.ts";
import type { Operations } from "./operations.ts";
import type { Queries } from "../language/queries.ts";
import type { SchemaCache } from "../storage/schema_cache.ts";
import type { ScalarType } from "../values/values.ts";

/** Rows that a command answers with. */
export interface CommandResult {
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
}

/** What a command may use. */
export interface CommandContext {
  readonly database: Database;
  /** The query language, loaded when a command needs it. */
  readonly queries: Queries;
  readonly schemaCache: SchemaCache;
  /** Whether the cluster takes streaming ingestion at all. */
  readonly streaming: boolean;
  readonly operations: Operations;
  /** The command as it was sent. */
  readonly text: string;
  /** The roles of the caller. */
  readonly roles: readonly Role[];
  /** A new random id. */
  readonly newId: () => string;
  /** Throws when the command's time is over; of no use once it has changed something. */
  readonly checkTime: () => void;
  /** Runs another command, as scripts do. */
  readonly run: (text: string) => Promise<CommandResult>;
}

/** A kind of command. */
export interface CommandSpec {
  /** The syntax; see `grammar.ts`. */
  readonly pattern: string;
  /** The least role that may run it. */
  readonly role: Role;
  run(captures: Captures, context: CommandContext): CommandResult | Promise<CommandResult>;
}

/** Columns written as `Name:string, Count:long`. */
export function columnsOf(text: string): readonly Column[] {
  return text.split(",").map((part) => {
    const [name, type] = part.trim().split(":");
    return { name: name!, type: type as ScalarType };
  });
}

/** Notes what a command that was called with `async` has done by now; gives the answer that names it. */
export function completed(
  { newId, operations }: CommandContext,
  name: string,
  startedOn: bigint,
): CommandResult {
  const id = newId();
  operations.add({ id, name, startedOn, state: "Completed", status: "" });
  return resultOf(columnsOf("OperationId:guid"), [[id]]);
}

/** A result of the columns and rows given. */
export function resultOf(columns: readonly Column[], rows: readonly Row[]): CommandResult {
  return { columns, rows };
}
