/**
 * A LangGraph.js checkpoint saver on Azure Data Explorer, Fabric Eventhouse or a free Kusto cluster.
 *
 * @example
 * ```ts
 * import { KustoSaver } from "@x/kusto-checkpoint";
 * import { KustoEmulator } from "@x/kusto-checkpoint/emulator";
 *
 * await using emulator = new KustoEmulator(); // or a cluster's address and no `fetch`
 * await using saver = KustoSaver.fromConnectionString("http://localhost", {
 *   database: "NetDefaultDB",
 *   fetch: emulator.fetch,
 * });
 * await saver.setup({ provision: true });
 * console.log(await saver.getTuple({ configurable: { thread_id: "nobody" } })); // undefined
 * ```
 *
 * @module
 */
export type { KustoSaverOptions, Sleep } from "./src/config.ts";
export type {
  AccessToken,
  Credential,
  TokenCredential,
  TokenFunction,
} from "./src/service/credential.ts";
export {
  KustoClosedError,
  KustoError,
  type KustoErrorCode,
  type KustoErrorDetails,
  KustoFlushError,
  KustoInputError,
  KustoLimitError,
  KustoOptionsError,
  KustoPermissionError,
  KustoProtocolError,
  KustoRequestError,
  KustoSchemaError,
  KustoSignInError,
  KustoStateError,
  KustoUnavailableError,
  type SchemaProblem,
  type UnstoredRows,
} from "./src/errors.ts";
export type {
  Attributes,
  InstrumentOptions,
  Logger,
  Meter,
  Span,
  Tracer,
} from "./src/observability/observers.ts";
export type { OperationOptions } from "./src/operations/operation.ts";
export type { PruneOptions, PruneProgress, PruneReport } from "./src/operations/prune.ts";
export type {
  PurgeCounts,
  PurgeOptions,
  PurgeProgress,
  PurgeReport,
} from "./src/operations/purge.ts";
export type {
  RunDeletionOptions,
  RunDeletionProgress,
  RunDeletionReport,
} from "./src/operations/run_deletion.ts";
export { KustoSaver } from "./src/saver.ts";
export type {
  MigrationOptions,
  MigrationProgress,
  MigrationReport,
} from "./src/operations/migration.ts";
export type { Moment } from "./src/operations/moments.ts";
export type {
  ThreadCopyOptions,
  ThreadCopyProgress,
  ThreadCopyReport,
} from "./src/operations/thread_copy.ts";
export type { ThreadListOptions, ThreadSummary } from "./src/operations/thread_list.ts";
export type { SetupOptions } from "./src/setup/setup.ts";
export type {
  LifetimeReport,
  SetupReport,
  TableReport,
  ViewReport,
} from "./src/setup/setup_report.ts";
