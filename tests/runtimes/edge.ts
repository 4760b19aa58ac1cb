// Vercel's edge runtime takes handlers as listeners and has AsyncLocalStorage as a global.
import { AsyncLocalStorageProviderSingleton } from "@langchain/core/singletons";
import type { AsyncLocalStorage } from "node:async_hooks";
import { answer } from "./answer.ts";

interface FetchEvent extends Event {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}

const edge = globalThis as unknown as { AsyncLocalStorage: typeof AsyncLocalStorage };
AsyncLocalStorageProviderSingleton.initializeGlobalInstance(new edge.AsyncLocalStorage());

addEventListener("fetch", (event) => {
  const { request, respondWith } = event as FetchEvent;
  respondWith.call(event, answer(request));
});
