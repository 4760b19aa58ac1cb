import { assert, assertEquals } from "@std/assert";
import {
  backoffMs,
  type FailedAttempt,
  isTransient,
  retryAfterMs,
} from "../src/service/backoff.ts";

const TOO_LARGE =
  "LimitsExceeded The results of this query exceed the set limit of 500000 records (E_QUERY_RESULT_SET_TOO_LARGE, 0x80DA0003)";

const FAILURES: [title: string, failure: FailedAttempt, again: boolean][] = [
  ["no answer at all", {}, true],
  ["a request time-out (408)", { status: 408 }, true],
  ["throttling (429)", { status: 429 }, true],
  ["throttling that is called permanent", { status: 429, permanent: true }, true],
  ["a broken service (500)", { status: 500 }, true],
  ["a bad gateway (502)", { status: 502 }, true],
  ["an unavailable service (503)", { status: 503 }, true],
  ["a time-out of the service (504)", { status: 504 }, true],
  ["Kusto's own service error (520)", { status: 520 }, true],
  ["a service error that is called permanent", { status: 520, permanent: true }, false],
  ["a bad request (400)", { status: 400 }, false],
  ["a bad request that is called passing", { status: 400, permanent: false }, true],
  ["a bad request that is called permanent", { status: 400, permanent: true }, false],
  ["a missing sign-in (401)", { status: 401, permanent: false }, false],
  ["a refused right (403)", { status: 403, permanent: false }, false],
  ["something not found (404)", { status: 404 }, false],
  ["a conflict (409)", { status: 409, permanent: true }, false],
  ["a request that is too large (413)", { status: 413, permanent: false }, false],
  ["a result that is too large", { status: 200, permanent: false, text: TOO_LARGE }, false],
  ["a result with too many bytes", { status: 400, permanent: false, text: "80DA0003" }, false],
  ["a query out of memory", { status: 504, permanent: false, text: "E_RUNAWAY_QUERY" }, false],
  ["a partial failure that is called passing", { status: 200, permanent: false }, true],
  ["a partial failure without a word", { status: 200 }, false],
];

for (const [title, failure, again] of FAILURES) {
  Deno.test(`isTransient() is ${again} for ${title}`, () => {
    assertEquals(isTransient(failure), again);
  });
}

Deno.test("backoffMs() doubles the most it waits with each retry, up to 30 seconds", () => {
  const waits = [1, 2, 3, 4, 5, 6, 7, 1000].map((retry) =>
    backoffMs(retry, { baseMs: 1_000, random: () => 1 })
  );
  assertEquals(waits, [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
});

Deno.test("backoffMs() keeps a first wait that is longer than 30 seconds", () => {
  const waits = [1, 2].map((retry) => backoffMs(retry, { baseMs: 60_000, random: () => 1 }));
  assertEquals(waits, [60_000, 60_000]);
});

Deno.test("backoffMs() takes any part of the most it may wait, down to nothing", () => {
  const waits = [0, 0.25, 0.5].map((random) =>
    backoffMs(3, { baseMs: 1_000, random: () => random })
  );
  assertEquals(waits, [0, 1_000, 2_000]);
});

Deno.test("backoffMs() waits no less than the service asks for", () => {
  const options = { baseMs: 1_000, random: () => 0.5, retryAfterMs: 700 };
  assertEquals([1, 2].map((retry) => backoffMs(retry, options)), [700, 1_000]);
});

Deno.test("backoffMs() waits as long as the service asks for, beyond its own longest wait", () => {
  assertEquals(backoffMs(1, { baseMs: 1, random: () => 0, retryAfterMs: 90_000 }), 90_000);
});

Deno.test("backoffMs() is a number at any retry when the first wait is 0", () => {
  assert(
    [1, 1_100, Number.MAX_SAFE_INTEGER].every((retry) =>
      backoffMs(retry, { baseMs: 0, random: () => 1 }) === 0
    ),
  );
});

const NOW = Date.UTC(2026, 0, 1, 12, 0, 0);
const HEADERS: [header: string | null, ms: number | undefined][] = [
  [null, undefined],
  ["", undefined],
  ["0", 0],
  ["3", 3_000],
  [" 120 ", 120_000],
  ["0.5", 500],
  ["soon", undefined],
  ["Thu, 01 Jan 2026 12:00:05 GMT", 5_000],
  ["Thu, 01 Jan 2026 11:59:00 GMT", 0],
];

for (const [header, ms] of HEADERS) {
  Deno.test(`retryAfterMs() reads ${JSON.stringify(header)} as ${ms}`, () => {
    assertEquals(retryAfterMs(header, NOW), ms);
  });
}
