/**
 * What stands on the emulator's command line, read and checked.
 *
 * @module
 */
import { parseArgs } from "node:util";
import type { KustoEmulatorOptions } from "./emulator.ts";
import type { Role } from "./wire/access.ts";
import type { RequestKind, Trouble, TroubleKind } from "./wire/trouble.ts";

/** How the emulator is called. */
export const usage =
  `Usage: deno task emulator [--port N] [--data DIR] [--database NAME] [--token T=ROLES] [--trouble JSON]

  --port N         port on 127.0.0.1; 0 takes a free one (default 8080)
  --data DIR       folder to keep everything in (default: memory only)
  --database NAME  name of the database (default NetDefaultDB)
  --token T=ROLES  ask for sign-in: the bearer token T has these roles, as in secret=viewer,ingestor; may be repeated
  --trouble JSON   trouble from the start, as in '{"kind":"throttle","on":"query","times":2}'; may be repeated`;

/** What the command line asks for. */
export interface CommandLine {
  readonly help: boolean;
  readonly port: number;
  readonly options: KustoEmulatorOptions;
}

/**
 * Reads the arguments.
 *
 * @throws {TypeError} That names the argument which is unknown or has a value that it cannot have.
 */
export function readCommandLine(args: readonly string[]): CommandLine {
  const { values } = parseArgs({
    args: [...args],
    options: {
      port: { type: "string", default: "8080" },
      data: { type: "string" },
      database: { type: "string" },
      token: { type: "string", multiple: true },
      trouble: { type: "string", multiple: true },
      help: { type: "boolean", default: false },
    },
  });
  const port = Number(values.port);
  if (!/^\d+$/.test(values.port) || port > 65_535) {
    throw new TypeError(`--port must be a number from 0 to 65535, not ${values.port}`);
  }
  return {
    help: values.help,
    port,
    options: {
      ...(values.data !== undefined && { folder: values.data }),
      ...(values.database !== undefined && { database: values.database }),
      ...(values.token && { tokens: Object.fromEntries(values.token.map(readToken)) }),
      ...(values.trouble && { trouble: values.trouble.map(readTrouble) }),
    },
  };
}

const roles: Readonly<Record<Role, true>> = {
  viewer: true,
  ingestor: true,
  user: true,
  admin: true,
};

function readToken(text: string): [string, readonly Role[]] {
  const at = text.lastIndexOf("=");
  const named = text.slice(at + 1).split(",");
  if (at < 1 || !named.every((role) => Object.hasOwn(roles, role))) {
    throw new TypeError(
      `--token must be a token, '=' and some of ${Object.keys(roles).join(",")}`,
    );
  }
  return [text.slice(0, at), named as Role[]];
}

const kinds: Readonly<Record<TroubleKind, true>> = {
  throttle: true,
  serviceError: true,
  reset: true,
  lostReply: true,
  duplicate: true,
  slowBody: true,
  cutBody: true,
  expiredToken: true,
};
const requestKinds: Readonly<Record<RequestKind, true>> = {
  query: true,
  command: true,
  ingest: true,
  metadata: true,
};

const isNumber = (value: unknown): boolean => typeof value === "number" && value >= 0;

/** What each part of a trouble may be. */
const parts: Readonly<Record<keyof Trouble, (value: unknown) => boolean>> = {
  kind: (value) => typeof value === "string" && Object.hasOwn(kinds, value),
  on: (value) => typeof value === "string" && Object.hasOwn(requestKinds, value),
  times: isNumber,
  rate: isNumber,
  status: (value) => Number.isInteger(value) && Number(value) >= 500 && Number(value) <= 599,
  retryAfter: isNumber,
  delayMs: isNumber,
};

function readTrouble(text: string): Trouble {
  let trouble: unknown;
  try {
    trouble = JSON.parse(text);
  } catch {
    throw new TypeError(`--trouble must be a JSON object, not ${text}`);
  }
  if (typeof trouble !== "object" || trouble === null || !Object.hasOwn(trouble, "kind")) {
    throw new TypeError(`--trouble must be a JSON object with a "kind", not ${text}`);
  }
  for (const [name, value] of Object.entries(trouble)) {
    const isSound = Object.hasOwn(parts, name) ? parts[name as keyof Trouble] : undefined;
    if (isSound?.(value)) continue;
    throw new TypeError(
      isSound
        ? `--trouble: "${name}" cannot be ${JSON.stringify(value)}`
        : `--trouble has no part "${name}": it has ${Object.keys(parts).join(", ")}`,
    );
  }
  return trouble as Trouble;
}
