// Vercel's edge runtime has AsyncLocalStorage as a global.
import type { AsyncLocalStorage } from "node:async_hooks";
import { answerWith } from "./answer.ts";

const edge = globalThis as unknown as { AsyncLocalStorage: typeof AsyncLocalStorage };

export default answerWith(edge.AsyncLocalStorage);
