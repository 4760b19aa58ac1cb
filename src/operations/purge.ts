/**
 * Removing the rows of deleted threads for good.
 *
 * Readers skip those rows anyway; purging is for storage and for the duty to erase. Each command can
 * be repeated and nothing is remembered between two, so that a purge may break off anywhere.
 *
 * @module
 */
import { batchesOf } from "./batches.ts";
import { checkCallOptions } from "../call_options.ts";
import type { KustoClient } from "../service/client.ts";
import type { Settings } from "../config.ts";
import { KustoInputError, KustoRequestError, KustoUnavailableError } from "../errors.ts";
import { type ResultTable, rowsOf } from "../service/frames.ts";
import { LAST_MOMENT } from "./moments.ts";
import {
  deleteLivesCommand,
  deleteMarkersCommand,
  deletePointersCommand,
  type HiddenLife,
  hiddenLivesQuery,
  idleMarkersQuery,
  type Marker,
  type StalePointer,
  stalePointersQuery,
} from "./purge_text.ts";
import { tableNames } from "../schema.ts";

const ACTION = "purge deleted threads";
const DAY_MS = 24 * 60 * 60_000;
/** The service's own limit for commands. */
const COMMAND_TIMEOUT_MS = 10 * 60_000;
const ENTRIES_A_COMMAND = 200;
const ENTRIES_A_PAGE = 2_000;
/** Deleting from a view can collide with its materialization, which takes seconds. */
const ATTEMPTS = 4;
const FIRST_WAIT_MS = 1_000;

/** How {@link KustoSaver.purgeDeletedThreads} works. */
export interface PurgeOptions {
  /**
   * Rows that were written less than so many milliseconds ago are left for a later purge: the service
   * does not say what it does with rows that were streamed a moment ago.
   *
   * @default {86_400_000, a day}
   */
  readonly minimumAgeMs?: number;
  /** Breaks off between two commands; what was removed until then stays removed. */
  readonly signal?: AbortSignal;
  /** Told after each command. */
  readonly onProgress?: (progress: PurgeProgress) => void;
}

/** How far a purge is in one table. */
export interface PurgeProgress {
  /** The table or the view. */
  readonly table: string;
  /** Rows that were removed from it so far. */
  readonly removed: number;
  /** Rows that were found in it and are still to be removed. */
  readonly left: number;
}

/** Numbers of rows, by the table that they were in. */
export interface PurgeCounts {
  /** Checkpoints. */
  readonly checkpoints: number;
  /** Pending writes. */
  readonly writes: number;
  /** Chunks of large values. */
  readonly blobs: number;
  /** Pointers of the view, including those to rows that are gone for other reasons. */
  readonly pointers: number;
  /** Markers of single checkpoints in deleted threads, and of those whose rows have aged out. */
  readonly checkpointDeletions: number;
  /** Markers of deletions that a later deletion of the same thread makes needless. */
  readonly threadDeletions: number;
}

/** What {@link KustoSaver.purgeDeletedThreads} did. */
export interface PurgeReport {
  /** Rows that were removed. */
  readonly removed: PurgeCounts;
  /** Rows that are hidden but were too young to be removed. */
  readonly left: PurgeCounts;
}

const NO_ROWS: Readonly<Record<keyof PurgeCounts, number>> = {
  checkpoints: 0,
  writes: 0,
  blobs: 0,
  pointers: 0,
  checkpointDeletions: 0,
  threadDeletions: 0,
};

/** A table or the view, and how to find what is hidden in it. */
interface Target {
  readonly counts: keyof PurgeCounts;
  readonly table: string;
  readonly find: (before: Date) => Promise<Found>;
}

/** What is hidden in one table. */
interface Found {
  /** How many rows there are, on all pages. */
  readonly rows: number;
  /** The commands that remove those of the first page, made as they are taken. */
  readonly commands: Iterable<string>;
}

/**
 * Removes the rows that deletions hide, table by table, markers that hide nothing last.
 *
 * @throws {KustoPermissionError} If the identity is not a Database Admin.
 * @throws {KustoUnavailableError} If rows are still there after they were removed.
 */
export async function purgeDeletedThreads(
  client: KustoClient,
  settings: Settings,
  options: PurgeOptions,
): Promise<PurgeReport> {
  checkCallOptions(ACTION, options, { minimumAgeMs: true, signal: true, onProgress: true });
  const { minimumAgeMs = DAY_MS } = options;
  if (!Number.isFinite(minimumAgeMs) || minimumAgeMs < 0) {
    throw new KustoInputError(
      `Cannot ${ACTION}: "minimumAgeMs" must be a number of milliseconds, 0 or more`,
    );
  }
  const now = settings.now();
  const targets = targetsOf(client, settings, options.signal);
  const removed = { ...NO_ROWS };
  const left = { ...NO_ROWS };
  for (const target of targets) {
    const purge = new TablePurge(client, settings, options, target);
    const rows = await purge.run(new Date(now - minimumAgeMs));
    removed[target.counts] += rows;
  }
  // Whatever its clock said when a row was written, it counts now.
  for (const { counts, find } of targets) {
    const { rows } = await find(LAST_MOMENT);
    left[counts] += rows;
  }
  return { removed, left };
}

