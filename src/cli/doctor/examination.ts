/**
 * Checks one after the other; what needs one that failed is skipped, as it would fail for that alone.
 *
 * @module
 */
import { KustoUnavailableError } from "../../../mod.ts";
import { describe } from "../failure.ts";
import { count } from "../text.ts";
import type { Patient } from "./patient.ts";
import { type CheckName, failed, type Result, skipped, type Verdict } from "./verdict.ts";

/** One thing to look at. */
export interface Check {
  readonly name: CheckName;
  /** What must be well before. */
  readonly needs: readonly CheckName[];
  run(patient: Patient): Promise<Result> | Result;
}

/** Runs checks; tells each verdict as soon as it is there. */
export async function examine(
  checks: readonly Check[],
  patient: Patient,
  tell: (verdict: Verdict) => void,
): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  for (const check of checks) {
    const result = hindrance(check, verdicts) ?? await look(check, patient);
    const verdict = verdictOf(check.name, result);
    verdicts.push(verdict);
    tell(verdict);
  }
  return verdicts;
}

/** Why a check cannot be made: what failed first of all that it needs. */
function hindrance({ needs }: Check, verdicts: readonly Verdict[]): Result | undefined {
  const missing = verdicts.find(({ check, outcome }) =>
    needs.includes(check) && (outcome === "failed" || outcome === "skipped")
  );
  if (!missing) return undefined;
  return skipped(missing.outcome === "failed" ? `needs ${missing.check}` : missing.message);
}

/** A failure that no check has foreseen is one all the same. */
async function look(check: Check, patient: Patient): Promise<Result> {
  try {
    return await check.run(patient);
  } catch (error) {
    return failed(
      describe(error).message,
      error instanceof KustoUnavailableError
        ? "try again; if it goes on, look at the health of the cluster in the Azure portal"
        : "quote the ids of the message in a support case",
    );
  }
}

function verdictOf(check: CheckName, result: Result): Verdict {
  if ("message" in result) return { check, measuredMs: undefined, ...result, problems: [] };
  const { outcome, problems } = result;
  const [first] = problems;
  const message = problems.length === 1 ? first.message : count(problems.length, "problem");
  return { check, outcome, message, problems, measuredMs: undefined };
}
