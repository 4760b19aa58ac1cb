// On edges the smoke runs when it is asked to: the address of the embedded Kusto comes with the request.
import { AsyncLocalStorageProviderSingleton } from "@langchain/core/singletons";
import type { AsyncLocalStorage } from "node:async_hooks";
import { smoke } from "./smoke.ts";

/** A function that runs the smoke; LangGraph's `interrupt` needs the runtime's AsyncLocalStorage. */
export function answerWith(
  Storage: typeof AsyncLocalStorage,
): (request: Request) => Promise<Response> {
  AsyncLocalStorageProviderSingleton.initializeGlobalInstance(new Storage());
  return async (request) => {
    try {
      return new Response(await smoke(new URL(request.url).searchParams.get("kusto")!));
    } catch (error) {
      return new Response(error instanceof Error ? error.stack : String(error), { status: 500 });
    }
  };
}
