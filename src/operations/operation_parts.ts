/**
 * What operations on whole threads work with.
 *
 * @module
 */
import type { SerializerProtocol } from "@langchain/langgraph-checkpoint";
import type { RequestListener } from "../service/attempt.ts";
import type { Recorder } from "../writing/recorder.ts";
import type { Subject } from "../observability/telemetry.ts";
import type { ThreadDeletionParts } from "./thread_deletion.ts";
import type { Watch } from "../observability/watch.ts";

/** What operations work with. */
export interface OperationParts extends ThreadDeletionParts {
  readonly recorder: Recorder;
  readonly serde: SerializerProtocol;
  readonly watch: Watch | undefined;
  /** Who hears of the requests that client and store make; for those of the writer. */
  readonly onRequest?: RequestListener | undefined;
}

/** Does something as a call with a name; whoever watches hears of its requests. */
export function watched<T>(
  parts: OperationParts,
  name: string,
  subject: Subject,
  work: (parts: OperationParts) => Promise<T>,
): Promise<T> {
  const { watch } = parts;
  if (!watch) return work(parts);
  return watch.call(name, subject, (onRequest) => work(operationsHeardBy(parts, onRequest)));
}

/** The same parts, with a listener that is told of their requests. */
export function operationsHeardBy(
  parts: OperationParts,
  onRequest: RequestListener | undefined,
): OperationParts {
  const { client, store } = parts;
  return {
    ...parts,
    client: client.heardBy(onRequest),
    store: store.heardBy(onRequest),
    onRequest,
  };
}
