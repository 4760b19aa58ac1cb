/** How long fuzzing goes on: short by default, `FUZZ_RUNS` and `FUZZ_SEED` for more. */

/** Settings of fast-check for a property that is cheap enough for `runs` runs in CI. */
export function fuzzing(runs: number): { readonly seed: number; readonly numRuns: number } {
  return {
    seed: Number(Deno.env.get("FUZZ_SEED") ?? 20260101),
    numRuns: Number(Deno.env.get("FUZZ_RUNS") ?? runs),
  };
}
