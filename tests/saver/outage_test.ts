import { assert, assertEquals } from "@std/assert";
import { KustoSaver, type KustoSaverOptions, KustoUnavailableError } from "../../mod.ts";
import { commandAnswer, queryAnswer } from "../client_kit.ts";
import { SimulatedTime } from "../simulated_time.ts";
import { seeded } from "./graph_kit.ts";
import { at, checkpointOf, LOOP } from "./kit.ts";

const MINUTE = 60_000;

/** A cluster on a simulated clock that is down until a time, and a saver that talks to it. */
class Outage {
  readonly time = new SimulatedTime();
  readonly start = this.time.current;
  readonly saver: KustoSaver;
  /** When requests came, in milliseconds from the start. */
  readonly requests: number[] = [];
  upAt = 0;

  constructor(options: Partial<KustoSaverOptions> = {}) {
    this.saver = new KustoSaver({
      connection: "http://localhost/agents",
      compression: "none",
      now: this.time.now,
      random: seeded(7),
      sleep: this.time.sleep,
      fetch: async (url) => {
        const sent = this.time.current - this.start;
        this.requests.push(sent);
        await this.time.sleep(5);
        if (sent < this.upAt) throw new TypeError("connection refused");
        return String(url).includes("/ingest/") ? commandAnswer() : queryAnswer();
      },
      ...options,
    });
  }

  /**
   * Puts a checkpoint on each of so many threads, below a parent if wanted, each so many milliseconds
   * after the one before; how long each put took, and how it ended.
   */
  async puts(
    count: number,
    { apartMs = 0, text = "", parent }: { apartMs?: number; text?: string; parent?: string } = {},
  ): Promise<{ ms: number; error?: unknown }[]> {
    const puts = Array.from({ length: count }, async (_, n) => {
      if (apartMs > 0) await this.time.sleep(n * apartMs);
      const started = this.time.current;
      const values = { n, text: text && `${text} ${n}` };
      const put = this.saver.put(
        at(`thread-${n}`, parent),
        checkpointOf(parent ? "2" : "1", values),
        LOOP,
        {},
      );
      const error = await put.then(() => undefined, (error) => error);
      return { ms: this.time.current - started, ...(error && { error }) };
    });
    return await this.time.run(Promise.all(puts));
  }
}

for (const threads of ["never seen", "known"]) {
  Deno.test(`200 puts on threads ${threads} outlast a minute's outage with at most 50 requests in it`, async () => {
    const outage = new Outage({ maxRetries: Infinity, deadlineMs: 2 * MINUTE });
    if (threads === "known") await outage.puts(200);
    const since = outage.time.current - outage.start;
    outage.requests.length = 0;
    outage.upAt = since + MINUTE;
    const ends = await outage.puts(200);
    assertEquals(ends.filter(({ error }) => error), []);
    // The last probe that fails is followed by a pause of ten seconds at most.
    assert(ends.every(({ ms }) => ms < MINUTE + 12_000));
    const during = outage.requests.filter((sent) => sent < outage.upAt);
    assert(during.length > 10 && during.length <= 50, `${during.length} requests`);
    assertEquals(outage.time.timers, 0);
  });

  Deno.test(`200 puts on threads ${threads} fail within their deadline when the cluster stays down`, async () => {
    const outage = new Outage();
    if (threads === "known") await outage.puts(200);
    outage.upAt = Infinity;
    const ends = await outage.puts(200);
    for (const { ms, error } of ends) {
      assert(error instanceof KustoUnavailableError, String(error));
      assert(ms <= 30_000, `${ms} ms`);
    }
    assertEquals(outage.time.timers, 0);
  });

  Deno.test(`puts on threads ${threads}, one after the other, fail within their deadline each`, async () => {
    const outage = new Outage({ deadlineMs: 10_000, maxRetries: Infinity });
    const apart = { apartMs: 300, text: "too long for a row ".repeat(3_000), parent: "1" };
    if (threads === "known") await outage.puts(200);
    outage.upAt = Infinity;
    const ends = await outage.puts(200, apart);
    for (const { ms, error } of ends) {
      assert(error instanceof KustoUnavailableError, String(error));
      assert(ms <= 10_000, `${ms} ms`);
    }
    assertEquals(outage.time.timers, 0);
  });
}
