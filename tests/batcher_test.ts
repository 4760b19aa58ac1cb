import { assert, assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { Batcher, type BatcherOptions } from "../src/writing/batcher.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function line(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Appends lines of one character each; resolves when all are durable. */
async function append(batcher: Batcher, texts: Iterable<string>): Promise<void> {
  await Promise.all(Array.from(texts, (text) => batcher.append(line(text))));
}

/** Lets everything run that can run without time passing. */
function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

interface Request {
  readonly deadline: number;
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
    send: (sent, deadline) =>
      new Promise((resolve, reject) => {
        const answer = (error?: Error) => error ? reject(error) : resolve();
        requests.push({ deadline, lines: sent.map((bytes) => decoder.decode(bytes)), answer });
      }),
    batchSize: 100,
    batchBytes: 1_000,
    concurrency: 2,
    divisible: () => false,
    outOfTime: () => false,
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

/** What became of a line: `open`, `done` or its error's message. */
function outcomeOf(call: Promise<void>): { now: string } {
  const outcome = { now: "open" };
  call.then(() => outcome.now = "done", (error) => outcome.now = error.message);
  return outcome;
}

Deno.test("a lone row goes out at once", async () => {
  const { batcher, sent, waits } = bench();
  append(batcher, "a");
  await settle();
  assertEquals([sent(), waits.length], [["a"], 0]);
});

Deno.test("rows of one tick share a request", async () => {
  const { batcher, sent } = bench();
  for (const text of ["a", "bc", "d"]) append(batcher, text);
  await settle();
  assertEquals(sent(), ["abcd"]);
});

Deno.test("rows that arrive while all slots are taken share the next request", async () => {
  const { batcher, requests, sent } = bench({ concurrency: 1 });
  append(batcher, "a");
  await settle();
  for (const text of ["b", "c", "d"]) {
    append(batcher, text);
    await settle();
  }
  assertEquals(sent(), ["a"]);
  requests[0]!.answer();
  await settle();
  assertEquals(sent(), ["a", "bcd"]);
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
    append(batcher, "a".repeat(count));
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
    append(batcher, texts);
    await settle();
    assertEquals(sent(), expected);
  });
}

Deno.test("no more requests are under way than the concurrency allows", async () => {
  const { batcher, requests, sent } = bench({ batchSize: 1, concurrency: 2 });
  const outcome = outcomeOf(append(batcher, "abcd"));
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

Deno.test("each line has its own outcome", async () => {
  const { batcher, requests } = bench({ batchSize: 2 });
  const outcomes = [..."abcd"].map((text) => outcomeOf(batcher.append(line(text))));
  await settle();
  requests[0]!.answer(new Error("refused"));
  requests[1]!.answer();
  await settle();
  assertEquals(outcomes.map(({ now }) => now), ["refused", "refused", "done", "done"]);
});

Deno.test("a failure that is no line's fault is every line's, and not tried in parts", async () => {
  const { batcher, requests } = bench();
  const outcomes = [..."ab"].map((text) => outcomeOf(batcher.append(line(text))));
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
  const outcomes = [..."abcdEfg"].map((text) => outcomeOf(batcher.append(line(text))));
  await settle();
  assertEquals(outcomes.map(({ now }) => now), [
    ..."done done done done".split(" "),
    "bad E",
    "done",
    "done",
  ]);
});

Deno.test("a half that fails for another reason leaves the other half alone", async () => {
  let requests = 0;
  const { batcher } = bench({
    ...fussy,
    send: (sent) =>
      ++requests === 2 ? Promise.reject(new Error("down")) : fussy.send!(sent, Infinity),
  });
  const outcomes = [..."abcD"].map((text) => outcomeOf(batcher.append(line(text))));
  await settle();
  assertEquals(outcomes.map(({ now }) => now), ["down", "down", "done", "bad D"]);
});

Deno.test("a batcher goes on after a failure", async () => {
  const { batcher } = bench({ ...fussy, concurrency: 1 });
  await assertRejects(() => append(batcher, "B"), TypeError);
  await append(batcher, "a");
});

const buffered = { lingerMs: 500, batchSize: 3, batchBytes: 12 };

Deno.test("lingering rows wait for as long as they may, then go out together", async () => {
  const { batcher, sent, waits } = bench(buffered);
  append(batcher, "a");
  await settle();
  append(batcher, "b");
  await settle();
  assertEquals([sent(), waits.map(({ ms }) => ms)], [[], [500]]);
  waits[0]!.end();
  await settle();
  assertEquals(sent(), ["ab"]);
});

Deno.test("lingering rows go out when there are enough, and their wait ends", async () => {
  const { batcher, sent, waits } = bench(buffered);
  append(batcher, "ab");
  await settle();
  assertEquals(sent(), []);
  append(batcher, "c");
  await settle();
  assertEquals([sent(), waits[0]!.signal.aborted], [["abc"], true]);
});

for (const [size, goes] of [[10, false], [11, true], [12, true]] as const) {
  Deno.test(`lingering rows of ${size + 1} bytes ${goes ? "go out" : "wait"} where 12 are a request`, async () => {
    const { batcher, sent } = bench(buffered);
    append(batcher, ["x".repeat(size)]);
    await settle();
    assertEquals(sent().length, goes ? 1 : 0);
  });
}

Deno.test("rows that come after a full batch linger anew", async () => {
  const { batcher, sent, requests, waits } = bench(buffered);
  append(batcher, ["aaa", "bbb", "ccc"]);
  await settle();
  requests[0]!.answer();
  append(batcher, "d");
  await settle();
  assertEquals([sent(), waits.map(({ signal }) => signal.aborted)], [["aaabbbccc"], [true, false]]);
  waits[1]!.end();
  await settle();
  assertEquals(sent(), ["aaabbbccc", "d"]);
});

Deno.test("flush() sends what lingers, and only that", async () => {
  const { batcher, sent, waits } = bench(buffered);
  append(batcher, "ab");
  await settle();
  batcher.flush();
  await settle();
  assertEquals([sent(), waits[0]!.signal.aborted], [["ab"], true]);
  append(batcher, "c");
  await settle();
  assertEquals([sent(), waits.length], [["ab"], 2]);
});

Deno.test("what flush() found while all slots were taken goes as soon as one is free", async () => {
  const { batcher, requests, sent } = bench({ ...buffered, concurrency: 1 });
  append(batcher, "abc");
  await settle();
  append(batcher, "d");
  batcher.flush();
  await settle();
  assertEquals(sent(), ["abc"]);
  requests[0]!.answer();
  await settle();
  assertEquals(sent(), ["abc", "d"]);
});

Deno.test("flush() of nothing sends nothing and waits for nothing", async () => {
  const { batcher, sent, waits } = bench(buffered);
  batcher.flush();
  await settle();
  assertEquals([sent(), waits.length], [[], 0]);
});

/** What may happen to a batcher. */
type Event =
  | { readonly kind: "append"; readonly text: string }
  | { readonly kind: "flush" }
  | { readonly kind: "wait over" }
  | { readonly kind: "answer"; readonly request: number; readonly ok: boolean };

const EVENT: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("append" as const),
      text: fc.stringMatching(/^[a-cA-C]{1,9}$/),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: "flush" } as const) },
  { weight: 1, arbitrary: fc.constant({ kind: "wait over" } as const) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("answer" as const),
      request: fc.nat(),
      ok: fc.boolean(),
    }),
  },
);

