/**
 * Commands about materialized views.
 *
 * Sources: materialized-view-create, materialized-view-create-or-alter, materialized-view-alter,
 * materialized-view-drop, materialized-view-enable-disable, materialized-view-show-command,
 * materialized-view-show-schema-command, materialized-view-clear-data (Kusto documentation).
 *
 * @module
 */
import { readProperties } from "./grammar.ts";
import {
  columnsOf,
  type CommandContext,
  type CommandResult,
  type CommandSpec,
  completed,
  resultOf,
} from "./kit.ts";
import { entityExists, entityNotFound, notSupported } from "../entity_errors.ts";
import { cslSchema, tableSchemaJson } from "./schema_text.ts";
import { parseScalar } from "../values/values.ts";
import { isSecured } from "../storage/row_level_security.ts";
import { badView, readViewQuery } from "../storage/view_definition.ts";
import type { MaterializedView } from "../storage/views.ts";

const viewColumns = columnsOf(
  "Name:string, SourceTable:string, Query:string, MaterializedTo:datetime, LastRun:datetime, LastRunResult:string, IsHealthy:bool, IsEnabled:bool, Folder:string, DocString:string, AutoUpdateSchema:bool, EffectiveDateTime:datetime, Lookback:timespan, LookbackColumn:string",
);

/** A view is healthy where it was materialized within the last hour. */
const hour = 36_000_000_000n;

function viewsResult(context: CommandContext, views: Iterable<MaterializedView>): CommandResult {
  const now = context.database.now();
  return resultOf(
    viewColumns,
    [...views].map((view) => [
      view.name,
      view.source.name,
      view.definition.query.trim(),
      view.materializedTo(),
      view.disabledAt ?? now,
      "Completed",
      view.materializedTo() > now - hour,
      view.isEnabled,
      view.settings.folder,
      view.settings.docString,
      view.settings.autoUpdateSchema,
      view.settings.effectiveFrom,
      null,
      "",
    ]),
  );
}

interface ViewProperties {
  readonly folder: string;
  readonly docString: string;
  readonly autoUpdateSchema: boolean;
  readonly backfill: boolean;
  readonly effectiveFrom: bigint | undefined;
}

function flag(view: string, name: string, value: string): boolean {
  const text = value.toLowerCase();
  if (text !== "true" && text !== "false") throw badView(view, `'${name}' must be true or false`);
  return text === "true";
}

function viewProperties(
  view: string,
  text: string | undefined,
  command: string,
  old?: MaterializedView,
): ViewProperties {
  const found = {
    folder: old?.settings.folder ?? "",
    docString: old?.settings.docString ?? "",
    autoUpdateSchema: old?.settings.autoUpdateSchema ?? false,
    backfill: false,
    effectiveFrom: undefined as bigint | undefined,
  };
  for (const [name, value] of readProperties(text, command)) {
    if (name === "folder") found.folder = value;
    else if (name === "docstring") found.docString = value;
    else if (name === "autoupdateschema") found.autoUpdateSchema = flag(view, name, value);
    else if (name === "backfill" && !old) found.backfill = flag(view, name, value);
    else if (name === "effectivedatetime" && !old) {
      const inner = /^datetime\s*\((.*)\)$/is.exec(value)?.[1] ?? value;
      const ticks = parseScalar("datetime", inner.trim());
      if (typeof ticks !== "bigint") throw badView(view, `'${value}' is no datetime`);
      found.effectiveFrom = ticks;
    } else if (name === "updateextentscreationtime" || name === "lookback") {
      throw notSupported(`The property '${name}' of materialized views`);
    } else if (old) {
      // As the service spells it.
      throw badView(
        view,
        "Unsupported propery in materialized view alter command. Supported properties: DimensionTables,Lookback,Folder,DocString,AutoUpdateSchema.",
      );
    } else throw notSupported(`The property '${name}' of materialized views`);
  }
  return found;
}

function createView(
  context: CommandContext,
  captures: Readonly<Record<string, string>>,
): CommandResult {
  const { database } = context;
  const { view: name, table, properties, query } = captures as Record<string, string>;
  const given = viewProperties(name!, properties, context.text);
  const asynchronous = captures["is:async"] !== undefined;
  if (given.backfill && !asynchronous) {
    throw badView(name!, "backfill requires an async command");
  }
  if (given.effectiveFrom !== undefined && !given.backfill) {
    throw badView(name!, "effectiveDateTime requires backfill");
  }
  const old = database.views.get(name!);
  if (old) {
    if (captures["is:ifnotexists"] === undefined) throw entityExists("MaterializedView", name!);
    return viewsResult(context, [old]);
  }
  if (database.tables.has(name!)) throw entityExists("Table", name!);
  if (database.functions.has(name!)) throw entityExists("Function", name!);
  if (database.views.has(table!)) throw notSupported("A materialized view over another one");
  const source = database.table(table!);
  if (isSecured(source)) {
    throw notSupported("A materialized view over a table with row-level security");
  }
  const definition = readViewQuery(name!, table!, query!);
  const now = database.now();
  const effectiveFrom = given.effectiveFrom ?? (given.backfill ? 0n : now);
  const rows = given.backfill ? source.rows().filter((row) => row.ingestedAt >= effectiveFrom) : [];
  const settings = {
    folder: given.folder,
    docString: given.docString,
    autoUpdateSchema: given.autoUpdateSchema,
    effectiveFrom,
  };
  const view = database.createView(name!, source, definition, settings, rows);
  if (!asynchronous) return viewsResult(context, [view]);
  return completed(context, "MaterializedViewCreateOrAlter", now);
}

