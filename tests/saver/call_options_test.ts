// What types forbid, plain JavaScript still passes: bad options of calls, refused before anything is sent.
import { assertEquals, assertRejects } from "@std/assert";
import { MemorySaver } from "@langchain/langgraph-checkpoint";
import { KustoInputError, type KustoSaver } from "../../mod.ts";
import { at, checkpointOf, Lab, LOOP } from "./kit.ts";

type Call = (saver: KustoSaver, options: never) => Promise<unknown>;

const CALLS: Readonly<Record<string, Call>> = {
  setup: (saver, options) => saver.setup(options),
  listThreads: (saver, options) => Array.fromAsync(saver.listThreads(options)),
  copyThread: (saver, options) => saver.copyThread("a", "b", options),
  copyFrom: (saver, options) => saver.copyFrom(new MemorySaver(), ["a"], options),
  prune: (saver, options) => saver.prune(options),
  deleteForRuns: (saver, options) => saver.deleteForRuns(["run"], options),
  purgeDeletedThreads: (saver, options) => saver.purgeDeletedThreads(options),
};

async function assertRefused(call: Call, options: unknown, said: string): Promise<void> {
  await using lab = await Lab.open();
  await assertRejects(() => call(lab.saver(), options as never), KustoInputError, said);
  assertEquals(lab.requests(), []);
}

for (const [name, call] of Object.entries(CALLS)) {
  const needed = name === "prune" ? { threadIds: ["a"], strategy: "delete" } : {};

  // Whoever passes it to prune() or a purge means that nothing be removed.
  Deno.test(`${name}() refuses an option that it does not know`, () =>
    assertRefused(call, { ...needed, dryRun: true }, 'there is no option "dryRun", pass only '));

  Deno.test(`${name}() refuses options that are no object`, () =>
    assertRefused(call, "all", "the options are of type string, pass an object"));

  Deno.test(`${name}() takes options that are undefined for none`, async () => {
    await using lab = await Lab.open();
    await call(lab.saver(), { ...needed, signal: undefined, onProgress: undefined } as never);
  });

  if (name === "setup") continue;
  Deno.test(`${name}() refuses a controller in place of its signal`, () =>
    assertRefused(
      call,
      { ...needed, signal: new AbortController() },
      '"signal" must be an AbortSignal, such as the signal of an AbortController',
    ));

  if (name === "listThreads") continue;
  Deno.test(`${name}() refuses to tell its progress to what is no function`, () =>
    assertRefused(call, { ...needed, onProgress: true }, '"onProgress" must be a function'));
}

for (const name of Object.keys(CALLS)) {
  Deno.test(`${name}() refuses null for its options`, () =>
    assertRefused(CALLS[name]!, null, "the options are null, pass an object"));
}

for (const provision of ["false", 1, null]) {
  // A text in a variable's place is true, whatever it says.
  Deno.test(`setup() refuses to provision by ${JSON.stringify(provision)}`, () =>
    assertRefused(CALLS.setup!, { provision }, '"provision" must be true or false'));
}

const CONFIGURATIONS: readonly unknown[] = [undefined, null, "t", { configurable: "t" }];

for (const config of CONFIGURATIONS) {
  Deno.test(`The configuration ${JSON.stringify(config)} is refused`, async () => {
    await using lab = await Lab.open();
    const saver = lab.saver();
    const given = config as never;
    for (
      const call of [
        () => saver.getTuple(given),
        () => Array.fromAsync(saver.list(given)),
        () => saver.put(given, checkpointOf("1"), LOOP, {}),
        () => saver.putWrites(given, [["a", 1]], "task"),
      ]
    ) {
      await assertRejects(call, KustoInputError, '{ configurable: { thread_id: "..." } }');
    }
    assertEquals(lab.requests(), []);
  });
}

const WRITES:
  readonly (readonly [field: string, channel: unknown, task: unknown, path: unknown])[] = [
    ["channel", null, "task", ""],
    ["channel", 7, "task", ""],
    ["task_id", "a", undefined, ""],
    ["task_id", "a", {}, ""],
    ["task_path", "a", "task", null],
    ["task_path", "a", "task", ["~", 1]],
  ];

for (const [field, channel, task, path] of WRITES) {
  const is = { channel, task_id: task, task_path: path }[field];
  Deno.test(`putWrites() refuses ${Deno.inspect(is)} as ${field}`, async () => {
    await using lab = await Lab.open();
    const saver = lab.saver();
    const put = () =>
      saver.putWrites(at("t", "1"), [[channel as string, 1]], task as string, path as string);
    await assertRejects(put, KustoInputError, `Cannot use "${field}": it is of type ${typeof is}`);
    assertEquals(lab.requests().filter((request) => request !== "query"), []);
  });
}

const ARGUMENTS:
  readonly (readonly [said: string, call: (saver: KustoSaver) => Promise<unknown>])[] = [
    ...[null, undefined, "1"].map((bad) =>
      [
        `"checkpoint" is ${bad === null ? "null" : `of type ${typeof bad}`}, it must be an object`,
        (saver: KustoSaver) => saver.put(at("t"), bad as never, LOOP, {}),
      ] as const
    ),
    ['"checkpoint.id" is missing', (saver) => saver.put(at("t"), {} as never, LOOP, {})],
    [
      '"metadata" is null, it must be',
      (saver) => saver.put(at("t"), checkpointOf("1"), null as never),
    ],
    ['"metadata" is of type number', (saver) => saver.put(at("t"), checkpointOf("1"), 5 as never)],
    ...[null, "writes", { a: 1 }, ["ab"], [["a", 1], null]].map((bad) =>
      [
        '"writes" must be a list of pairs of a channel and a value',
        (saver: KustoSaver) => saver.putWrites(at("t", "1"), bad as never, "task"),
      ] as const
    ),
    [
      '"newVersions" is null, it must be',
      (saver) => saver.put(at("t"), checkpointOf("1"), LOOP, null as never),
    ],
    [
      '"filter" is of type string, it must be',
      (saver) => Array.fromAsync(saver.list(at("t"), { filter: "source" as never })),
    ],
    ['"options" is null', (saver) => saver.getDeltaChannelHistory(null as never)],
    ...[undefined, "log", [7]].map((bad) =>
      [
        '"channels" must be a list of names',
        (saver: KustoSaver) =>
          saver.getDeltaChannelHistory({ config: at("t"), channels: bad as never }),
      ] as const
    ),
  ];

for (const [number, [said, call]] of ARGUMENTS.entries()) {
  Deno.test(`A bad argument is told, ${number + 1}: ${said}`, async () => {
    await using lab = await Lab.open();
    await assertRejects(() => call(lab.saver()), KustoInputError, said);
    assertEquals(lab.requests(), []);
  });
}

Deno.test("list() takes null for its options as none", async () => {
  await using lab = await Lab.open();
  const saver = lab.saver();
  await saver.put(at("t"), checkpointOf("1"), LOOP, {});
  assertEquals((await Array.fromAsync(saver.list(at("t"), null as never))).length, 1);
});

Deno.test("list() says that a limit of NaN is none", async () => {
  await using lab = await Lab.open();
  const list = () => Array.fromAsync(lab.saver().list(at("t"), { limit: NaN }));
  await assertRejects(list, KustoInputError, '"limit" is NaN, it must be a number');
});
