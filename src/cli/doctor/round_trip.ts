/**
 * A thread that is written, seen by queries, read by another saver and deleted.
 *
 * @module
 */
import {
  KustoPermissionError,
  type KustoSaver,
  KustoSchemaError,
  KustoUnavailableError,
} from "../../../mod.ts";
import { rowsOf } from "../../service/frames.ts";
import { tableNames } from "../../schema.ts";
import type { Check } from "./examination.ts";
import { grant } from "./grant.ts";
import type { Patient } from "./patient.ts";
import { securedEntities, securityMend } from "./row_level_security.ts";
import { isOff, switchedOff } from "./streaming.ts";
import { failed, ok, type Result } from "./verdict.ts";
import { longerWait } from "../../waits.ts";

/** Larger than what stands in a row, so that it goes to a table of its own. */
const VALUE = "Written by kusto-checkpoint doctor. ".repeat(2_000);
const FIRST_WAIT_MS = 100;
/** From now on a person wonders what goes on. */
const LONG_WAIT_MS = 3_000;

/** How long to wait for rows, and who is told that it takes long. */
export interface RoundTripOptions {
  readonly waitMs: number;
  readonly onLongWait: () => void;
}

/** The checks, in their order; they share the thread. */
export function roundTrip({ waitMs, onLongWait }: RoundTripOptions): readonly Check[] {
  let saver: KustoSaver;
  let acknowledgedAt = 0;
  const writing: Check = {
    name: "writing",
    needs: ["tables", "version", "mappings", "streaming", "view"],
    async run(patient) {
      const { now } = patient.settings;
      saver = patient.saver({ deleteTimeoutMs: waitMs });
      const began = now();
      try {
        await write(saver, patient.threadId);
      } catch (error) {
        await leaveNothing(patient);
        return unwritten(patient, error);
      }
      acknowledgedAt = now();
      return ok(`rows were acknowledged within ${acknowledgedAt - began} ms`);
    },
  };
  const visibility: Check = {
    name: "visibility",
    needs: ["writing"],
    async run(patient) {
      const deadline = acknowledgedAt + waitMs;
      const hidden = await untilVisible(patient, deadline, onLongWait);
      const measuredMs = patient.settings.now() - acknowledgedAt;
      const secured = await securedEntities(patient);
      if (hidden.length === 0) {
        const result = await readBack(patient, secured);
        if (result) return result;
        const despite = secured.length === 0
          ? ""
          : `, row-level security of ${secured.join(", ")} lets them through`;
        return { ...ok(`queries show the rows after ${measuredMs} ms${despite}`), measuredMs };
      }
      await leaveNothing(patient);
      return unseen(patient, hidden, secured, waitMs);
    },
  };
  const deleting: Check = {
    name: "deleting",
    needs: ["visibility"],
    async run(patient) {
      const { threadId, settings } = patient;
      const names = tableNames(settings.tablePrefix);
      let table = names.checkpointDeletions;
      try {
        await saver.prune({ threadIds: [threadId], strategy: "keep_latest" });
        table = names.threadDeletions;
        await saver.deleteThread(threadId);
      } catch (error) {
        if (!(error instanceof KustoUnavailableError)) throw error;
        const secured = await securedEntities(patient);
        if (!secured.includes(table)) throw error;
        await leaveNothing(patient);
        return unseen(patient, [table], secured, waitMs);
      }
      return ok("the thread that was written is deleted again");
    },
  };
  return [writing, visibility, deleting];
}

/** Two checkpoints, a value that is large, and a write. */
async function write(saver: KustoSaver, threadId: string): Promise<void> {
  const checkpoint = (id: string) => ({
    v: 4,
    id,
    ts: new Date().toISOString(),
    channel_values: { value: VALUE },
    channel_versions: { value: 1 },
    versions_seen: {},
  });
  const metadata = { source: "update", step: 0, parents: {} } as const;
  const thread = { configurable: { thread_id: threadId, checkpoint_ns: "" } };
  const first = await saver.put(thread, checkpoint("1"), metadata);
  await saver.putWrites(first, [["value", "a write"]], "doctor");
  await saver.put(first, checkpoint("2"), metadata);
}

function unwritten({ settings }: Patient, error: unknown): Result {
  if (error instanceof KustoPermissionError) {
    return failed(
      "who signs in may not write: the role Database Ingestor is missing",
      grant(settings, "ingestors", error),
    );
  }
  if (!(error instanceof KustoSchemaError)) throw error;
  if (isOff(error)) return switchedOff();
  // It is there, as `setup()` has found.
  const table = error.table ?? "";
  return failed(
    `streaming ingestion does not know the table ${table} yet, or not its mapping or its policy`,
    "wait five minutes, or run .clear database cache streamingingestion schema",
  );
}

/** Waits; resolves to the tables whose rows no query has shown. */
async function untilVisible(
  { client, settings, threadId }: Patient,
  deadline: number,
  onLongWait: () => void,
): Promise<string[]> {
  const { now, sleep, tablePrefix } = settings;
  const { checkpoints, writes, blobs } = tableNames(tablePrefix);
  const wanted = new Map([[checkpoints, 2], [writes, 1], [blobs, 1]]);
  const counts = [...wanted.keys()].map((name) =>
    `${name} = toscalar(${name} | where thread_id == thread | count)`
  );
  const query = `declare query_parameters(thread:string); print ${counts.join(", ")}`;
  const began = now();
  let isLong = false;
  for (let wait = FIRST_WAIT_MS;; wait = longerWait(wait)) {
    const [table] = await client.query(query, { thread: threadId });
    const [found] = rowsOf<Record<string, number>>(table);
    const hidden = [...wanted].filter(([name, rows]) => (found?.[name] ?? 0) < rows)
      .map(([name]) => name);
    if (hidden.length === 0 || now() >= deadline) return hidden;
    if (!isLong && now() - began >= LONG_WAIT_MS) {
      isLong = true;
      onLongWait();
    }
    await sleep(wait, {});
  }
}

/** Whether another saver reads what was written. */
async function readBack(
  patient: Patient,
  secured: readonly string[],
): Promise<Result | undefined> {
  const config = { configurable: { thread_id: patient.threadId } };
  let found: unknown;
  try {
    found = (await patient.saver().getTuple(config))?.checkpoint.channel_values.value;
  } catch (error) {
    if (secured.length === 0) throw error;
  }
  if (found === VALUE) return undefined;
  await leaveNothing(patient);
  return secured.length === 0
    ? failed("another saver does not read what was written", "report it")
    : failed(
      `row-level security of ${secured.join(", ")} changes what a saver reads`,
      securityMend(patient, secured),
    );
}

function unseen(
  patient: Patient,
  hidden: readonly string[],
  secured: readonly string[],
  waitMs: number,
): Result {
  const what = `${waitMs / 1_000} s after rows of ${hidden.join(", ")} were acknowledged`;
  const guilty = hidden.filter((name) => secured.includes(name));
  if (guilty.length > 0) {
    return failed(
      `${what} no query shows them: row-level security of ${
        guilty.join(", ")
      } hides what this identity writes`,
      securityMend(patient, guilty),
    );
  }
  return failed(
    `${what} no query shows them`,
    "try again with a longer --wait, and see .show streamingingestion failures",
  );
}

/** Deletes the thread without waiting until that is visible. */
async function leaveNothing(patient: Patient): Promise<void> {
  const saver = patient.saver({ deleteTimeoutMs: 1 });
  // What was found out before says more than that this failed too.
  await saver.deleteThread(patient.threadId).catch(() => {});
}
