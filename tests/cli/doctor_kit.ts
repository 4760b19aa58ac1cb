/**
 * The doctor on an embedded Kusto, for tests.
 *
 * @module
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import type { Verdict } from "../../src/cli/doctor/verdict.ts";
import type { Around, CliLab } from "./kit.ts";

/** What the doctor says to programs. */
export interface Diagnosis {
  readonly healthy: boolean;
  readonly checks: readonly Verdict[];
}

/** The doctor's word on each check, by its name. */
export async function diagnose(
  lab: CliLab,
  args: readonly string[] = [],
  around: Around = {},
): Promise<Record<string, Verdict>> {
  const { code, value } = await lab.json<Diagnosis>(["doctor", ...args], around);
  const amiss = value.checks.filter(({ outcome }) => /failed|warning/.test(outcome));
  assertEquals([value.healthy, code], amiss.length === 0 ? [true, 0] : [false, 1]);
  return Object.fromEntries(value.checks.map((verdict) => [verdict.check, verdict]));
}

/** What is expected of a check that found one thing amiss. */
export interface Expected {
  readonly check: string;
  readonly outcome: "failed" | "warning";
  /** A part of the message. */
  readonly message: string;
  /** A part of the mend. */
  readonly mend: string;
  /** The checks that are skipped for it. */
  readonly skipped?: readonly string[];
}

/** Demands that one check finds one thing amiss, and that all others are well or skipped. */
export function assertFinding(verdicts: Record<string, Verdict>, expected: Expected): void {
  const { check, outcome, message, mend, skipped = [] } = expected;
  const others = Object.values(verdicts).filter((verdict) => verdict.check !== check);
  assertEquals(
    Object.fromEntries(others.map((verdict) => [verdict.check, verdict.outcome])),
    Object.fromEntries(others.map((verdict) => [
      verdict.check,
      skipped.includes(verdict.check) ? "skipped" : "ok",
    ])),
    JSON.stringify(verdicts, null, 1),
  );
  const found = verdicts[check]!;
  assertEquals([found.outcome, found.problems.length], [outcome, 1], JSON.stringify(found));
  assertStringIncludes(found.message, message);
  assertStringIncludes(found.problems[0]!.mend, mend);
  for (const name of skipped) {
    assertEquals(verdicts[name]!.problems, []);
    assertStringIncludes(verdicts[name]!.message, "needs ");
  }
}

/** A saver's own way to make all tables. */
export async function provisioned(lab: CliLab): Promise<CliLab> {
  const { code, errors } = await lab.cli(["setup", "--provision"]);
  assertEquals([code, errors], [0, ""]);
  return lab;
}
