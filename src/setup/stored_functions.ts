/**
 * The functions that `provision.kql` stores in a database, and the version of the schema that one of
 * them tells.
 *
 * A function tells the version, as it is set by one command, after all others, and anyone may ask it
 * who may read the tables; a table's docstring belongs to whoever administers the database.
 *
 * @module
 */

/** The folder that marks a function as one of this library. */
export const FUNCTION_FOLDER = "kusto-checkpoint";

/** The version of the schema that `provision.kql` makes. */
export const SCHEMA_VERSION = 2;

/** The function that tells the version of the schema. */
export const VERSION_FUNCTION = "CheckpointSchemaVersion";

/** The names of all functions without a prefix, as they stand in `provision.kql`. */
export const FUNCTION_NAMES: readonly string[] = [
  "VisibleCheckpoints",
  "StoredTexts",
  "ThreadState",
  "Messages",
  "ThreadTimeline",
  "PendingInterrupts",
  "ActiveThreads",
  "StepDurations",
  "FailedTasks",
  "StorageByThread",
  VERSION_FUNCTION,
];
