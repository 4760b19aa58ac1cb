/**
 * Who may do what: static tokens with roles, where an emulator asks for sign-in.
 *
 * Sources: role-based-access-control, authentication (Kusto documentation).
 *
 * @module
 */
import { ServiceError } from "../errors.ts";

/**
 * A role on the database. `viewer` reads, `ingestor` sends rows and refreshes the streaming schema, `user` reads and
 * creates tables and functions, `admin` may do everything.
 */
export type Role = "viewer" | "ingestor" | "user" | "admin";

/** What each role includes. */
const includes: Readonly<Record<Role, readonly Role[]>> = {
  viewer: ["viewer"],
  ingestor: ["ingestor"],
  user: ["user", "viewer"],
  admin: ["admin", "user", "viewer", "ingestor"],
};

/** The roles of everyone where no sign-in is asked for. */
const everyRole: readonly Role[] = ["admin"];

/** Known tokens with their roles. */
export type Tokens = Readonly<Record<string, readonly Role[]>>;

/** Whether a value holds lists of known roles by token. */
export function areTokens(value: unknown): boolean {
  return typeof value === "object" && value !== null &&
    Object.values(value).every((roles) =>
      Array.isArray(roles) && roles.every((role) => Object.hasOwn(includes, role))
    );
}

/** The roles that a request's token brings; undefined where it brings none and one is needed: 401. */
export function rolesOf(
  tokens: Tokens | undefined,
  authorization: string | null,
): readonly Role[] | undefined {
  if (tokens === undefined) return everyRole;
  const token = /^Bearer\s+(\S+)$/i.exec(authorization ?? "")?.[1];
  return token !== undefined && Object.hasOwn(tokens, token) ? tokens[token] : undefined;
}

/** The error of a read-only request that would change something. */
export function readOnlyRequest(what: string): ServiceError {
  return new ServiceError({
    status: 403,
    code: "Forbidden",
    type: "Kusto.Data.Exceptions.KustoRequestDeniedException",
    message: `The request is read-only (request_readonly): ${what}`,
    permanent: true,
  });
}

/**
 * Checks that one of the roles suffices.
 *
 * @throws ServiceError 403 otherwise, with the operation's name.
 */
export function demandRole(
  roles: readonly Role[],
  wanted: Role,
  operation: string,
  database: string,
): void {
  if (roles.some((role) => includes[role].includes(wanted))) return;
  throw new ServiceError({
    status: 403,
    code: "Forbidden",
    type: "Kusto.DataNode.Exceptions.UnauthorizedDatabaseAccessException",
    message:
      `Principal 'emulator' is not authorized to ${operation} on database '${database}': role ${wanted} is needed.`,
    permanent: true,
  });
}
