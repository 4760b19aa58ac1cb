import { delay } from "@std/async";
import { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
/** x */
export const a: number = delay.length + BaseCheckpointSaver.length;
