/**
 * What failed, for people and programs.
 *
 * @module
 */
import { KustoError, KustoInputError, KustoOptionsError } from "../../mod.ts";
import { FAILED, MISUSED } from "./exit_code.ts";
import { printable } from "./text.ts";

/** A failure as it is told. */
export interface Failure {
  /** The code of a {@link KustoError} or of a {@link CommandError}, else `FAILED`. */
  readonly code: string;
  readonly message: string;
}

/** A command cannot do what it was asked for. */
export class CommandError extends Error {
  /** The name of the class. */
  override readonly name = "CommandError";
  /** Tells programs why. */
  readonly code: "NOT_FOUND" | "DECLINED";

  constructor(code: CommandError["code"], message: string) {
    super(message);
    this.code = code;
  }
}

/** Tells a failure. */
export function describe(error: unknown): Failure {
  const message = error instanceof Error ? error.message : String(error);
  return {
    code: error instanceof KustoError || error instanceof CommandError ? error.code : "FAILED",
    message: printable(message),
  };
}

/** The exit code for a failure: options that a saver refuses were wrong on the command line. */
export function codeOf(error: unknown): number {
  return error instanceof KustoOptionsError || error instanceof KustoInputError ? MISUSED : FAILED;
}