function alterView(
  context: CommandContext,
  captures: Readonly<Record<string, string>>,
): CommandResult {
  const { view: name, table, properties, query } = captures as Record<string, string>;
  const view = context.database.view(name!);
  if (view.source.name !== table) throw badView(name!, "the source table cannot be changed");
  const { folder, docString, autoUpdateSchema } = viewProperties(
    name!,
    properties,
    context.text,
    view,
  );
  const definition = readViewQuery(name!, table!, query!);
  if (definition.keys.join() !== view.definition.keys.join()) {
    throw badView(name!, "the group-by keys cannot be changed");
  }
  const { effectiveFrom } = view.settings;
  context.database.redefineView(view, definition, {
    folder,
    docString,
    autoUpdateSchema,
    effectiveFrom,
  });
  return viewsResult(context, [view]);
}

function setEnabled(context: CommandContext, name: string, enabled: boolean): CommandResult {
  const view = context.database.view(name);
  if (view.isEnabled === enabled) {
    throw badView(name, `it is already ${enabled ? "enabled" : "disabled"}`);
  }
  view.disabledAt = enabled ? undefined : context.database.now();
  context.database.settingsChanged();
  return viewsResult(context, [view]);
}

function schemaOf(context: CommandContext, name: string, json: boolean): CommandResult {
  const view = context.database.view(name);
  const { folder, docString } = view.settings;
  const text = json
    ? tableSchemaJson(name, { columns: view.columns, folder, docString })
    : cslSchema(view.columns);
  return resultOf(
    columnsOf(
      "TableName:string, Schema:string, DatabaseName:string, Folder:string, DocString:string",
    ),
    [[name, text, context.database.database, folder, docString]],
  );
}

const options = "[with <properties:paren>] <view> on table <table> <query:body>";

/** The commands of this file. */
export const viewCommands: readonly CommandSpec[] = [
  {
    pattern: `.create [async] [ifnotexists] materialized-view ${options}`,
    role: "admin",
    run: (captures, context) => createView(context, captures),
  },
  {
    pattern: `.create-or-alter materialized-view ${options}`,
    role: "admin",
    run: (captures, context) =>
      context.database.views.has(captures["view"]!)
        ? alterView(context, captures)
        : createView(context, captures),
  },
  {
    pattern: `.alter materialized-view ${options}`,
    role: "admin",
    run: (captures, context) => alterView(context, captures),
  },
  {
    pattern: ".drop materialized-view <view> [ifexists]",
    role: "admin",
    run: ({ view: name, "is:ifexists": ifExists }, context) => {
      const view = context.database.views.get(name!);
      if (view) context.database.dropView(view);
      else if (ifExists === undefined) {
        throw entityNotFound("MaterializedView", name!, context.database.database);
      }
      return viewsResult(context, context.database.views.values());
    },
  },
  {
    pattern: ".enable materialized-view <view>",
    role: "admin",
    run: ({ view }, context) => setEnabled(context, view!, true),
  },
  {
    pattern: ".disable materialized-view <view>",
    role: "admin",
    run: ({ view }, context) => setEnabled(context, view!, false),
  },
  {
    pattern: ".clear materialized-view <view> data",
    role: "admin",
    run: ({ view: name }, context) => {
      const view = context.database.view(name!);
      view.clear();
      return viewsResult(context, [view]);
    },
  },
  {
    pattern: ".show materialized-views",
    role: "viewer",
    run: (_captures, context) => viewsResult(context, context.database.views.values()),
  },
  {
    pattern: ".show materialized-view <view>",
    role: "viewer",
    run: ({ view }, context) => viewsResult(context, [context.database.view(view!)]),
  },
  {
    pattern: ".show materialized-view <view> schema as json",
    role: "viewer",
    run: ({ view }, context) => schemaOf(context, view!, true),
  },
  {
    pattern: ".show materialized-view <view> cslschema",
    role: "viewer",
    run: ({ view }, context) => schemaOf(context, view!, false),
  },
  {
    pattern: ".show materialized-view <view> failures",
    role: "viewer",
    run: ({ view }, context) => {
      context.database.view(view!);
      return resultOf(
        columnsOf(
          "Timestamp:datetime, OperationId:guid, Name:string, LastSuccessRun:datetime, FailureKind:string, Details:string",
        ),
        [],
      );
    },
  },
];
