/**
 * Row-level security: tables and views whose policy has a query are read through it, by everyone.
 *
 * Ingestion and materialization go past it.
 *
 * Sources: row-level-security-policy, alter-table-row-level-security-policy-command (Kusto documentation).
 *
 * @module
 */
import { type Catalog, catalogOf, type TableSource, type ViewSource } from "../language/catalog.ts";
import { badPolicy, type Policies } from "./policies.ts";
import type { Database } from "./database.ts";
import type { ViewRunner } from "./views.ts";

/** A table or a view. */
export interface Secured extends TableSource {
  readonly policies: Policies;
}

/** Whether an entity is read through the query of its policy. */
export function isSecured({ policies }: Secured): boolean {
  return policies.get("row_level_security")?.["IsEnabled"] === true;
}

/** The database as queries see it. */
export function securedCatalog(database: Database, run: ViewRunner): Catalog {
  const { tables, views, functions, schemaVersion } = database;
  if (![...tables.values(), ...views.values()].some(isSecured)) return database;
  // No index, as that would lead past the policy, and no age, as a query made the rows.
  const through = ({ name, policies }: Secured, source: TableSource): TableSource => {
    const catalog = alone(database, source);
    const query = String(policies.get("row_level_security")?.["Query"]);
    return { name, columns: source.columns, rows: () => run(query, catalog).rows };
  };
  return {
    database: database.database,
    schemaVersion,
    functions,
    tables: new Map(
      [...tables].map(([name, table]) => [name, isSecured(table) ? through(table, table) : table]),
    ),
    views: new Map([...views].map(([name, view]): [string, ViewSource] => [
      name,
      isSecured(view)
        ? {
          ...through(view, view),
          materialized: through(view, view.materialized),
          materializedTo: () => view.materializedTo(),
        }
        : view,
    ])),
  };
}

/**
 * Checks the query of a policy: it reads no table or view but its own, and gives rows of the same form.
 *
 * @throws ServiceError where it does not.
 */
export function checkPolicyQuery(
  database: Database,
  entity: Secured,
  query: string,
  run: ViewRunner,
): void {
  const none: TableSource = { name: entity.name, columns: entity.columns, rows: () => [] };
  const { columns } = run(query, alone(database, none));
  const form = (of: TableSource["columns"]) => of.map(({ name, type }) => `${name}:${type}`).join();
  if (form(columns) !== form(entity.columns)) {
    throw badPolicy(
      `RowLevelSecurityPolicy: the query must give the columns of '${entity.name}' in their order`,
    );
  }
}

/** A table or view alone, with the functions that its query may call. */
function alone({ database, schemaVersion, functions }: Catalog, source: TableSource): Catalog {
  return { ...catalogOf(source, database), schemaVersion, functions };
}
