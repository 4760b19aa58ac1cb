import { assert, assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { Batcher, type BatcherOptions } from "../src/batcher.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function line(text: string): Uint8Array {
  return encoder.encode(text);
}

function lines(texts: string): Uint8Array[] {
  return [...texts].map(line);
}

/** Lets everything run that can run without time passing. */
function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

interface Request {
  readonly lines: string[];
  readonly answer: (error?: Error) => void;
}

interface Wait {
  readonly ms: number;
  readonly signal: AbortSignal;
  readonly end: () => void;
}

/** A batcher whose requests and waits the test ends. */
function bench(options: Partial<BatcherOptions> = {}) {
  const requests: Request[] = [];
  const waits: Wait[] = [];
  const batcher = new Batcher({
    send: (sent) =>
      new Promise((resolve, reject) => {
        const answer = (error?: Error) => error ? reject(error) : resolve();
        requests.push({ lines: sent.map((bytes) => decoder.decode(bytes)), answer });
      }),
    batchSize: 100,
    batchBytes: 1_000,
    concurrency: 2,
    divisible: () => false,
    lingerMs: 0,
    sleep: (ms, { signal }) =>
      new Promise((resolve, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason));
        waits.push({ ms, signal, end: resolve });
      }),
    ...options,
  });
  const sent = () => requests.map((request) => request.lines.join(""));
  return { batcher, requests, waits, sent };
}

/** What became of a call: `open`, `done` or its error's message. */
function outcomeOf(call: Promise<void>): { now: string } {
  const outcome = { now: "open" };
  call.then(() => outcome.now = "done", (error) => outcome.now = error.message);
  return outcome;
}

Deno.test("a lone row goes out at once", async () => {
  const { batcher, sent, waits } = bench();
  batcher.append(lines("a"));
  await settle();
  assertEquals(sent(), ["a"]);
  assertEquals([waits.length, batcher.size], [0, 0]);
});

Deno.test("rows of one tick share a request", async () => {
  const { batcher, sent } = bench();
  for (const text of ["a", "bc", "d"]) batcher.append(lines(text));
  await settle();
  assertEquals(sent(), ["abcd"]);
});

Deno.test("rows that arrive while all slots are taken share the next request", async () => {
  const { batcher, requests, sent } = bench({ concurrency: 1 });
  batcher.append(lines("a"));
  await settle();
  for (const text of ["b", "c", "d"]) {
    batcher.append(lines(text));
    await settle();
  }
  assertEquals([sent(), batcher.size], [["a"], 3]);
  requests[0]!.answer();
  await settle();
  assertEquals([sent(), batcher.size], [["a", "bcd"], 0]);
});

Deno.test("no lines are no request, and no wait", async () => {
  const { batcher, sent } = bench();
  await batcher.append([]);
  assertEquals(sent(), []);
});

const sizes: readonly (readonly [string, number, string[]])[] = [
  ["just under", 2, ["aa"]],
  ["at", 3, ["aaa"]],
  ["just over", 4, ["aaa", "a"]],
  ["far over", 7, ["aaa", "aaa", "a"]],
];

for (const [where, count, expected] of sizes) {
  Deno.test(`${count} rows are ${where} a batch size of 3`, async () => {
    const { batcher, sent } = bench({ batchSize: 3, concurrency: 9 });
    batcher.append(lines("a".repeat(count)));
    await settle();
    assertEquals(sent(), expected);
  });
}

const bytes: readonly (readonly [string, string[], string[]])[] = [
  ["just under the limit of bytes", ["aaaa", "bbb"], ["aaaabbb"]],
  ["at the limit, line ends counted", ["aaaa", "bbbb"], ["aaaabbbb"]],
  ["just over the limit", ["aaaa", "bbbbb"], ["aaaa", "bbbbb"]],
  ["one alone over the limit", ["a", "b".repeat(30), "c"], ["a", "b".repeat(30), "c"]],
];

