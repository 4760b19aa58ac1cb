// On edges the smoke runs when it is asked to: the address of the embedded Kusto comes with the request.
import { AsyncLocalStorageProviderSingleton } from "@langchain/core/singletons";
import type { AsyncLocalStorage } from "node:async_hooks";
import { KustoSaver } from "../../mod.ts";
import { smoke } from "./smoke.ts";

/** A function that runs the smoke; LangGraph's `interrupt` needs the runtime's AsyncLocalStorage. */
export function answerWith(
  Storage: typeof AsyncLocalStorage,
): (request: Request) => Promise<Response> {
  AsyncLocalStorageProviderSingleton.initializeGlobalInstance(new Storage());
  return async (request) => {
    try {
      const { pathname, searchParams } = new URL(request.url);
      if (pathname === "/without-credential") return new Response(await refusedSignIn());
      return new Response(await smoke(searchParams.get("kusto")!));
    } catch (error) {
      return new Response(error instanceof Error ? error.stack : String(error), { status: 500 });
    }
  };
}

/** What a saver says that needs a credential and was given none, where `@azure/identity` is not. */
async function refusedSignIn(): Promise<string> {
  const saver = KustoSaver.fromConnectionString("https://c.westeurope.kusto.windows.net/agents");
  const found = await saver.getTuple({ configurable: { thread_id: "t" } }).catch((error) => error);
  return String(found);
}
