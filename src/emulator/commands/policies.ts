/**
 * Commands that set, show and remove policies.
 *
 * Sources: the `*-policy-command` pages of the Kusto documentation; a policy command answers with the policy as it is now.
 *
 * @module
 */
import { columnsOf, type CommandResult, type CommandSpec, resultOf } from "./kit.ts";
import { readProperties } from "./grammar.ts";
import { readToken, splitAtCommas } from "./text.ts";
import { checkPolicyQuery, isSecured } from "../storage/row_level_security.ts";
import type { Database } from "../storage/database.ts";
import { badRequest, entityNotFound } from "../entity_errors.ts";
import {
  badPolicy,
  cachingPolicy,
  encodingName,
  type Policies,
  policyFromJson,
  type PolicyKind,
  policyNames,
  retentionPolicy,
  streamingOff,
  streamingSwitch,
} from "../storage/policies.ts";

const policyColumns = columnsOf(
  "PolicyName:string, EntityName:string, Policy:string, ChildEntities:string, EntityType:string",
);

/** What carries policies: a table, a view, or the database. */
interface Entity {
  readonly name: string;
  readonly type: "Table" | "MaterializedView" | "Database";
  readonly policies: Policies;
  readonly columns: readonly { readonly name: string }[];
}

const entityParts: Readonly<Record<Entity["type"], string>> = {
  Table: "table <entity>",
  MaterializedView: "materialized-view <entity>",
  Database: "database <entity>",
};

const kindsOf: Readonly<Record<Entity["type"], readonly PolicyKind[]>> = {
  Table: [
    "retention",
    "caching",
    "streamingingestion",
    "roworder",
    "ingestiontime",
    "ingestionbatching",
    "row_level_security",
  ],
  MaterializedView: ["retention", "caching", "row_level_security"],
  Database: ["retention", "caching", "streamingingestion", "ingestionbatching"],
};

function entityOf(database: Database, type: Entity["type"], name: string): Entity {
  if (type === "Table") {
    const { policies, columns } = database.table(name);
    return { name: `[${database.database}].[${name}]`, type, policies, columns };
  }
  if (type === "MaterializedView") {
    const { policies, columns } = database.view(name);
    return { name: `[${database.database}].[${name}]`, type, policies, columns };
  }
  if (name.toLowerCase() !== database.database.toLowerCase()) {
    throw entityNotFound("Database", name, "cluster");
  }
  return { name: `[${database.database}]`, type, policies: database.policies, columns: [] };
}

function policyResult(entity: Entity, kind: PolicyKind): CommandResult {
  const policy = entity.policies.get(kind);
  const text = policy === undefined ? "null" : JSON.stringify(policy);
  return resultOf(policyColumns, [[policyNames[kind], entity.name, text, "", entity.type]]);
}

/** The commands that set one kind of policy on one type of entity to what `make` gives. */
function setter(
  type: Entity["type"],
  kind: PolicyKind,
  verb: string,
  rest: string,
  make: (
    captures: Readonly<Record<string, string>>,
    old: Record<string, unknown> | undefined,
    entity: Entity,
  ) => Record<string, unknown>,
): CommandSpec {
  return {
    pattern: `${verb} ${entityParts[type]} policy ${kind} ${rest}`,
    role: "admin",
    run: (captures, { database, streaming }) => {
      const entity = entityOf(database, type, captures["entity"]!);
      if (kind === "streamingingestion" && !streaming) throw streamingOff();
      entity.policies.set(kind, make(captures, entity.policies.get(kind), entity));
      database.settingsChanged();
      return policyResult(entity, kind);
    },
  };
}

function settersOf(type: Entity["type"], kind: PolicyKind): CommandSpec[] {
  const merged = (text: string | undefined, old: Record<string, unknown> | undefined) =>
    policyFromJson(kind, text!, old);
  switch (kind) {
    case "retention":
      return [
        setter(type, kind, ".alter", "<json:string>", ({ json }) => merged(json, undefined)),
        setter(type, kind, ".alter-merge", "<json:string>", ({ json }, old) => merged(json, old)),
        setter(
          type,
          kind,
          ".alter-merge",
          "(softdelete = <period:word> [recoverability = <kept:word>] | recoverability = <kept:word>)",
          ({ period, kept }, old) =>
            retentionPolicy(
              period === undefined ? old?.["SoftDeletePeriod"] : period,
              kept ?? old?.["Recoverability"],
            ),
        ),
      ];
    case "streamingingestion":
      return [
        setter(
          type,
          kind,
          ".alter",
          "(enable|disable)",
          ({ "is:enable": on }) => streamingSwitch(on !== undefined),
        ),
        setter(type, kind, ".alter", "<json:string>", ({ json }) => merged(json, undefined)),
        setter(type, kind, ".alter-merge", "<json:string>", ({ json }, old) => merged(json, old)),
      ];
    case "ingestionbatching":
      return [
        setter(type, kind, ".alter", "<json:string>", ({ json }) => merged(json, undefined)),
        setter(type, kind, ".alter-merge", "<json:string>", ({ json }, old) => merged(json, old)),
      ];
    case "caching":
      return [
        setter(type, kind, ".alter", "hot = <span:word>", ({ span }) => cachingPolicy(span!)),
      ];
    case "roworder":
      return [
        setter(
          type,
          kind,
          ".alter",
          "<order:paren>",
          ({ order }, _old, entity) => rowOrder(order!, entity),
        ),
      ];
    case "ingestiontime":
      return [
        setter(type, kind, ".alter", "true", () => ({ IsEnabled: true })),
      ];
    default:
      return [];
  }
}

