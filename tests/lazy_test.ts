import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { Lazy } from "../src/lazy.ts";

Deno.test("it is made once, when it is first asked for, for all who ask", async () => {
  let made = 0;
  const lazy = new Lazy(() => Promise.resolve({ number: ++made }));
  assertEquals([made, lazy.current], [0, undefined]);
  const [one, other] = await Promise.all([lazy.get(), lazy.get()]);
  assertStrictEquals(one, other);
  assertStrictEquals(await lazy.current, one);
  assertStrictEquals(await lazy.get(), one);
  assertEquals(made, 1);
});

Deno.test("what failed is told to all who asked, and tried anew for whoever asks next", async () => {
  let tries = 0;
  const lazy = new Lazy(() => {
    tries++;
    return tries === 1 ? Promise.reject(new Error("not there")) : Promise.resolve("made");
  });
  const asked = [lazy.get(), lazy.get(), lazy.current!];
  for (const failed of asked) await assertRejects(() => failed, Error, "not there");
  assertEquals(lazy.current, undefined);
  assertEquals(await lazy.get(), "made");
  assertEquals(tries, 2);
});
