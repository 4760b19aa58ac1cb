/**
 * Commands that give an identity a role.
 *
 * @module
 */
import type { KustoPermissionError } from "../../../mod.ts";
import type { Settings } from "../../config.ts";
import { Application } from "../../service/credential.ts";
import { entityName } from "../../service/kql.ts";

/**
 * The command that gives a role on the database, to be run by an administrator
 * (https://learn.microsoft.com/kusto/management/manage-database-security-roles).
 */
export function grant(
  { database, credential }: Settings,
  role: "viewers" | "ingestors",
  error: KustoPermissionError,
): string {
  // The service names who it refused; else an application's id and tenant, which are no secrets.
  const [, named] = /Principal '(aad(?:app|user|group)=[^'\s]{1,200})'/i.exec(error.message) ?? [];
  const identity = named ??
    (credential instanceof Application
      ? `aadapp=${credential.id};${credential.tenant}`
      : "aadapp=<app-id>;<tenant-id>");
  const others = named ?? credential instanceof Application
    ? ""
    : " (for a person 'aaduser=<name@domain>')";
  return `an administrator of the database runs .add database ${
    entityName(database)
  } ${role} ('${identity}')${others}`;
}
