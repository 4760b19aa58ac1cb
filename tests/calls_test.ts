import { assert, assertEquals, assertRejects } from "@std/assert";
import { Calls } from "../src/calls.ts";
import { KustoClosedError } from "../src/errors.ts";

/** A call that ends when the test says so. */
function held(): { work: () => Promise<string>; end: () => void; fail: (error: Error) => void } {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  return { work: () => promise, end: () => resolve("done"), fail: reject };
}

/** Whether a promise has settled once all that can run now has run. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  promise.then(() => settled = true, () => settled = true);
  await turn();
  return settled;
}

function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

Deno.test("run() hands back what the call gives", async () => {
  assertEquals(await new Calls().run("read", undefined, () => Promise.resolve(7)), 7);
});

Deno.test("run() hands back why the call failed, and settled() does not mind", async () => {
  const calls = new Calls();
  const call = calls.run("read", "t", () => Promise.reject(new RangeError("no")));
  await calls.settled();
  await assertRejects(() => call, RangeError, "no");
});

Deno.test("settled() waits for every call that is open", async () => {
  const [calls, reading, writing] = [new Calls(), held(), held()];
  calls.run("read", undefined, reading.work);
  calls.run("write", "t", writing.work);
  const settled = calls.settled();
  writing.end();
  assertEquals(await isSettled(settled), false);
  reading.end();
  assertEquals(await isSettled(settled), true);
});

Deno.test("settled() of a thread waits for its writes alone", async () => {
  const [calls, other, own] = [new Calls(), held(), held()];
  calls.run("write", "other", other.work);
  calls.run("read", undefined, held().work);
  calls.run("write", "t", own.work);
  const settled = calls.settled((threadId) => threadId === "t");
  assertEquals(await isSettled(settled), false);
  own.end();
  assertEquals(await isSettled(settled), true);
});

Deno.test("settled() does not wait for calls that came after it", async () => {
  const calls = new Calls();
  const settled = calls.settled();
  calls.run("write", "t", held().work);
  assertEquals(await isSettled(settled), true);
});

Deno.test("close() waits for calls, failed ones included, and refuses later ones by their action", async () => {
  const [calls, open] = [new Calls(), held()];
  const call = calls.run("put", "t", open.work);
  const closed = calls.close(turn);
  assertEquals(await isSettled(closed), false);
  open.fail(new Error("gone"));
  await assertRejects(() => call, Error, "gone");
  await closed;
  let begun = false;
  const error = await assertRejects(
    () => calls.run("put a checkpoint", "t", () => Promise.resolve(begun = true)),
    KustoClosedError,
    "Cannot put a checkpoint: the saver is closed",
  );
  assertEquals(error.code, "CLOSED");
  assert(!begun);
});

Deno.test("close() takes the calls that an aborted run still makes, a turn later each", async () => {
  const calls = new Calls();
  const order: string[] = [];
  let late = 3;
  await calls.close(async () => {
    if (late-- > 0) {
      calls.run("put", "t", () => turn().then(() => void order.push(`call ${late}`)));
    }
    await turn();
  });
  order.push("closed");
  assertEquals(order, ["call 2", "call 1", "call 0", "closed"]);
});
