/**
 * Kusto connection strings
 * (https://learn.microsoft.com/kusto/api/connection-strings/kusto).
 *
 * @module
 */
import { KustoOptionsError } from "../errors.ts";

/** What a connection string says. */
export interface Connection {
  readonly clusterUri: string;
  readonly database?: string;
  /** An application's own identity. */
  readonly application?: { readonly id: string; readonly key: string; readonly tenant: string };
  /** A token that somebody else obtained. */
  readonly token?: string;
}

type Field = "source" | "database" | "appId" | "appKey" | "tenant" | "token" | "ignored";

const KEYWORDS: ReadonlyMap<string, Field> = new Map([
  ...keywords("source", "data source", "addr", "address", "network address", "server"),
  ...keywords("database", "initial catalog", "database"),
  ...keywords("appId", "application client id", "appclientid"),
  ...keywords("appKey", "application key", "appkey"),
  ...keywords("tenant", "authority id", "authorityid", "authority", "tenantid", "tenant", "tid"),
  ...keywords("token", "user token", "usertoken", "usrtoken", "application token", "apptoken"),
  // Sign-in by Entra is what happens anyway; tracing names have no effect here.
  ...keywords(
    "ignored",
    "aad federated security",
    "federated security",
    "federated",
    "fed",
    "aadfed",
  ),
  ...keywords("ignored", "application name for tracing", "traceappname"),
]);

/** What Microsoft's clients know beside, and this library does not. */
const UNSUPPORTED: ReadonlySet<string> = new Set([
  "user id",
  "uid",
  "user",
  "aad user id",
  "password",
  "pwd",
  "application certificate",
  "application certificate blob",
  "application certificate privatekey",
  "application certificate thumbprint",
  "appcert",
  "application certificate x5c",
  "application certificate send public certificate",
  "application certificate sendx5c",
  "sendx5c",
  "dsts federated security",
  "dstsfed",
  "query consistency",
  "azure region",
  "accept",
  "streaming",
  "uncompressed",
  "enforce mfa",
  "user name for tracing",
  "traceusername",
]);

function keywords(field: Field, ...names: string[]): [string, Field][] {
  return names.map((name) => [name, field]);
}

/**
 * Reads a cluster's address or a full connection string.
 *
 * @param text `https://cluster.region.kusto.windows.net`, with the database as path if wanted, or
 * `Data Source=...;Initial Catalog=...;...`. Values may be quoted with `"` or `'`.
 * @throws {KustoOptionsError} If a keyword is unknown, named; values are never shown.
 */
export function parseConnection(text: string): Connection {
  const fields = new Map<Field, string>();
  let before: Field | undefined;
  for (const [at, { raw, keyword, value }] of splitParts(text).entries()) {
    if (at === 0 && (value === undefined || /^https?:\/\//i.test(raw))) {
      fields.set("source", raw);
      continue;
    }
    if (value === undefined) throw bad(`part ${at + 1} has no "=", it must be keyword=value`);
    const field = KEYWORDS.get(keyword);
    if (!field) throw unknownKeyword(keyword, at, before);
    fields.set(field, value);
    before = field;
  }
  return connectionFrom(fields);
}

function unknownKeyword(keyword: string, at: number, before: Field | undefined): KustoOptionsError {
  // After a secret it may be the rest of one that holds a semicolon, so it is not shown.
  if ((before === "appKey" || before === "token") && !UNSUPPORTED.has(keyword)) {
    return bad(
      `part ${
        at + 1
      }, which follows a secret, begins with no known keyword; quote the value before it if that holds a semicolon`,
    );
  }
  return bad(
    `the keyword "${keyword}" is not supported, known are ${[...KEYWORDS.keys()].join(", ")}`,
  );
}

function bad(what: string): KustoOptionsError {
  return new KustoOptionsError(`Cannot read the connection string: ${what}`);
}

function connectionFrom(fields: ReadonlyMap<Field, string>): Connection {
  const source = fields.get("source");
  if (!source) {
    throw bad('it names no cluster, it must begin with an address or have "Data Source"');
  }
  const { clusterUri, path } = splitPath(source);
  const database = fields.get("database") ?? path;
  const [id, key, tenant] = [fields.get("appId"), fields.get("appKey"), fields.get("tenant")];
  if ((id === undefined) !== (key === undefined) || (id !== undefined && tenant === undefined)) {
    throw bad(
      'an application signs in with all of "Application Client Id", "Application Key" and "Authority Id"',
    );
  }
  const token = fields.get("token");
  return {
    clusterUri,
    ...(database && { database }),
    ...(id !== undefined && key !== undefined && tenant !== undefined &&
      { application: { id, key, tenant } }),
    ...(token && { token }),
  };
}

/** What people copy from their browser in place of the cluster's address; other names may be trusted hosts. */
const PORTAL =
  /^https:\/\/(?:(?:dataexplorer|(?:ms\.)?portal)\.azure\.(?:com|us|cn)|app\.fabric\.microsoft\.com)(?:[:/?#]|$)/i;

function splitPath(source: string): { clusterUri: string; path: string | undefined } {
  if (PORTAL.test(source)) {
    throw bad(
      'it begins with the address of a portal, it must begin with the "URI" of the cluster that is shown there: https://<cluster>.<region>.kusto.windows.net',
    );
  }
  const match = /^([a-z]+:\/\/[^/?#]+)(?:\/(.*?))?\/?$/i.exec(source);
  if (!match) return { clusterUri: source, path: undefined };
  const path = match[2];
  if (!path) return { clusterUri: match[1]!, path: undefined };
  if (/[/?#]/.test(path)) {
    throw bad("the cluster's address goes on after the name of a database, it must end there");
  }
  try {
    return { clusterUri: match[1]!, path: decodeURIComponent(path) };
  } catch {
    throw bad("the name of the database in the cluster's address is badly encoded");
  }
}

interface Part {
  readonly raw: string;
  readonly keyword: string;
  readonly value: string | undefined;
}

/** `keyword=value;`: a value in quotes, doubled where they stand in it, or up to the semicolon. */
const PART = /([^=;]*)(?:=(?:\s*("(?:[^"]|"")*"|'(?:[^']|'')*')\s*|(?!\s*["'])([^;]*)))?(?:;|$)/y;

function splitParts(text: string): Part[] {
  const parts: Part[] = [];
  PART.lastIndex = 0;
  while (PART.lastIndex < text.length) {
    const match = PART.exec(text);
    if (!match) {
      throw bad(
        `part ${parts.length + 1} has a quote that is not closed, or text after its closing quote`,
      );
    }
    const raw = match[0].replace(/;$/, "").trim();
    if (raw === "") continue;
    parts.push({
      raw,
      keyword: match[1]!.trim().toLowerCase().replace(/\s+/g, " "),
      value: match[2] === undefined ? match[3]?.trim() : unquote(match[2]),
    });
  }
  return parts;
}

function unquote(value: string): string {
  const quote = value[0]!;
  return value.slice(1, -1).replaceAll(quote + quote, quote);
}
