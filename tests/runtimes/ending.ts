// A process that ends with buffered rows in every state of waiting: it must not stay for them.
import process from "node:process";
import { KustoFlushError, KustoSaver } from "../../mod.ts";

const HOUR_MS = 3_600_000;

/** A saver that would wait for hours. */
function open(fetch: typeof globalThis.fetch = globalThis.fetch): KustoSaver {
  return KustoSaver.fromConnectionString(process.argv[2]!, {
    database: "NetDefaultDB",
    durability: "buffered",
    flushIntervalMs: HOUR_MS,
    retryBackoffMs: HOUR_MS,
    random: () => 0.9,
    fetch,
  });
}

async function put(saver: KustoSaver, id: string): Promise<void> {
  await saver.putWrites(
    { configurable: { thread_id: "t", checkpoint_ns: "", checkpoint_id: id } },
    [["channel", "value"]],
    "task",
  );
}

await open().setup({ provision: true });

await put(open(), "lingers");

const refusing = open((input, init) =>
  String(input).includes("/ingest/")
    ? Promise.resolve(new Response("no", { status: 400 }))
    : fetch(input, init)
);
await put(refusing, "waits to be tried again");
const error = await refusing.flush().catch((error) => error);
console.log(error instanceof KustoFlushError ? "left rows behind" : error);
