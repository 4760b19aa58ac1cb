// What comes with the main module, and what happens when it is imported.
import { assert, assertEquals } from "@std/assert";
import { bundleChunks, bytesAt, loadedWith, type Moment, splitBundle } from "./size.ts";
import { root, run } from "./tools.ts";

/** Minified and compressed. What is needed now and then may be larger. */
const MOST_BYTES: readonly (readonly [Moment, number])[] = [
  ["at once", 15_000],
  ["with the first call", 19_000],
];
const chunks = await bundleChunks();

for (const [moment, most] of MOST_BYTES) {
  Deno.test(`the library without LangChain is small: what loads ${moment}`, () => {
    assert(bytesAt(moment, chunks) <= most, `${bytesAt(moment, chunks)} bytes`);
  });
}

Deno.test("the README says how large the parts are, to a kilobyte", async () => {
  const readme = (await Deno.readTextFile(`${root}README.md`)).replaceAll(/\s+/g, " ");
  const said = /is (\d+) kB of minified .* (\d+) kB with the first .* (\d+) kB when/.exec(readme);
  const moments: readonly Moment[] = ["at once", "with the first call", "when needed"];
  for (const [at, moment] of moments.entries()) {
    const bytes = bytesAt(moment, chunks);
    assert(Math.abs(Number(said?.[at + 1]) - bytes / 1000) <= 1, `${moment}: ${bytes} bytes`);
  }
});

Deno.test("the bundle of the main module needs LangChain, and nothing else from outside", () => {
  const outside = new Set(chunks.flatMap(({ external }) => external));
  assertEquals([...outside].sort(), ["@langchain/langgraph-checkpoint"]);
});

Deno.test("what talks to the database loads with the first call", () => {
  assertEquals(chunks.find(({ name }) => name === "src/database.ts")?.loads, "with the first call");
});

const LATER = [
  "src/reading/delta_history.ts",
  "src/reading/listing.ts",
  "src/operations/operations.ts",
  "src/setup/provision_text.ts",
  "src/setup/setup.ts",
  "src/service/sign_in.ts",
  "src/observability/telemetry.ts",
  "src/operations/thread_deletion.ts",
];

for (const name of LATER) {
  Deno.test(`${name} loads when first needed`, () => {
    assertEquals(chunks.find((chunk) => chunk.name === name)?.loads, "when needed");
  });
}

Deno.test("without the parts that load later a saver is made and closed; calls alone say that they are missing", async () => {
  const folder = await Deno.makeTempDir({ dir: `${root}node_modules/.cache` });
  try {
    const bundle = await splitBundle("mod.ts", folder, ["--external:@langchain/*"]);
    const atOnce = loadedWith(bundle, "mod.ts");
    for (const path of Object.keys(bundle)) {
      if (!atOnce.has(path)) await Deno.remove(`${root}${path}`);
    }
    await Deno.writeTextFile(
      `${folder}/main.mjs`,
      `
      import { KustoSaver } from "./mod.js";
      const options = { connection: "http://localhost", database: "d" };
      const idle = new KustoSaver(options);
      await idle.flush();
      await idle.close();
      const saver = new KustoSaver(options);
      const config = { configurable: { thread_id: "t", checkpoint_ns: "", checkpoint_id: "1" } };
      const calls = [saver.getTuple(config), saver.putWrites(config, [["a", 1]], "task")];
      const ends = [saver.flush(), saver.close()];
      const outcomes = await Promise.allSettled([...calls, ...ends]);
      console.log(outcomes.map(({ status }) => status).join());
      `,
    );
    const printed = await run(Deno.execPath(), ["run", "-A", "--quiet", `${folder}/main.mjs`]);
    assertEquals(printed.trim(), "rejected,rejected,fulfilled,fulfilled");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** A project elsewhere that uses the main module, with nothing in its cache. */
async function projectElsewhere(main: string): Promise<string> {
  const folder = await Deno.makeTempDir();
  const { imports } = JSON.parse(await Deno.readTextFile(`${root}deno.json`));
  const needed = Object.entries(imports).filter(([name]) => name.startsWith("@langchain/"));
  await Deno.writeTextFile(
    `${folder}/deno.json`,
    JSON.stringify({
      imports: {
        ...Object.fromEntries(needed),
        "@std/async": `file://${root}tests/stand-ins/async/mod.ts`,
        "@x/kusto-checkpoint": `file://${root}mod.ts`,
      },
    }),
  );
  await Deno.writeTextFile(`${folder}/main.ts`, main);
  return folder;
}

Deno.test("importing the main module from elsewhere does nothing, and fetches no more than LangChain", async () => {
  const folder = await projectElsewhere(`
    import "@langchain/langgraph-checkpoint";
    const refuse = (name) => () => { throw new Error(name + " was called"); };
    for (const name of ["fetch", "setTimeout", "setInterval", "queueMicrotask"]) {
      globalThis[name] = refuse(name);
    }
    Date.now = refuse("Date.now");
    Math.random = refuse("Math.random");
    crypto.randomUUID = refuse("randomUUID");
    const before = Object.keys(globalThis).join();
    const { KustoSaver } = await import("@x/kusto-checkpoint");
    console.log(typeof KustoSaver, Object.keys(globalThis).join() === before);
  `);
  try {
    const cache = `${folder}/cache`;
    // Without a permission: it reads no file and no variable.
    const args = ["run", "--no-prompt", "--no-check", "--quiet", `--config=${folder}/deno.json`];
    const printed = await run(Deno.execPath(), [...args, `${folder}/main.ts`], { DENO_DIR: cache });
    assertEquals(printed.trim(), "function true");
    const fetched = [...Deno.readDirSync(`${cache}/npm`)].flatMap((registry) =>
      [...Deno.readDirSync(`${cache}/npm/${registry.name}`)].map(({ name }) => name)
    );
    assert(fetched.includes("@langchain"));
    assertEquals(fetched.filter((name) => name === "@azure" || name === "@kusto"), []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
