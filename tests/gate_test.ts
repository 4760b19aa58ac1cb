import { assert, assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { Gate, type GateSettings, type Verdict } from "../src/service/gate.ts";
import { countListeners } from "./listeners.ts";
import { SimulatedTime } from "./simulated_time.ts";

const WELL: Verdict = { failed: false };
const FAILED: Verdict = { failed: true };
const THROTTLED: Verdict = { failed: true, leaveAloneMs: 0 };
const MINUTE = 60_000;

/** A gate on a simulated clock, with a cluster behind it. */
class GateLab {
  readonly time = new SimulatedTime();
  readonly start = this.time.current;
  readonly gate: Gate;
  /** When requests were let through, in milliseconds from the start. */
  readonly sent: number[] = [];
  /** What a request says that is sent at a time, and how long it takes. */
  answer: (ms: number) => { verdict: Verdict; latency: number } = () => ({
    verdict: WELL,
    latency: 10,
  });
  underWay = 0;
  mostUnderWay = 0;

  constructor(settings: Partial<GateSettings> = {}) {
    this.gate = new Gate({
      now: this.time.now,
      sleep: this.time.sleep,
      random: () => 0,
      retryBackoffMs: 1_000,
      ...settings,
    });
  }

  get ms(): number {
    return this.time.current - this.start;
  }

  /** Passes the gate once; resolves to when that ended, `undefined` for "not let through". */
  async pass(patienceMs = 30_000, signal?: AbortSignal): Promise<number | undefined> {
    const deadline = this.time.current + patienceMs;
    return await this.gate.pass({ deadline, signal }, async () => {
      const { verdict, latency } = this.answer(this.ms);
      this.sent.push(this.ms);
      this.mostUnderWay = Math.max(this.mostUnderWay, ++this.underWay);
      await this.time.sleep(latency);
      this.underWay--;
      return { verdict, ms: this.ms };
    }, ({ verdict }) => verdict).then((result) => result?.ms);
  }

  /** Passes the gate so many times at once. */
  passes(count: number, patienceMs?: number): Promise<(number | undefined)[]> {
    return this.time.run(
      Promise.all(Array.from({ length: count }, () => this.pass(patienceMs))),
    );
  }

  /** Fails requests until a time, then answers. */
  downUntil(ms: number, verdict = FAILED): void {
    this.answer = (sent) => ({ verdict: sent < ms ? verdict : WELL, latency: 10 });
  }
}

Deno.test("pass() lets urgent requests go before those that wait, however long they have", async () => {
  const lab = new GateLab();
  const order: string[] = [];
  const pass = (name: string, isUrgent: boolean) =>
    lab.gate.pass({ deadline: Infinity, isUrgent }, async () => {
      order.push(name);
      await lab.time.sleep(10);
    }, () => WELL);
  const many = Array.from({ length: 40 }, (_, n) => pass(`read ${n}`, false));
  await lab.time.run(Promise.all([...many, pass("write 1", true), pass("write 2", true)]));
  assertEquals(order.slice(32, 35), ["write 1", "write 2", "read 32"]);
  assertEquals(order.length, 42);
});

Deno.test("A gate lets 32 requests through at a time, those that came first first", async () => {
  const lab = new GateLab();
  const ends = await lab.passes(70);
  assertEquals(lab.mostUnderWay, 32);
  assertEquals(ends, [...Array(32).fill(10), ...Array(32).fill(20), ...Array(6).fill(30)]);
  assertEquals(lab.time.timers, 0);
});

Deno.test("A gate that shuts lets one probe through after each pause, which doubles up to ten seconds", async () => {
  const lab = new GateLab();
  lab.downUntil(Infinity);
  await lab.passes(100, 50_000);
  const before = lab.sent.filter((ms) => ms < 500);
  assertEquals(before.length, 36);
  const probes = lab.sent.slice(before.length);
  assertEquals(
    probes.map((ms, n) => ms - (probes[n - 1] ?? 10)),
    // A probe takes 10 ms; half of each pause is left to chance, which gives 0 here.
    [500, 1_010, 2_010, 4_010, ...Array(8).fill(5_010)],
  );
  assertEquals(lab.time.timers, 0);
});

Deno.test("A gate stays open for four failures in a row, and for any number that are not", async () => {
  const lab = new GateLab();
  let count = 0;
  lab.answer = () => ({ verdict: ++count % 5 === 0 ? WELL : FAILED, latency: 10 });
  for (let n = 0; n < 50; n++) await lab.passes(1);
  assertEquals([lab.ms, lab.gate.isShut], [500, false]);
});

Deno.test("A gate opens by one request more for each answer", async () => {
  const lab = new GateLab();
  await shut(lab);
  lab.answer = () => ({ verdict: WELL, latency: 10 });
  await lab.passes(100);
  const opened = lab.sent.slice(5);
  const times = [...new Set(opened)].sort((a, b) => a - b);
  assertEquals(
    times.map((time) => opened.filter((ms) => ms === time).length),
    [1, 2, 4, 8, 16, 32, 32, 5],
  );
});

Deno.test("A gate shuts at once when the cluster throttles, and pauses as long as that asks", async () => {
  const lab = new GateLab();
  lab.answer = () => ({ verdict: { failed: true, leaveAloneMs: 7_000 }, latency: 10 });
  await lab.passes(1);
  lab.answer = () => ({ verdict: THROTTLED, latency: 10 });
  await lab.passes(1);
  lab.answer = () => ({ verdict: WELL, latency: 10 });
  await lab.passes(2);
  assertEquals(lab.sent, [0, 7_010, 8_020, 8_030]);
});

Deno.test("A gate pauses no longer than a minute, whatever the cluster asks", async () => {
  const lab = new GateLab();
  lab.answer = () => ({ verdict: { failed: true, leaveAloneMs: 1e12 }, latency: 10 });
  await lab.passes(1);
  assertEquals(await lab.passes(1, MINUTE), [undefined]);
  assertEquals(await lab.passes(1, MINUTE + 1), [MINUTE + 20]);
});

Deno.test("A gate sends those away at once who would wait in vain, and the others at their deadline", async () => {
  const lab = new GateLab();
  await shut(lab);
  const before = lab.ms;
  assertEquals(await lab.passes(1, 500), [undefined]);
  assertEquals(lab.ms, before);
  lab.answer = () => ({ verdict: FAILED, latency: 10 });
  assertEquals((await lab.passes(4, 1_600)).filter((ms) => ms === undefined).length, 2);
  assertEquals(lab.ms - before, 1_520);
});

Deno.test("A gate takes no heed of requests that were sent before it shut", async () => {
  const lab = new GateLab();
  const verdicts = [...Array(5).fill(FAILED), WELL, FAILED, FAILED];
  lab.answer = () => ({ verdict: verdicts.shift()!, latency: 10 });
  await lab.passes(8);
  assertEquals(lab.gate.isShut, true);
  lab.answer = () => ({ verdict: WELL, latency: 10 });
  assertEquals(await lab.passes(1), [520]);
});

Deno.test("A gate counts a probe that was given up like one that failed", async () => {
  const lab = new GateLab();
  await shut(lab);
  lab.answer = () => {
    throw new RangeError("given up");
  };
  await assertRejects(() => lab.passes(1), RangeError, "given up");
  lab.answer = () => ({ verdict: WELL, latency: 10 });
  await lab.passes(1);
  assertEquals(lab.sent.at(-1), 10 + 500 + 1_000);
});

Deno.test("A caller who gives up leaves the gate with its reason, and lets go of its signal", async () => {
  const lab = new GateLab();
  await shut(lab);
  const caller = new AbortController();
  const listeners = countListeners(caller.signal);
  const reason = new RangeError("enough");
  const passing = assertRejects(() => lab.pass(30_000, caller.signal), RangeError, "enough");
  const other = lab.pass();
  caller.abort(reason);
  await passing;
  assertEquals(await lab.time.run(other), 520);
  assertEquals(listeners.left(), 0);
  await assertRejects(() => lab.pass(30_000, caller.signal), RangeError, "enough");
});

Deno.test("A wait that fails by itself fails those who wait, and no gate hangs", async () => {
  const lab = new GateLab({ sleep: () => Promise.reject(new RangeError("no timers here")) });
  await lab.gate.pass({ deadline: Infinity }, () => Promise.resolve(), () => THROTTLED);
  await assertRejects(() => lab.pass(), RangeError, "no timers here");
});

/** Calls that come at random, and a cluster that is up and down at random. */
const weather = fc.record({
  calls: fc.array(
    fc.record({
      at: fc.integer({ min: 0, max: 2 * MINUTE }),
      patience: fc.integer({ min: 1, max: MINUTE }),
      givesUpAfter: fc.option(fc.integer({ min: 0, max: MINUTE }), { nil: undefined }),
    }),
    { minLength: 1, maxLength: 120 },
  ),
  /** Whose ends are when the cluster goes down and up in turn. */
  spells: fc.array(fc.integer({ min: 1, max: MINUTE }), { maxLength: 6 }),
  latencies: fc.infiniteStream(fc.integer({ min: 0, max: 3_000 })),
  throttles: fc.infiniteStream(fc.boolean()),
  chance: fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })),
});

