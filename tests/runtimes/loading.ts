// What comes with the main module, and what happens when it is imported.
import { assert, assertEquals } from "@std/assert";
import { bundleChunks, eagerBytes } from "./size.ts";
import { root, run } from "./tools.ts";

const MOST_EAGER_BYTES = 31_500;
const chunks = await bundleChunks();

Deno.test("the main module without LangChain is small: what loads at once, minified and compressed", () => {
  assert(eagerBytes(chunks) <= MOST_EAGER_BYTES, `${eagerBytes(chunks)} bytes`);
});

Deno.test("the README says how large the parts are, to a kilobyte", async () => {
  const readme = (await Deno.readTextFile(`${root}README.md`)).replaceAll(/\s+/g, " ");
  const said = /is (\d+) kB of minified .* at once and (\d+) kB that load when/.exec(readme);
  const eager = eagerBytes(chunks);
  const all = chunks.reduce((sum, { gzipped }) => sum + gzipped, 0);
  for (const [at, bytes] of [eager, all - eager].entries()) {
    assert(Math.abs(Number(said?.[at + 1]) - bytes / 1000) <= 1, `${bytes} bytes`);
  }
});

Deno.test("the bundle of the main module needs LangChain, and nothing else from outside", () => {
  const outside = new Set(chunks.flatMap(({ external }) => external));
  assertEquals([...outside].sort(), ["@langchain/langgraph-checkpoint"]);
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
    assertEquals(chunks.filter((chunk) => chunk.name === name).map(({ isEager }) => isEager), [
      false,
    ]);
  });
}

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
