// The package as npm has it: packed as JSR packs it for Node and Bun, compiled against and run there.
import { assert, assertEquals } from "@std/assert";
import { KustoEmulator } from "../../src/emulator/mod.ts";
import { installTools, programs, root, run, toolPath } from "./tools.ts";

const NAME = "@x/kusto-checkpoint";
/** What npm installs with it, and LangGraph. */
const PEERS = ["@kusto", "@langchain", "decimal.js", "re2js"];

await installTools();
const project = await Deno.makeTempDir();
addEventListener("unload", () => Deno.removeSync(project, { recursive: true }));
const modules = `${project}/node_modules`;

/** Packs the module, and puts it into the project with what it needs beside it. */
async function installPackage(): Promise<void> {
  const tarball = `${project}/package.tgz`;
  await run(Deno.execPath(), ["pack", "--quiet", "--allow-dirty", "--output", tarball]);
  await Deno.mkdir(`${modules}/@x`, { recursive: true });
  await run("tar", ["-xzf", tarball, "-C", `${modules}/@x`]);
  await Deno.rename(`${modules}/@x/package`, `${modules}/${NAME}`);
  for (const peer of PEERS) await Deno.symlink(`${root}node_modules/${peer}`, `${modules}/${peer}`);
  await Deno.symlink(toolPath("@types"), `${modules}/@types`);
  // JSR has it as a package; a checkout has the stand-in.
  const async = `${modules}/@std/async`;
  await Deno.mkdir(async, { recursive: true });
  await Deno.copyFile(`${modules}/${NAME}/tests/stand-ins/async/mod.js`, `${async}/mod.js`);
  const described = JSON.stringify({ type: "module", exports: "./mod.js" });
  await Deno.writeTextFile(`${async}/package.json`, described);
}

/** Writes programs of this repository into the project, as one would write them there. */
async function writePrograms(): Promise<void> {
  const readme = await Deno.readTextFile(`${root}README.md`);
  const programs: Record<string, string> = { readme: /```ts\n(.*?)```/s.exec(readme)![1]! };
  for (const name of ["cli", "command", "smoke"]) {
    programs[name] = await Deno.readTextFile(`${root}tests/runtimes/${name}.ts`);
  }
  for (const [name, text] of Object.entries(programs)) {
    const elsewhere = text
      .replaceAll(/"(?:jsr|npm):(@[\w-]+\/[\w/-]+)(?:@[^"]*)?"/g, '"$1"')
      .replaceAll(
        /"\.\.\/\.\.\/(?:src\/)?(?:(\w+)\/)?mod\.ts"/g,
        (_, room) => JSON.stringify(room === undefined ? NAME : `${NAME}/${room}`),
      )
      .replaceAll("./smoke.ts", "./smoke.js");
    await Deno.writeTextFile(`${project}/${name}.ts`, elsewhere);
  }
  await Deno.writeTextFile(`${project}/package.json`, JSON.stringify({ type: "module" }));
  await Deno.writeTextFile(
    `${project}/tsconfig.json`,
    JSON.stringify({
      compilerOptions: {
        strict: true,
        module: "nodenext",
        target: "es2022",
        lib: ["es2024", "dom", "dom.iterable", "esnext.disposable"],
        types: ["node"],
      },
    }),
  );
}

await installPackage();
await writePrograms();

Deno.test("TypeScript takes programs that use the package, with all checks, its types included", () =>
  run(programs.node20, [toolPath("typescript/bin/tsc"), "--project", project]).then(() => {}));

Deno.test("the package names what its files import", async () => {
  const { dependencies } = JSON.parse(await Deno.readTextFile(`${modules}/${NAME}/package.json`));
  // JSR adds its own: the stand-in of a checkout is no package.
  assertEquals(Object.keys(dependencies).sort(), [
    "@kusto/language-service-next",
    "@langchain/langgraph-checkpoint",
    "decimal.js",
    "re2js",
  ]);
});

for (
  const [name, program] of [
    ["Node 20", programs.node20],
    ["Node 26", programs.nodeCurrent],
    ["Bun", programs.bun],
  ] as const
) {
  Deno.test(`the package on ${name}: the README's first program prints what it says`, async () => {
    assertEquals((await run(program, [`${project}/readme.js`])).trim(), "2");
  });

  Deno.test(`the package on ${name}: an agent stops and resumes`, async () => {
    await using kusto = new KustoEmulator();
    const { url } = await kusto.listen();
    const printed = await run(program, [`${project}/command.js`, url]);
    assertEquals(printed.trim(), "stopped, resumed, listed, deleted");
  });

  Deno.test(`the package on ${name}: the command line says what it can do`, async () => {
    assert((await run(program, [`${project}/cli.js`, "--help"])).includes("doctor"));
  });
}
