import { assert, assertEquals, assertRejects } from "@std/assert";
import { cutOff } from "../src/service/cut_off.ts";

const never = () => new Promise<never>(() => {});

Deno.test("cutOff() ends work that takes too long, with a TimeoutError", async () => {
  const cut = cutOff(undefined, 1);
  const error = await assertRejects(() => cut.wait(never()), DOMException, "No answer within 1 ms");
  assertEquals([error.name, cut.signal.aborted], ["TimeoutError", true]);
  cut.release();
});

Deno.test("cutOff() gives work that is in time back, and its failure too", async () => {
  const cut = cutOff(undefined, 60_000);
  assertEquals(await cut.wait(Promise.resolve(1)), 1);
  await assertRejects(() => cut.wait(Promise.reject(new RangeError("own"))), RangeError, "own");
  assert(!cut.signal.aborted);
  cut.release();
});

Deno.test("cutOff() ends work with the caller's reason", async () => {
  const caller = new AbortController();
  const cut = cutOff(caller.signal, 60_000);
  const waiting = assertRejects(() => cut.wait(never()), RangeError, "enough");
  caller.abort(new RangeError("enough"));
  await waiting;
  cut.release();
});

Deno.test("cutOff() of a caller who has given up ends work at once", async () => {
  const cut = cutOff(AbortSignal.abort(new RangeError("enough")), 60_000);
  await assertRejects(() => cut.wait(never()), RangeError, "enough");
  cut.release();
});

Deno.test("cutOff() leaves the caller's signal alone once it is released", () => {
  const caller = new AbortController();
  const cut = cutOff(caller.signal, 60_000);
  cut.release();
  caller.abort();
  assert(!cut.signal.aborted);
});

Deno.test("cutOff() after more milliseconds than a timer can count does not end at once", async () => {
  const cut = cutOff(undefined, 2 ** 40);
  await new Promise((resolve) => setTimeout(resolve, 2));
  assert(!cut.signal.aborted);
  cut.release();
});