function rowOrder(text: string, entity: Entity): Record<string, unknown> {
  const columns = splitAtCommas(text).map((part) => {
    const name = readToken(part, 0);
    const order = name && readToken(part, name.end);
    const direction = order?.text.toLowerCase();
    if (
      name === undefined || order === undefined || (direction !== "asc" && direction !== "desc") ||
      readToken(part, order.end) !== undefined
    ) {
      throw badPolicy(`RowOrderPolicy: '${part}' is no column with asc or desc`);
    }
    if (!entity.columns.some((column) => column.name === name.text)) {
      throw badPolicy(`RowOrderPolicy: ${entity.name} has no column '${name.text}'`);
    }
    return { Column: name.text, Direction: direction };
  });
  return { RowOrder: columns };
}

function commandsOf(type: Entity["type"], kind: PolicyKind): CommandSpec[] {
  const commands: CommandSpec[] = [
    ...settersOf(type, kind),
    {
      pattern: `.show ${entityParts[type]} policy ${kind}`,
      role: "viewer",
      run: ({ entity }, { database }) => policyResult(entityOf(database, type, entity!), kind),
    },
  ];
  // The retention of a view is altered, never deleted.
  if (type !== "MaterializedView" || kind !== "retention") {
    commands.push({
      pattern: `.delete ${entityParts[type]} policy ${kind}`,
      role: "admin",
      run: ({ entity: name }, { database }) => {
        const entity = entityOf(database, type, name!);
        entity.policies.delete(kind);
        database.settingsChanged();
        return policyResult(entity, kind);
      },
    });
  }
  return commands;
}

function encodingResult(database: Database, tableName: string, column: string): CommandResult {
  const table = database.table(tableName);
  if (!table.columns.some(({ name }) => name === column)) {
    throw entityNotFound("Column", column, tableName);
  }
  const encoding = table.encodings.get(column);
  return resultOf(policyColumns, [[
    policyNames.encoding,
    `[${database.database}].[${tableName}].[${column}]`,
    encoding === undefined ? "null" : JSON.stringify({ EncodingPolicyType: encoding }),
    "",
    "Column",
  ]]);
}

const encodingCommands: readonly CommandSpec[] = [
  {
    pattern: ".alter column <table>.<column> policy encoding type = <type:string>",
    role: "admin",
    run: ({ table: tableName, column, type }, { database }) => {
      const table = database.table(tableName!);
      const found = table.columns.find(({ name }) => name === column);
      if (found === undefined) throw entityNotFound("Column", column!, tableName!);
      const encoding = encodingName(type!);
      if (encoding === "Null") table.encodings.delete(column!);
      else if (found.type !== "string" && found.type !== "dynamic") {
        throw badRequest(
          `Encoding '${encoding}' does not fit column '${column}' of type '${found.type}'.`,
        );
      } else table.encodings.set(column!, encoding);
      database.settingsChanged();
      return encodingResult(database, tableName!, column!);
    },
  },
  {
    pattern: ".delete column <table>.<column> policy encoding",
    role: "admin",
    run: ({ table, column }, { database }) => {
      database.table(table!).encodings.delete(column!);
      database.settingsChanged();
      return encodingResult(database, table!, column!);
    },
  },
  {
    pattern: ".show column <table>.<column> policy encoding",
    role: "viewer",
    run: ({ table, column }, { database }) => encodingResult(database, table!, column!),
  },
];

type SecuredType = Exclude<Entity["type"], "Database">;

/** Sets the query through which rows are read, or only keeps it for later. */
function securityCommand(type: SecuredType): CommandSpec {
  const kind: PolicyKind = "row_level_security";
  // The one property there is tells of the views over a table.
  const properties = type === "Table" ? "[with <properties:paren>] " : "";
  return {
    pattern: `.alter ${
      entityParts[type]
    } policy ${kind} (enable|disable) ${properties}<query:string>`,
    role: "admin",
    run: async (captures, { database, queries, text }) => {
      const { entity: name, query, properties, "is:enable": on } = captures;
      const isTable = type === "Table";
      const secured = isTable ? database.table(name!) : database.view(name!);
      const entity = entityOf(database, type, name!);
      let allowsViews = false;
      for (const [property, value] of readProperties(properties, text)) {
        if (property !== "allowmaterializedviewswithoutrowlevelsecurity") {
          throw badPolicy(`RowLevelSecurityPolicy has no property '${property}'`);
        }
        allowsViews = value.toLowerCase() === "true";
      }
      await queries.load();
      checkPolicyQuery(database, secured, query!, (of, catalog) => queries.runOne(of, catalog));
      const open = [...database.views.values()].find((view) =>
        view.source === secured && !isSecured(view)
      );
      if (on !== undefined && open && !allowsViews) {
        throw badPolicy(
          `RowLevelSecurityPolicy: the materialized view '${open.name}' over '${name}' has no such policy, set it there first or allow it (allowMaterializedViewsWithoutRowLevelSecurity)`,
        );
      }
      entity.policies.set(kind, { IsEnabled: on !== undefined, Query: query });
      database.settingsChanged();
      return policyResult(entity, kind);
    },
  };
}

/** The commands of this file. */
export const policyCommands: readonly CommandSpec[] = [
  ...(Object.keys(kindsOf) as Entity["type"][]).flatMap((type) =>
    kindsOf[type].flatMap((kind) => commandsOf(type, kind))
  ),
  ...encodingCommands,
  securityCommand("Table"),
  securityCommand("MaterializedView"),
];
