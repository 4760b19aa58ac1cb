/**
 * LangGraph's own conformance kit, whole, its tests for delta channels included.
 *
 * The saver goes by a name that the kit exempts from nothing. Each saver gets a database of its own,
 * as the kit lists without a thread and uses fixed thread ids.
 *
 * @module
 */
import {
  type CheckpointSaverTestInitializer,
  deltaChannelHistoryTests,
  specTest,
} from "@langchain/langgraph-checkpoint-validation";
import { KustoSaver } from "../../mod.ts";
import { KustoEmulator } from "../../src/emulator/mod.ts";

const emulators = new WeakMap<KustoSaver, KustoEmulator>();

const initializer: CheckpointSaverTestInitializer<KustoSaver> = {
  checkpointerName: "KustoSaver",
  async createCheckpointer() {
    const emulator = new KustoEmulator();
    const saver = KustoSaver.fromConnectionString("http://localhost", {
      database: "NetDefaultDB",
      fetch: emulator.fetch,
    });
    await saver.setup({ provision: true });
    emulators.set(saver, emulator);
    return saver;
  },
  async destroyCheckpointer(saver) {
    await saver.close();
    await emulators.get(saver)?.close();
  },
};

specTest(initializer);
deltaChannelHistoryTests(initializer);
