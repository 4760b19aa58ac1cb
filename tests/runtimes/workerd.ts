// A Cloudflare Worker with the flag nodejs_als.
import { AsyncLocalStorage } from "node:async_hooks";
import { answerWith } from "./answer.ts";

export default { fetch: answerWith(AsyncLocalStorage) };