for (const [what, texts, expected] of bytes) {
  Deno.test(`rows ${what} go out in ${expected.length} request(s)`, async () => {
    const { batcher, sent } = bench({ batchBytes: 10, concurrency: 9 });
    batcher.append(texts.map(line));
    await settle();
    assertEquals(sent(), expected);
  });
}

Deno.test("no more requests are under way than the concurrency allows", async () => {
  const { batcher, requests, sent } = bench({ batchSize: 1, concurrency: 2 });
  const outcome = outcomeOf(batcher.append(lines("abcd")));
  await settle();
  assertEquals(sent(), ["a", "b"]);
  requests[1]!.answer();
  await settle();
  assertEquals(sent(), ["a", "b", "c"]);
  for (const at of [0, 2]) requests[at]!.answer();
  await settle();
  assertEquals([outcome.now, requests.length], ["open", 4]);
  requests[3]!.answer();
  await settle();
  assertEquals(outcome.now, "done");
});

Deno.test("each caller learns its own outcome", async () => {
  const { batcher, requests } = bench({ batchSize: 2 });
  const outcomes = ["ab", "cd"].map((text) => outcomeOf(batcher.append(lines(text))));
  await settle();
  requests[0]!.answer(new Error("refused"));
  requests[1]!.answer();
  await settle();
  assertEquals(outcomes.map(({ now }) => now), ["refused", "done"]);
});

Deno.test("a failure that is no line's fault is every caller's, and not tried in parts", async () => {
  const { batcher, requests } = bench();
  const outcomes = ["a", "b"].map((text) => outcomeOf(batcher.append(lines(text))));
  await settle();
  requests[0]!.answer(new Error("down"));
  await settle();
  assertEquals([outcomes.map(({ now }) => now), requests.length], [["down", "down"], 1]);
});

/** Refuses requests that hold a line of a capital letter. */
const fussy: Partial<BatcherOptions> = {
  send: (sent) => {
    const bad = sent.map((bytes) => decoder.decode(bytes)).find((text) => /[A-Z]/.test(text));
    return bad === undefined ? Promise.resolve() : Promise.reject(new TypeError(`bad ${bad}`));
  },
  divisible: (error) => error instanceof TypeError,
};

Deno.test("of rows that share a request only the culprit is refused", async () => {
  const { batcher } = bench(fussy);
  const outcomes = [..."abcdEfg"].map((text) => outcomeOf(batcher.append(lines(text))));
  await settle();
  assertEquals(outcomes.map(({ now }) => now), [
    ..."done done done done".split(" "),
    "bad E",
    "done",
    "done",
  ]);
});

Deno.test("any culprits among any calls are found, whatever the limits are", async () => {
  const calls = fc.array(fc.stringMatching(/^[a-cA-B]{1,6}$/), { minLength: 1, maxLength: 12 });
  const limits = fc.record({
    batchSize: fc.integer({ min: 1, max: 8 }),
    batchBytes: fc.integer({ min: 1, max: 20 }),
    concurrency: fc.integer({ min: 1, max: 3 }),
  });
  await fc.assert(fc.asyncProperty(calls, limits, async (texts, limits) => {
    const stored: string[] = [];
    const { batcher } = bench({
      ...fussy,
      ...limits,
      send: async (sent) => {
        assert(sent.length <= limits.batchSize, "too many lines");
        const size = sent.reduce((sum, bytes) => sum + bytes.length + 1, 0);
        assert(sent.length === 1 || size <= limits.batchBytes, "too many bytes");
        await fussy.send!(sent);
        stored.push(...sent.map((bytes) => decoder.decode(bytes)));
      },
    });
    const results = await Promise.allSettled(texts.map((text) => batcher.append(lines(text))));
    assertEquals(
      results.map(({ status }) => status === "fulfilled"),
      texts.map((text) => !/[A-Z]/.test(text)),
    );
    // A call is rejected at once; the rest of its lines is still on its way then.
    await settle();
    const good = [...texts.join("")].filter((text) => /[a-z]/.test(text));
    assertEquals(stored.toSorted(), good.toSorted());
  }));
});

