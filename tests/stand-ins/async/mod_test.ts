import { assert, assertEquals, assertRejects } from "@std/assert";
import { delay } from "@std/async";

Deno.test("delay() resolves to nothing, shorter waits first", async () => {
  const order: number[] = [];
  const waits = [3, 0, -1, NaN].map((ms) => delay(ms).then(() => order.push(ms)));
  assertEquals(await delay(0), undefined);
  await Promise.all(waits);
  assertEquals(order.at(-1), 3);
});

Deno.test("delay() rejects with the reason of a signal that has aborted", async () => {
  const signal = AbortSignal.abort(new RangeError("enough"));
  await assertRejects(() => delay(60_000, { signal }), RangeError, "enough");
});

Deno.test("delay() rejects with the reason of a signal that aborts, and ends its timer", async () => {
  const controller = new AbortController();
  const waiting = assertRejects(
    () => delay(60_000, { signal: controller.signal }),
    RangeError,
    "enough",
  );
  controller.abort(new RangeError("enough"));
  await waiting;
});

Deno.test("delay() forgets its signal when the time is over", async () => {
  let listeners = 0;
  const { signal } = new AbortController();
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    listeners++;
    add(...args);
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    listeners--;
    remove(...args);
  };
  await delay(1, { signal });
  assertEquals(listeners, 0);
});

Deno.test("delay() of more than a timer can count does not end at once", async () => {
  const controller = new AbortController();
  let ended = false;
  const long = delay(2 ** 40, { signal: controller.signal }).then(() => ended = true);
  await delay(2);
  assert(!ended);
  controller.abort(new RangeError("enough"));
  await assertRejects(() => long, RangeError);
});

Deno.test("delay() that is not persistent lets a process end", async () => {
  const script = `
    import { delay } from ${JSON.stringify(import.meta.resolve("./mod.ts"))};
    delay(3_600_000, { persistent: false });
    console.log("begun");
  `;
  const { stdout, success } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-config", "--no-lock", "--ext=ts", script],
    stdout: "piped",
    // It would stay for an hour.
    signal: AbortSignal.timeout(300_000),
  }).output();
  assertEquals([success, new TextDecoder().decode(stdout).trim()], [true, "begun"]);
});
