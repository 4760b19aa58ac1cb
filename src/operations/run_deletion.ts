/**
 * Deleting runs: hiding the checkpoints that they made, wherever those are.
 *
 * @module
 */
import { checkCallOptions } from "../call_options.ts";
import { BlobChunks, metadataBlob, type MetadataRow, readMetadata } from "../reading/assembly.ts";
import { completeBlobs } from "../reading/blob_pages.ts";
import { rowsOf } from "../service/frames.ts";
import { hidePages, type PlaceParameters } from "./hiding.ts";
import { RUNS_A_QUERY, runsQuery } from "./hiding_queries.ts";
import { idList, type OperationOptions, settle } from "./operation.ts";
import type { OperationParts } from "./operation_parts.ts";
import type { CheckpointDeletionRow } from "../schema.ts";
import { matchesFilter, searchTerms } from "../reading/filter.ts";
import { load } from "../reading/tuples.ts";

const ACTION = "delete runs";

/**
 * How {@link KustoSaver.deleteForRuns} works.
 *
 * @example The checkpoints of a run, by the id that its metadata give it
 * ```ts
 * import { KustoSaver } from "@x/kusto-checkpoint";
 * import { KustoEmulator } from "@x/kusto-checkpoint/emulator";
 *
 * await using emulator = new KustoEmulator();
 * await using saver = KustoSaver.fromConnectionString("http://localhost", {
 *   database: "NetDefaultDB",
 *   fetch: emulator.fetch,
 *   searchKeys: ["run_id"],
 * });
 * await saver.setup({ provision: true });
 * const { checkpoints } = await saver.deleteForRuns(["run-1", "run-2"]);
 * console.log(checkpoints); // 0
 * ```
 */
export interface RunDeletionOptions extends OperationOptions<RunDeletionProgress> {}

/** How far the deletion of runs is. */
export interface RunDeletionProgress {
  /** Checkpoints that were hidden. */
  readonly checkpoints: number;
}

/** What {@link KustoSaver.deleteForRuns} did. */
export interface RunDeletionReport extends RunDeletionProgress {}

/** What a query says of a checkpoint that may belong to a run. */
interface CandidateRow extends CheckpointDeletionRow {
  readonly search_text: string;
  readonly certain: boolean;
}

type CandidateMetadata = MetadataRow & Pick<CheckpointDeletionRow, "thread_id" | "revision">;

/** Hides the checkpoints of runs, some runs at a time; each request may be repeated. */
export async function deleteForRuns(
  parts: OperationParts,
  runIds: Iterable<string>,
  options: RunDeletionOptions,
): Promise<RunDeletionReport> {
  checkCallOptions(ACTION, options, { signal: true, onProgress: true });
  const { signal, onProgress } = options;
  const ids = idList(ACTION, "runIds", runIds);
  let checkpoints = 0;
  if (ids.length > 0) await settle(parts, ACTION, undefined, signal);
  for (let start = 0; start < ids.length; start += RUNS_A_QUERY) {
    const runs = ids.slice(start, start + RUNS_A_QUERY);
    await hidePages(parts, {
      action: ACTION,
      signal,
      find: (place) => findRuns(parts, runs, place, signal),
      tell: (more) => {
        checkpoints += more;
        onProgress?.({ checkpoints });
      },
    });
  }
  return { checkpoints };
}

async function findRuns(
  parts: OperationParts,
  runs: readonly string[],
  place: PlaceParameters,
  signal: AbortSignal | undefined,
) {
  const { names, store } = parts;
  const terms = runs.flatMap((run_id) => searchTerms({ run_id }));
  const [{ line, key } = { line: NOWHERE, key: "" }] = terms;
  const lines = Array.from(
    { length: RUNS_A_QUERY },
    (_, n) => [`line${n}`, terms[n]?.line ?? line] as const,
  );
  const tables = await store.query(runsQuery(names), {
    ...Object.fromEntries(lines),
    key,
    any: terms.length < runs.length,
    ...place,
  }, signal);
  const found = rowsOf<CandidateRow>(tables[0]);
  const metadata = new Map(
    rowsOf<CandidateMetadata>(tables[1]).map((row) => [nameOf(row), row]),
  );
  const toHide: CandidateRow[] = [];
  for (const row of found) {
    const ofRow = metadata.get(nameOf(row));
    if (row.certain || ofRow && await isOfRun(parts, runs, row, ofRow, signal)) toHide.push(row);
  }
  return { found, toHide };
}

/** No search text holds it, as no line of one is empty. */
const NOWHERE = "\n\n";

/** Decides by the metadata, as `list` does. */
async function isOfRun(
  { serde, store }: OperationParts,
  runs: readonly string[],
  { thread_id: threadId, incarnation, search_text }: CandidateRow,
  row: CandidateMetadata,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const blobs = new BlobChunks();
  const reference = metadataBlob(row);
  if (reference) await completeBlobs(store, { threadId, incarnation }, [reference], blobs, signal);
  const metadata = await load(serde, await readMetadata(row, blobs)) as Record<string, unknown>;
  return runs.some((run_id) => matchesFilter({ run_id }, metadata ?? {}, search_text));
}

function nameOf(row: Pick<CheckpointDeletionRow, "thread_id" | "revision">): string {
  return JSON.stringify([row.thread_id, row.revision]);
}
