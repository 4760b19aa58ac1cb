/**
 * Row-level security: who reads a table sees what the query of its policy lets through, also who wrote it.
 *
 * @module
 */
import { entityName } from "../../service/kql.ts";
import { PolicyReader } from "../../setup/policies.ts";
import { tableNames } from "../../schema.ts";
import type { Patient } from "./patient.ts";

const POLICY = "row_level_security";

/** The tables and the view that have it switched on. */
export async function securedEntities({ client, settings }: Patient): Promise<string[]> {
  const policies = new PolicyReader(client);
  const { latest, ...tables } = tableNames(settings.tablePrefix);
  const entities = [
    ...Object.values(tables).map((name) => ["table", name] as const),
    ["materialized-view", latest] as const,
  ];
  const isSecured = await Promise.all(
    entities.map(async ([of, name]) => {
      const policy = await policies.text(of, name, POLICY);
      return policy !== undefined && JSON.parse(policy)?.IsEnabled === true;
    }),
  );
  return entities.filter((_, at) => isSecured[at]).map(([, name]) => name);
}

/** What lets a saver read what it writes. */
export function securityMend({ settings }: Patient, names: readonly string[]): string {
  const { latest } = tableNames(settings.tablePrefix);
  const commands = names.map((name) =>
    `.delete ${name === latest ? "materialized-view" : "table"} ${
      entityName(name)
    } policy ${POLICY}`
  );
  return `let the query of the policy pass all rows to the identity of the savers (current_principal_is_member_of), or run ${
    commands.join(", ")
  }`;
}
