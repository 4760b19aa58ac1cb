import { assertEquals } from "@std/assert";
import { KustoUnavailableError } from "../src/errors.ts";
import { Outbox } from "../src/writing/outbox.ts";

/** An outbox whose attempts and waits the test ends. */
function open() {
  const attempts: { item: string; isRetry: boolean; end: (error?: Error) => void }[] = [];
  const waits: { ms: number; signal: AbortSignal; end: () => void }[] = [];
  const outbox = new Outbox<string>({
    store: (item, isRetry) =>
      new Promise((resolve, reject) => {
        attempts.push({ item, isRetry, end: (error) => error ? reject(error) : resolve() });
      }),
    retryBackoffMs: 1_000,
    random: () => 0.5,
    sleep: (ms, { signal }) =>
      new Promise((end, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason));
        waits.push({ ms, signal, end });
      }),
  });
  /** Ends the attempts that are open, those of the items named with an error. */
  const end = async (failing = "", error = new Error("down")) => {
    for (const attempt of attempts.splice(0)) {
      attempt.end(failing.includes(attempt.item) ? error : undefined);
    }
    await settle();
  };
  const items = () => attempts.map(({ item, isRetry }) => isRetry ? `${item} again` : item);
  return { outbox, items, waits, end };
}

function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

Deno.test("an item is stored at once, and flush() waits for it", async () => {
  const { outbox, items, end } = open();
  outbox.add("a");
  assertEquals(items(), ["a"]);
  let flushed = false;
  const flush = outbox.flush().then((undelivered) => (flushed = true, undelivered));
  await settle();
  assertEquals(flushed, false);
  await end();
  assertEquals(await flush, []);
});

Deno.test("what failed is tried again by itself, at growing intervals, what is stored is not", async () => {
  const { outbox, items, waits, end } = open();
  for (const item of "abc") outbox.add(item);
  await end("ac");
  for (const ms of [500, 1_000, 2_000]) {
    assertEquals([items(), waits.at(-1)!.ms], [[], ms]);
    waits.at(-1)!.end();
    await settle();
    assertEquals(items(), ["a again", "c again"]);
    await end("ac");
  }
  waits.at(-1)!.end();
  await settle();
  await end();
  assertEquals([await outbox.flush(), waits.length], [[], 4]);
});

Deno.test("intervals begin anew once what failed is stored", async () => {
  const { outbox, waits, end } = open();
  outbox.add("a");
  for (const failing of ["a", "a", ""]) {
    await end(failing);
    waits.at(-1)!.end();
    await settle();
  }
  outbox.add("b");
  await end("b");
  assertEquals(waits.map(({ ms }) => ms), [500, 1_000, 500]);
});

Deno.test("an interval is no shorter than the service asks for", async () => {
  const { outbox, waits, end } = open();
  outbox.add("a");
  await end("a", new KustoUnavailableError("busy", { retryAfterMs: 9_000 }));
  assertEquals(waits.map(({ ms }) => ms), [9_000]);
});

Deno.test("flush() tries again at once what failed, and reports what fails again", async () => {
  const { outbox, items, waits, end } = open();
  for (const item of "abc") outbox.add(item);
  await end("ab");
  const flush = outbox.flush();
  assertEquals([items(), waits[0]!.signal.aborted], [["a again", "b again"], true]);
  const error = new Error("still down");
  await end("b", error);
  assertEquals((await flush).map(({ item, error }) => [item, error]), [["b", error]]);
  waits.at(-1)!.end();
  await settle();
  assertEquals(items(), ["b again"]);
});

Deno.test("flush() waits for no more than what was there, in one attempt each", async () => {
  const { outbox, items, end } = open();
  outbox.add("a");
  const flush = outbox.flush();
  outbox.add("b");
  assertEquals(items(), ["a", "b"]);
  await end("ab");
  assertEquals((await flush).map(({ item }) => item), ["a"]);
});

Deno.test("an outbox with nothing in it waits for nothing", async () => {
  const { outbox, waits } = open();
  assertEquals([await outbox.flush(), waits.length], [[], 0]);
});