function targetsOf(
  client: KustoClient,
  settings: Settings,
  signal: AbortSignal | undefined,
): Target[] {
  const names = tableNames(settings.tablePrefix);
  const call = { timeoutMs: COMMAND_TIMEOUT_MS, ...(signal && { signal }) };
  const ofTable = (counts: keyof PurgeCounts, table: string): Target => ({
    counts,
    table,
    find: async (before) => {
      const text = hiddenLivesQuery(names, table);
      return foundIn(
        await client.query(text, { before, size: ENTRIES_A_PAGE }, call),
        (lives: readonly HiddenLife[]) => deleteLivesCommand(table, lives, before),
      );
    },
  });
  return [
    ofTable("checkpoints", names.checkpoints),
    ofTable("writes", names.writes),
    ofTable("blobs", names.blobs),
    {
      // After the checkpoints: what was not materialized yet never gets into the view without them.
      counts: "pointers",
      table: names.latest,
      find: async () =>
        foundIn(
          await client.query(stalePointersQuery(names), { size: ENTRIES_A_PAGE }, call),
          (pointers: readonly StalePointer[]) => deletePointersCommand(names.latest, pointers),
        ),
    },
    ofTable("checkpointDeletions", names.checkpointDeletions),
    {
      counts: "checkpointDeletions",
      table: names.checkpointDeletions,
      find: async (before) => {
        const text = idleMarkersQuery(names);
        return foundIn(
          await client.query(text, { before, size: ENTRIES_A_PAGE }, call),
          (markers: readonly Marker[]) =>
            deleteMarkersCommand(names.checkpointDeletions, markers, before),
        );
      },
    },
    ofTable("threadDeletions", names.threadDeletions),
  ];
}

/** What a query found: a page of entries, and the number of rows in all. */
function foundIn<Entry extends object>(
  [entries, total]: readonly ResultTable[],
  commandFor: (entries: readonly Entry[]) => string,
): Found {
  return {
    rows: rowsOf<{ rows: number | null }>(total)[0]?.rows ?? 0,
    commands: commandsFor(rowsOf<Entry>(entries), commandFor),
  };
}

function* commandsFor<Entry>(
  entries: readonly Entry[],
  commandFor: (entries: readonly Entry[]) => string,
): Generator<string> {
  for (const batch of batchesOf(entries, ENTRIES_A_COMMAND)) yield commandFor(batch);
}

/** The purge of one table: one command at a time, as two would disturb each other. */
class TablePurge {
  readonly #client: KustoClient;
  readonly #settings: Settings;
  readonly #options: PurgeOptions;
  readonly #target: Target;

  constructor(client: KustoClient, settings: Settings, options: PurgeOptions, target: Target) {
    this.#client = client;
    this.#settings = settings;
    this.#options = options;
    this.#target = target;
  }

  /** Removes what is hidden; resolves to the number of rows when a query shows that they are gone. */
  async run(before: Date): Promise<number> {
    const { find, table } = this.#target;
    let found = await find(before);
    let removed = 0;
    for (let attempt = 1; found.rows > 0; attempt++) {
      await this.#removeAll(found, removed);
      const left = await find(before);
      if (left.rows < found.rows) {
        removed += found.rows - left.rows;
        attempt = 0;
      } else if (attempt === ATTEMPTS) {
        throw new KustoUnavailableError(
          `Cannot ${ACTION}: ${left.rows} rows are still in ${table} after they were removed ${ATTEMPTS} times, purge again later`,
          { table },
        );
      } else {
        await this.#wait(attempt);
      }
      found = left;
    }
    return removed;
  }

  async #removeAll(found: Found, removed: number): Promise<void> {
    const { table } = this.#target;
    let left = found.rows;
    for (const command of found.commands) {
      const gone = await this.#command(command);
      removed += gone;
      left = Math.max(0, left - gone);
      this.#options.onProgress?.({ table, removed, left });
    }
  }

  /** Runs a command; resolves to the number of rows that it removed. */
  async #command(text: string): Promise<number> {
    const { signal } = this.#options;
    for (let attempt = 1;; attempt++) {
      signal?.throwIfAborted();
      try {
        const [extents] = await this.#client.command(text, {
          timeoutMs: COMMAND_TIMEOUT_MS,
          ...(signal && { signal }),
        });
        return rowsOf<{ RecordsMatchPredicate: number }>(extents)
          .reduce((sum, extent) => sum + extent.RecordsMatchPredicate, 0);
      } catch (error) {
        const mayPass = error instanceof KustoRequestError ||
          error instanceof KustoUnavailableError;
        if (!mayPass || attempt === ATTEMPTS) throw error;
        await this.#wait(attempt);
      }
    }
  }

  #wait(attempt: number): Promise<void> {
    const { signal } = this.#options;
    return this.#settings.sleep(FIRST_WAIT_MS * 2 ** (attempt - 1), signal ? { signal } : {});
  }
}
