/**
 * What `list` gives: the checkpoints that match, as tuples, and no more than asked for.
 *
 * @module
 */
import type {
  CheckpointListOptions,
  CheckpointTuple,
  SerializerProtocol,
} from "@langchain/langgraph-checkpoint";
import type { RunnableConfig } from "@langchain/core/runnables";
import type { Calls } from "../calls.ts";
import { requireObject } from "../call_arguments.ts";
import { KustoInputError } from "../errors.ts";
import { listCheckpoints } from "./pages.ts";
import { idText, readAddress } from "../run_config.ts";
import { matchesFilter, searchTerms } from "./filter.ts";
import type { Store } from "./store.ts";
import { loadTuple } from "./tuples.ts";
import type { Watch } from "../observability/watch.ts";

/** What {@link listTuples} works with. */
export interface ListingParts {
  readonly calls: Calls;
  readonly store: Store;
  readonly serde: SerializerProtocol;
  readonly firstVersion: () => number;
  readonly watch: Watch | undefined;
}

/**
 * Lists checkpoints, greatest ids first; each page is a call of its own.
 *
 * @throws {KustoInputError} If an id, the filter or the limit is not acceptable.
 */
export async function* listTuples(
  { calls, store, serde, firstVersion, watch }: ListingParts,
  config: RunnableConfig,
  options: CheckpointListOptions,
): AsyncGenerator<CheckpointTuple> {
  const action = "list checkpoints";
  const { threadId, checkpointId, signal } = readAddress(config);
  const namespace = idText("checkpoint_ns", config.configurable?.checkpoint_ns);
  const before = options?.before && readAddress(options.before).checkpointId;
  const filter = options?.filter ?? {};
  requireObject(action, "filter", filter);
  let left = limitFrom(action, options?.limit);
  if (left <= 0) return;
  const request = {
    ...(threadId !== undefined && { threadId }),
    ...(namespace !== undefined && { namespace }),
    ...(checkpointId !== undefined && { checkpointId }),
    ...(before !== undefined && { before }),
    ...(Number.isFinite(left) && { limit: left }),
    ...(signal !== undefined && { signal }),
    terms: searchTerms(filter),
  };
  const found = listCheckpoints(
    store,
    request,
    (read) =>
      watch
        ? watch.call("list", request, (onRequest) => read(store.heardBy(onRequest)))
        : read(store),
  );
  for (;;) {
    const next = await calls.run(action, undefined, () => found.next());
    if (next.done) return;
    const tuple = await loadTuple(serde, next.value, firstVersion);
    if (!matchesFilter(filter, tuple.metadata ?? {}, next.value.row.search_text)) continue;
    yield tuple;
    if (--left <= 0) return;
  }
}

/** The most that a consumer wants; infinite when it does not say. */
export function limitFrom(action: string, limit: number | undefined): number {
  if (limit === undefined) return Infinity;
  if (typeof limit !== "number" || Number.isNaN(limit)) {
    const is = typeof limit === "number" ? "NaN" : `of type ${typeof limit}`;
    throw new KustoInputError(`Cannot ${action}: "limit" is ${is}, it must be a number`);
  }
  return Math.floor(limit);
}
