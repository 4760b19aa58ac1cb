/**
 * Tests that any cluster can run: the embedded Kusto, and a real one (`tests/live`).
 *
 * @module
 */
import type { KustoSaver, KustoSaverOptions } from "../../mod.ts";

/** A database with all tables. */
export interface Cluster {
  /** Another saver, as another process would have it. */
  saver(options?: Partial<KustoSaverOptions>): KustoSaver;
  /** The same, once all rows that were acknowledged until now are visible to it. */
  reader(options?: Partial<KustoSaverOptions>): Promise<KustoSaver>;
}

/** A test of what savers do. */
export interface Case {
  /** The title, a sentence. */
  readonly name: string;
  /** Throws where the savers of a cluster do otherwise; leaves threads beside its own alone. */
  readonly run: (cluster: Cluster, thread: string) => Promise<void>;
}