Deno.test("A gate loses no call, keeps none beyond its deadline, and never floods a cluster that is down", async () => {
  await fc.assert(
    fc.asyncProperty(weather, async ({ calls, spells, latencies, throttles, chance }) => {
      const lab = new GateLab({ random: () => chance.next().value as number });
      const edges = spells.reduce<number[]>((all, ms) => [...all, (all.at(-1) ?? 0) + ms], []);
      const isDown = (ms: number) => edges.filter((edge) => edge <= ms).length % 2 === 1;
      lab.answer = (ms) => {
        const failure = throttles.next().value ? THROTTLED : FAILED;
        return { verdict: isDown(ms) ? failure : WELL, latency: latencies.next().value as number };
      };
      const listeners: ReturnType<typeof countListeners>[] = [];
      const ends = await lab.time.run(Promise.all(calls.map(async (call) => {
        await lab.time.sleep(call.at);
        const caller = new AbortController();
        listeners.push(countListeners(caller.signal));
        if (call.givesUpAfter !== undefined) {
          lab.time.sleep(call.givesUpAfter).then(() => caller.abort(new RangeError("enough")));
        }
        const end = await lab.pass(call.patience, caller.signal).catch(() => "gave up");
        // A request takes up to 3 s, and the gate looks at this clock when one ends.
        const late = 3_000;
        assert(lab.ms <= call.at + call.patience + late, `ended at ${lab.ms}`);
        return end;
      })));
      assertEquals(ends.length, calls.length);
      assertEquals(lab.sent.length, ends.filter((end) => typeof end === "number").length);
      assertEquals(listeners.reduce((sum, count) => sum + count.left(), 0), 0);
      for (const [n, from] of [0, ...edges].entries()) {
        const to = edges[n] ?? Infinity;
        const seen = lab.sent.filter((ms) => ms >= from && ms < to && isDown(ms)).length;
        assert(seen <= 36 + 14, `${seen} requests between ${from} and ${to}`);
      }
    }),
    { numRuns: 400, seed: 42 },
  );
});

/** Shuts a gate with five failures. */
async function shut(lab: GateLab): Promise<void> {
  const { answer } = lab;
  lab.answer = () => ({ verdict: FAILED, latency: 10 });
  await lab.passes(5);
  lab.answer = answer;
  assertEquals(lab.gate.isShut, true);
}
