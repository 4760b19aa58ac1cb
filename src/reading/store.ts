/**
 * Checkpoints as rows: one state of the rows that a query shows and of the rows written here.
 *
 * @module
 */
import type { RequestListener } from "../service/attempt.ts";
import { greatest } from "./assembly.ts";
import type { KustoClient } from "../service/client.ts";
import type { Stamp, StampClock } from "../clock.ts";
import type { Settings } from "../config.ts";
import { type ResultTable, rowsOf } from "../service/frames.ts";
import type { Incarnations } from "../incarnations.ts";
import type { QueryParameters } from "../service/kql.ts";
import { buildQueries, type Queries } from "./queries.ts";
import type { RecentRows } from "../writing/recent_rows.ts";
import type { BlobRow, CheckpointRow, TableNames, WriteRow } from "../schema.ts";
import type { RowWriter } from "../writing/writer.ts";

/** A saver's own rows of one thread, as they were when a read began. */
export interface OwnRows {
  readonly checkpoints: readonly CheckpointRow[];
  readonly writes: readonly WriteRow[];
  readonly blobs: readonly BlobRow[];
  /** The greatest incarnation that this saver knows of the thread. */
  readonly incarnation: Stamp;
}

/** What a {@link Store} works with. */
export interface StoreParts {
  readonly client: KustoClient;
  readonly settings: Settings;
  readonly names: TableNames;
  readonly recent: RecentRows;
  readonly incarnations: Incarnations;
  readonly clock: StampClock;
  readonly writer: RowWriter;
}

/** Runs queries on one installation and learns from their answers. */
export class Store {
  readonly names: TableNames;
  readonly queries: Queries;
  readonly settings: Settings;
  readonly #parts: StoreParts;
  /** Reads of incarnations that begin at the end of this tick, one for all who ask in it. */
  readonly #coldReads: Map<string, Promise<Stamp>>;

  constructor(parts: StoreParts, shared?: Store) {
    this.#parts = parts;
    this.settings = parts.settings;
    this.names = parts.names;
    this.queries = shared?.queries ?? buildQueries(parts.names);
    this.#coldReads = shared ? shared.#coldReads : new Map();
  }

  /** The same store, with a listener that is told of its requests. */
  heardBy(onRequest: RequestListener | undefined): Store {
    if (!onRequest) return this;
    return new Store({ ...this.#parts, client: this.#parts.client.heardBy(onRequest) }, this);
  }

  /** Runs a query; resolves to its tables in the order of its statements. */
  query(
    text: string,
    parameters: QueryParameters,
    signal?: AbortSignal,
  ): Promise<ResultTable[]> {
    return this.#parts.client.query(text, parameters, signal ? { signal } : {});
  }

  /** The rows that this saver wrote to a thread and that no query has shown yet. */
  ownRows(threadId: string): OwnRows {
    const rows = this.#parts.recent.ofThread(threadId);
    const checkpoints = [...rows?.checkpoints.values() ?? []];
    const writes = [...rows?.writes.values() ?? []];
    const known = this.#parts.incarnations.newest(threadId) ?? "";
    const incarnation = greatest([known, ...[...checkpoints, ...writes].map((r) => r.incarnation)]);
    return { checkpoints, writes, blobs: [...rows?.blobs.values() ?? []], incarnation };
  }

  /** The threads of which this saver has rows of its own. */
  ownThreadIds(): string[] {
    return this.#parts.recent.threadIds();
  }

  /** Learns from rows that a query showed: they are visible, and later stamps must be greater. */
  learn({ checkpoints = [], writes = [], blobs = [] }: {
    checkpoints?: readonly CheckpointRow[];
    writes?: readonly WriteRow[];
    blobs?: readonly BlobRow[];
  }): void {
    const { recent, clock, incarnations, writer } = this.#parts;
    recent.shown("checkpoints", checkpoints);
    recent.shown("writes", writes);
    recent.shown("blobs", blobs);
    for (const { revision } of writes) clock.observe(revision);
    for (const row of checkpoints) {
      clock.observeRevision(row.revision);
      incarnations.bind(row.thread_id, {
        namespace: row.checkpoint_ns,
        checkpointId: row.checkpoint_id,
      }, row.incarnation);
      writer.rememberBlobs(row.thread_id, row.incarnation, row.blobs ?? []);
    }
  }

  /**
   * The incarnation of a thread, read once for all callers of one tick. Later ones read for themselves:
   * a read that has begun may miss a deletion that ended before their call.
   *
   * @param deadline When it must be known at the latest, in milliseconds since 1970.
   */
  incarnation(threadId: string, deadline: number): Promise<Stamp> {
    let read = this.#coldReads.get(threadId);
    if (!read) {
      read = Promise.resolve().then(() => {
        this.#coldReads.delete(threadId);
        return this.readIncarnation(threadId, deadline);
      });
      this.#coldReads.set(threadId, read);
    }
    return read;
  }

  /**
   * Reads the incarnation of a thread, not before the call.
   *
   * @param deadline When it must be known at the latest, in milliseconds since 1970.
   */
  async readIncarnation(threadId: string, deadline = Infinity): Promise<Stamp> {
    const [table] = await this.#parts.client.query(this.queries.incarnation, {
      thread: threadId,
      own_incarnation: this.ownRows(threadId).incarnation,
    }, { deadline });
    return this.learnIncarnation(threadId, table);
  }

  /** Learns the incarnation of a thread from a table with the column `newest`. */
  learnIncarnation(threadId: string, table: ResultTable | undefined): Stamp {
    const newest = rowsOf<{ newest: Stamp | null }>(table)[0]?.newest ?? "";
    this.#parts.clock.observe(newest);
    this.#parts.incarnations.observe(threadId, newest);
    return newest;
  }
}
