// A Cloudflare Worker that runs the smoke; needs the flag nodejs_als, as `interrupt` does.
import { AsyncLocalStorage } from "node:async_hooks";
import { AsyncLocalStorageProviderSingleton } from "@langchain/core/singletons";
import { answer } from "./answer.ts";

AsyncLocalStorageProviderSingleton.initializeGlobalInstance(new AsyncLocalStorage());

export default { fetch: answer };
