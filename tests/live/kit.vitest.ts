/**
 * LangGraph's own conformance kit on a cluster, in one set of tables: a cluster has room for a few
 * views only. The kit's tests of `list`, which name no thread, come first, while the tables are empty;
 * all others have threads of their own.
 *
 * @module
 */
import process from "node:process";
import {
  type CheckpointSaverTestInitializer,
  deltaChannelHistoryTests,
  specTest,
} from "@langchain/langgraph-checkpoint-validation";
import { KustoSaver } from "../../mod.ts";

const options = JSON.parse(process.env.KUSTO_CONNECTION ?? "{}");

const initializer: CheckpointSaverTestInitializer<KustoSaver> = {
  checkpointerName: "KustoSaver",
  createCheckpointer: () => new KustoSaver(options),
  destroyCheckpointer: (saver) => saver.close(),
};

specTest(initializer, ["list"]);
specTest(initializer, ["put", "putWrites", "getTuple", "deleteThread"]);
deltaChannelHistoryTests(initializer);
