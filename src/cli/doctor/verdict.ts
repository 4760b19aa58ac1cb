/**
 * What the doctor says of one thing it looked at.
 *
 * @module
 */

/** What is looked at, in this order. */
export type CheckName =
  | "address"
  | "connect"
  | "sign-in"
  | "database"
  | "reading"
  | "tables"
  | "version"
  | "mappings"
  | "streaming"
  | "view"
  | "policies"
  | "functions"
  | "writing"
  | "visibility"
  | "deleting";

/** Something that is not as it must be. */
export interface Problem {
  readonly message: string;
  /** What puts it right. */
  readonly mend: string;
}

/** How one check ended. */
export type Result =
  | { readonly outcome: "ok"; readonly message: string; readonly measuredMs?: number }
  /** A saver works, but slower or with something left out. */
  | { readonly outcome: "warning" | "failed"; readonly problems: readonly [Problem, ...Problem[]] }
  | { readonly outcome: "skipped"; readonly message: string };

/** What is said of one check. */
export interface Verdict {
  readonly check: CheckName;
  readonly outcome: Result["outcome"];
  readonly message: string;
  readonly problems: readonly Problem[];
  /** What was measured: after how many milliseconds queries showed acknowledged rows. */
  readonly measuredMs: number | undefined;
}

/** All is well. */
export function ok(message: string): Result & { readonly outcome: "ok" } {
  return { outcome: "ok", message };
}

/** It was not looked at. */
export function skipped(because: string): Result {
  return { outcome: "skipped", message: because };
}

/** A saver cannot work. */
export function failed(message: string, mend: string): Result {
  return { outcome: "failed", problems: [{ message, mend }] };
}
