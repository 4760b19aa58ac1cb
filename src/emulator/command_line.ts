/**
 * What stands on the emulator's command line, read and checked.
 *
 * @module
 */
import { parseArgs } from "node:util";
import type { KustoEmulatorOptions } from "./emulator.ts";
import { checkFields } from "./checks.ts";
import { areTokens, type Role } from "./wire/access.ts";
import { checkTrouble, conditionRules, type Conditions, type Trouble } from "./wire/trouble.ts";

/** How the emulator is called, by the name of its program. */
export function usage({ program }: { readonly program: string }): string {
  return `Usage: ${program} [--port N] [--data DIR] [--database NAME] [--token T=ROLES]
    [--login-endpoint URL] [--no-streaming] [--visibility-delay MS] [--view-lag MS] [--cores N]
    [--trouble JSON]

  --port N         port on 127.0.0.1; 0 takes a free one (default 8080)
  --data DIR       folder to keep everything in (default: memory only)
  --database NAME  name of the database (default NetDefaultDB)
  --token T=ROLES  ask for sign-in: the bearer token T has these roles, as in secret=viewer,ingestor; may be repeated
  --login-endpoint URL
                   the sign-in service that clients are told of (default: the public cloud's)
  --no-streaming   refuse streaming ingestion, as a cluster where it is switched off
  --visibility-delay MS, --view-lag MS, --cores N
                   how late rows and views are, and how small the cluster is (default: none late, no limit)
  --trouble JSON   trouble from the start, as in '{"kind":"throttle","on":"query","times":2}'; may be repeated`;
}

/** What the command line asks for. */
export interface CommandLine {
  readonly help: boolean;
  readonly port: number;
  readonly options: KustoEmulatorOptions;
}

/**
 * Reads the arguments.
 *
 * @throws {Error} That names the argument which is unknown or has a value that it cannot have.
 */
export function readCommandLine(args: readonly string[]): CommandLine {
  const { values } = parseArgs({
    args: [...args],
    options: {
      port: { type: "string", default: "8080" },
      data: { type: "string" },
      database: { type: "string" },
      "login-endpoint": { type: "string" },
      "no-streaming": { type: "boolean", default: false },
      token: { type: "string", multiple: true },
      trouble: { type: "string", multiple: true },
      "visibility-delay": { type: "string" },
      "view-lag": { type: "string" },
      cores: { type: "string" },
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
      ...(values["login-endpoint"] !== undefined && { loginEndpoint: values["login-endpoint"] }),
      ...(values["no-streaming"] && { streaming: false }),
      ...(values.token && { tokens: Object.fromEntries(values.token.map(readToken)) }),
      ...(values.trouble && { trouble: values.trouble.map(readTrouble) }),
      ...readConditions({
        visibilityDelayMs: values["visibility-delay"],
        viewLagMs: values["view-lag"],
        cores: values.cores,
      }),
    },
  };
}

function readToken(text: string): [string, readonly Role[]] {
  const at = text.lastIndexOf("=");
  const token = text.slice(0, at);
  const roles = text.slice(at + 1).split(",");
  if (at < 1 || !areTokens({ [token]: roles })) {
    throw new TypeError("--token must be a token, '=' and some of viewer,ingestor,user,admin");
  }
  return [token, roles as Role[]];
}

function readTrouble(text: string): Trouble {
  let trouble: unknown;
  try {
    trouble = JSON.parse(text);
  } catch {
    // It is refused below.
  }
  if (typeof trouble !== "object" || trouble === null) {
    throw new TypeError(`--trouble must be a JSON object, not ${text}`);
  }
  checkTrouble(trouble);
  return trouble;
}

function readConditions(given: Readonly<Record<keyof Conditions, string | undefined>>): Conditions {
  const conditions = Object.fromEntries(
    Object.entries(given).filter(([, text]) => text !== undefined)
      .map(([name, text]) => [name, text === "" ? NaN : Number(text)]),
  );
  checkFields("condition", conditions, conditionRules);
  return conditions;
}
