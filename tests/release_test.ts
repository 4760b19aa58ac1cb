import { assert, assertEquals } from "@std/assert";
import { VERSION } from "../src/version.ts";

const ROOT = new URL("../", import.meta.url);

function read(path: string): Promise<string> {
  return Deno.readTextFile(new URL(path, ROOT));
}

async function run(program: string, args: string[]): Promise<string> {
  const command = new Deno.Command(program, { args, cwd: ROOT, env: { NO_COLOR: "1" } });
  const { success, stdout, stderr } = await command.output();
  const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  assert(success, said);
  return said;
}

/** The files below a folder, as paths from the root. */
async function filesBelow(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(new URL(folder, ROOT))) {
    if (isDirectory) found.push(...await filesBelow(`${folder}${name}/`));
    else found.push(`${folder}${name}`);
  }
  return found;
}

// Fails on slow types too.
const said = await run(Deno.execPath(), ["publish", "--dry-run", "--allow-dirty"]);
const published = [...said.matchAll(/^ +(file:\S+) \([\d.]+[KM]?B\)$/gm)]
  .map(([, url]) => url!.slice(ROOT.href.length));

Deno.test("what is published is the sources, the script and what a user reads, and nothing else", async () => {
  const wanted = ["CHANGELOG.md", "LICENSE", "README.md", "deno.json", "mod.ts", "provision.kql"];
  wanted.push(...await filesBelow("src/"), ...await filesBelow("docs/"));
  assertEquals(published.toSorted(), wanted.sort());
});

Deno.test("no page that is published has a link that leads nowhere", async () => {
  for (const page of published.filter((path) => path.endsWith(".md"))) {
    for (const [, link] of (await read(page)).matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)) {
      await Deno.stat(new URL(link!, new URL(page, ROOT)));
    }
  }
});

Deno.test("the version is the same everywhere", async () => {
  const { version } = JSON.parse(await read("deno.json"));
  assert((await read("CHANGELOG.md")).includes(`\n## ${version} - `));
  assertEquals(VERSION, version);
});

Deno.test("deno.jsr.json takes the packages of JSR, not the stand-ins", async () => {
  const { imports, workspace } = JSON.parse(await read("deno.jsr.json"));
  assertEquals(workspace, undefined);
  for (const name of ["@std/assert", "@std/async"]) assert(imports[name].startsWith("jsr:"));
});

Deno.test("the workflow publishes with provenance, and without a secret", async () => {
  const workflow = await read(".github/workflows/ci.yml");
  assert(workflow.includes("id-token: write") && !workflow.includes("secrets."));
});