const LIMITS = fc.record({
  batchSize: fc.integer({ min: 1, max: 5 }),
  batchBytes: fc.integer({ min: 1, max: 25 }),
  concurrency: fc.integer({ min: 1, max: 3 }),
  lingerMs: fc.constantFrom(0, 500),
});
type Limits = Pick<BatcherOptions, "batchSize" | "batchBytes" | "concurrency" | "lingerMs">;

/** A batcher to which anything happens, and what must be true all the while. */
class Model {
  readonly #limits: Limits;
  readonly #bench: ReturnType<typeof bench>;
  readonly #outcomes = new Map<string, { now: string }>();
  /** What became of each line, as far as requests were answered. */
  readonly #expected = new Map<string, string>();
  readonly #answered = new Set<Request>();

  constructor(limits: Limits) {
    this.#limits = limits;
    this.#bench = bench({ ...limits, divisible: (error) => error instanceof TypeError });
  }

  get #open(): Request[] {
    return this.#bench.requests.filter((request) => !this.#answered.has(request));
  }

  async happen(event: Event): Promise<void> {
    const { batcher, waits } = this.#bench;
    if (event.kind === "append") {
      const text = `${this.#outcomes.size}${event.text}`;
      this.#outcomes.set(text, outcomeOf(batcher.append(line(text))));
    } else if (event.kind === "flush") {
      batcher.flush();
    } else if (event.kind === "wait over") {
      waits.at(-1)?.end();
    } else if (this.#open.length > 0) {
      this.#answer(this.#open[event.request % this.#open.length]!, event.ok);
    }
    await settle();
    this.#check();
  }

  /** Flushes and answers until nothing is open. */
  async end(): Promise<void> {
    await this.happen({ kind: "flush" });
    while (this.#open.length > 0) await this.happen({ kind: "answer", request: 0, ok: true });
    const outcomes = [...this.#outcomes.values()];
    assert(outcomes.every(({ now }) => now !== "open"), "a line has no outcome");
    // First come, first served; the halves of a batch come after the whole.
    const sent = new Set(this.#bench.requests.flatMap(({ lines }) => lines));
    assertEquals([...sent], [...this.#outcomes.keys()]);
  }

  /** A line with a capital letter is refused, with all that it shares a request with. */
  #answer(request: Request, ok: boolean): void {
    this.#answered.add(request);
    const bad = request.lines.some((text) => /[A-Z]/.test(text));
    if (!bad || request.lines.length === 1) {
      const outcome = bad ? "bad" : ok ? "done" : "down";
      for (const text of request.lines) this.#expected.set(text, outcome);
    }
    request.answer(bad ? new TypeError("bad") : ok ? undefined : new Error("down"));
  }

  #check(): void {
    const { batchSize, batchBytes, concurrency, lingerMs } = this.#limits;
    const { requests, waits } = this.#bench;
    for (const { lines } of requests) {
      const bytes = lines.reduce((sum, text) => sum + text.length + 1, 0);
      assert(lines.length <= batchSize, "too many lines");
      assert(lines.length === 1 || bytes <= batchBytes, "too many bytes");
    }
    for (const [text, { now }] of this.#outcomes) {
      assertEquals(now, this.#expected.get(text) ?? "open", text);
    }
    assert(this.#open.length <= concurrency, "too many requests");
    if (this.#open.length === concurrency) return;
    const sent = new Set(requests.flatMap(({ lines }) => lines));
    const queued = this.#outcomes.size - sent.size;
    assert(queued < batchSize, "a full batch waits for no reason");
    if (queued === 0) return;
    assert(lingerMs > 0, "a line waits for no reason");
    assert(waits.some(({ signal }) => !signal.aborted), "a line waits for ever");
  }
}

Deno.test("whatever happens, each line goes in its turn, within the limits, and has one outcome", async () => {
  const events = fc.array(EVENT, { maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(events, LIMITS, async (events, limits) => {
      const model = new Model(limits);
      for (const event of events) await model.happen(event);
      await model.end();
    }),
    { numRuns: 150, seed: 20_260_101 },
  );
});

Deno.test("a request has the time of its most pressing line; the others go again when it is over", async () => {
  const { batcher, requests, sent } = bench({ concurrency: 1, outOfTime: () => true });
  const outcomes = ([["a", 30], ["b", 20], ["c", 20], ["d", 40]] as const)
    .map(([text, deadline]) => outcomeOf(batcher.append(line(text), deadline)));
  await settle();
  const next = outcomeOf(batcher.append(line("e"), 50));
  requests[0]!.answer(new Error("late"));
  await settle();
  requests[1]!.answer();
  await settle();
  assertEquals(sent(), ["abcd", "ade"]);
  assertEquals(requests.map(({ deadline }) => deadline), [20, 30]);
  assertEquals([...outcomes, next].map(({ now }) => now), ["done", "late", "late", "done", "done"]);
});
