/**
 * An embedded Kusto for tests and local runs.
 *
 * It answers the REST endpoints of Azure Data Explorer in process or on loopback, keeps rows in memory or in a folder,
 * and needs no cluster, account or container.
 *
 * @example
 * ```ts
 * import { KustoEmulator } from "@x/kusto-checkpoint/emulator";
 *
 * const emulator = new KustoEmulator();
 * const { url } = await emulator.listen();
 * console.log(url);
 * await emulator.close();
 * ```
 *
 * @module
 */
export type { Role, Tokens } from "./wire/access.ts";
export { KustoEmulator, type KustoEmulatorOptions, type Listening } from "./emulator.ts";
export { EmulatorError, type EmulatorErrorCode } from "./emulator_error.ts";
export { RequestLog, type RequestRecord } from "./wire/requests.ts";
export {
  type Conditions,
  type RequestKind,
  type Trouble,
  type TroubleKind,
  TroubleMaker,
} from "./wire/trouble.ts";