Deno.test("a call is rejected with the reason of the first of its lines that failed", async () => {
  const { batcher } = bench({ ...fussy, batchSize: 1, concurrency: 1 });
  await assertRejects(() => batcher.append(lines("aBC")), TypeError, "bad B");
});

Deno.test("a batcher goes on after a failure", async () => {
  const { batcher } = bench({ ...fussy, concurrency: 1 });
  await assertRejects(() => batcher.append(lines("B")), TypeError);
  await batcher.append(lines("a"));
});

const buffered = { lingerMs: 500, batchSize: 3, batchBytes: 12 };

Deno.test("lingering rows wait for as long as they may, then go out together", async () => {
  const { batcher, sent, waits } = bench(buffered);
  batcher.append(lines("a"));
  await settle();
  batcher.append(lines("b"));
  await settle();
  assertEquals([sent(), waits.map(({ ms }) => ms)], [[], [500]]);
  waits[0]!.end();
  await settle();
  assertEquals([sent(), batcher.size], [["ab"], 0]);
});

Deno.test("lingering rows go out when there are enough, and their wait ends", async () => {
  const { batcher, sent, waits } = bench(buffered);
  batcher.append(lines("ab"));
  await settle();
  assertEquals(sent(), []);
  batcher.append(lines("c"));
  await settle();
  assertEquals([sent(), waits[0]!.signal.aborted], [["abc"], true]);
});

for (const [size, goes] of [[10, false], [11, true], [12, true]] as const) {
  Deno.test(`lingering rows of ${size + 1} bytes ${goes ? "go out" : "wait"} where 12 are a request`, async () => {
    const { batcher, sent } = bench(buffered);
    batcher.append([line("x".repeat(size))]);
    await settle();
    assertEquals(sent().length, goes ? 1 : 0);
  });
}

Deno.test("rows that come after a full batch linger anew", async () => {
  const { batcher, sent, requests, waits } = bench(buffered);
  batcher.append(["aaa", "bbb", "ccc"].map(line));
  await settle();
  requests[0]!.answer();
  batcher.append(lines("d"));
  await settle();
  assertEquals([sent(), waits.length], [["aaabbbccc"], 1]);
  waits[0]!.end();
  await settle();
  assertEquals(sent(), ["aaabbbccc", "d"]);
});

Deno.test("nothing lingers while a flush drains, rows that come meanwhile included", async () => {
  const { batcher, sent, requests, waits } = bench(buffered);
  const rows = outcomeOf(batcher.append(lines("a")));
  await settle();
  const work = Promise.withResolvers<void>();
  const drained = outcomeOf(batcher.drainWhile(work.promise));
  await settle();
  assertEquals([sent(), waits[0]!.signal.aborted], [["a"], true]);
  batcher.append(lines("b"));
  await settle();
  assertEquals(sent(), ["a", "b"]);
  for (const request of requests) request.answer();
  await settle();
  assertEquals([rows.now, drained.now], ["done", "open"]);
  work.resolve();
  await settle();
  assertEquals(drained.now, "done");
  batcher.append(lines("c"));
  await settle();
  assertEquals([sent(), waits.length], [["a", "b"], 2]);
});

Deno.test("drainWhile() hands on why its work failed, and rows linger again", async () => {
  const { batcher, sent } = bench(buffered);
  await assertRejects(() => batcher.drainWhile(Promise.reject(new Error("no"))), Error, "no");
  batcher.append(lines("a"));
  await settle();
  assertEquals(sent(), []);
});

Deno.test("a batcher that has nothing to send waits for nothing", async () => {
  const { batcher, sent, waits } = bench(buffered);
  await batcher.drainWhile(Promise.resolve());
  assertEquals([sent(), waits.length], [[], 0]);
});
