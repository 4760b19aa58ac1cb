import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { Room } from "../src/writing/room.ts";

/** A room in which the test makes room, and whose waits it ends. */
function open(limit: number) {
  const state = { kept: 0, asked: 0, freed: 0 };
  const waits: { readonly ms: number; readonly end: () => void }[] = [];
  const room = new Room({
    limit,
    kept: () => state.kept,
    makeRoom: () => {
      state.asked++;
      state.kept -= state.freed;
      state.freed = 0;
      return Promise.resolve();
    },
    sleep: (ms) => new Promise((end) => waits.push({ ms, end })),
  });
  const entered: string[] = [];
  /** Whether every writer found room, or nothing kept. */
  const seen = { room: true };
  const enter = (name: string, bytes: number) =>
    room.enter(bytes, () => {
      seen.room &&= state.kept === 0 || state.kept + bytes <= limit;
      entered.push(name);
      state.kept += bytes;
    });
  return { state, waits, entered, seen, enter, room };
}

function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

Deno.test("a writer for whom there is room takes it in the tick of its call", () => {
  const { enter, entered, state } = open(10);
  enter("a", 4);
  enter("b", 6);
  assertEquals([entered, state], [["a", "b"], { kept: 10, asked: 0, freed: 0 }]);
});

Deno.test("enter() hands back what the writer's taking gives", async () => {
  assertEquals(await open(1).room.enter(1, () => 7), 7);
});

Deno.test("a writer without room waits until there is, and those behind it with it", async () => {
  const { enter, entered, state, waits } = open(10);
  enter("a", 8);
  enter("b", 3);
  enter("c", 1);
  await settle();
  assertEquals([entered, state.asked], [["a"], 1]);
  state.freed = 1;
  waits.at(-1)!.end();
  await settle();
  assertEquals([entered, state.kept], [["a", "b"], 10]);
  state.freed = 10;
  waits.at(-1)!.end();
  await settle();
  assertEquals(entered, ["a", "b", "c"]);
});

Deno.test("what is larger than the room goes in when nothing else is kept, and nothing after it", async () => {
  const { enter, entered, state, waits } = open(10);
  enter("huge", 99);
  enter("b", 1);
  await settle();
  assertEquals(entered, ["huge"]);
  state.freed = 99;
  waits.at(-1)!.end();
  await settle();
  enter("huge too", 50);
  await settle();
  assertEquals(entered, ["huge", "b"]);
  state.freed = 1;
  waits.at(-1)!.end();
  await settle();
  assertEquals(entered, ["huge", "b", "huge too"]);
});

Deno.test("room is asked for at growing intervals, and by nobody once all are in", async () => {
  const { enter, state, waits } = open(10);
  enter("a", 10);
  enter("b", 1);
  for (let times = 1; times <= 7; times++) {
    await settle();
    assertEquals([state.asked, waits.length], [times, times]);
    waits.at(-1)!.end();
  }
  assertEquals(waits.map(({ ms }) => ms), [100, 200, 400, 800, 1600, 2000, 2000]);
  await settle();
  state.freed = 10;
  waits.at(-1)!.end();
  await settle();
  await settle();
  assertEquals([state.asked, waits.length], [9, 8]);
});

Deno.test("whatever writers come, they enter in their order, within the room, and all in the end", async () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 15 }), { minLength: 1, maxLength: 12 });
  const frees = fc.array(fc.nat(20), { minLength: 1, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(sizes, frees, async (sizes, frees) => {
      const { enter, entered, seen, state, waits } = open(10);
      const all = sizes.map((size, at) => enter(String(at), size));
      for (let step = 0; entered.length < sizes.length; step++) {
        await settle();
        state.freed = Math.min(state.kept, 1 + frees[step % frees.length]!);
        waits.at(-1)?.end();
        await settle();
      }
      await Promise.all(all);
      assertEquals([entered, seen.room], [sizes.map((_, at) => String(at)), true]);
    }),
    { numRuns: 50, seed: 20_260_101 },
  );
});
