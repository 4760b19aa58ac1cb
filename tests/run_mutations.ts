/**
 * Breaks the code on purpose, one fault at a time, and demands that the test named for it fails.
 *
 *     deno task test:mutations [--area NAME]... [--jobs N]
 *
 * @module
 */
import { parseArgs } from "node:util";
import { mutate, type Mutation, readAreas, ROOT } from "./mutation_kit.ts";

/** A fault that makes a test wait for ever is noticed, but not waited for. */
const LONGEST_TEST_MS = 180_000;

type Outcome = "passed" | "failed" | "did not run" | "did not end";

interface Finding {
  readonly area: string;
  readonly mutation: Mutation;
  readonly unbroken: Outcome;
  readonly broken: Outcome;
}

/** A copy of the repository in which tests run. */
class Copy {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async make(): Promise<Copy> {
    const folder = await Deno.makeTempDir({ prefix: "mutations-" });
    const { stdout } = await new Deno.Command("git", {
      args: ["ls-files", "--cached", "--others", "--exclude-standard", "-z"],
      cwd: ROOT,
    }).output();
    for (const path of new TextDecoder().decode(stdout).split("\0").filter((path) => path)) {
      const target = `${folder}/${path}`;
      await Deno.mkdir(target.slice(0, target.lastIndexOf("/")), { recursive: true });
      await Deno.copyFile(new URL(path, ROOT), target);
    }
    await Deno.symlink(new URL("node_modules", ROOT), `${folder}/node_modules`);
    return new Copy(folder);
  }

  /** Runs the test of a mutation with the fault in place. */
  async runBroken(mutation: Mutation): Promise<Outcome> {
    const path = `${this.#folder}/${mutation.file}`;
    const source = await Deno.readTextFile(path);
    await Deno.writeTextFile(path, mutate(source, mutation));
    try {
      return await this.run(mutation);
    } finally {
      await Deno.writeTextFile(path, source);
    }
  }

  /** Runs the test of a mutation on the code as it is; types are not checked, a test must notice. */
  async run({ test, title }: Mutation): Promise<Outcome> {
    const child = new Deno.Command(Deno.execPath(), {
      args: ["test", "-A", "--quiet", "--no-check", "--reporter=tap", "--filter", title, test],
      cwd: this.#folder,
      env: { NO_COLOR: "1" },
      stderr: "null",
      stdout: "piped",
    }).spawn();
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      child.kill("SIGKILL");
    }, LONGEST_TEST_MS);
    const { stdout, success } = await child.output();
    clearTimeout(timer);
    if (isLate) return "did not end";
    const report = new TextDecoder().decode(stdout);
    if (/^not ok /m.test(report)) return "failed";
    return success && /^ok /m.test(report) ? "passed" : "did not run";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.#folder, { recursive: true });
  }
}

/** Tries mutations, `jobs` at a time. */
async function tryAll(
  mutations: readonly (readonly [area: string, mutation: Mutation])[],
  jobs: number,
): Promise<Finding[]> {
  const unbroken = new Map<string, Promise<Outcome>>();
  const findings: Finding[] = [];
  const queue = mutations.values();
  await Promise.all(Array.from({ length: jobs }, async () => {
    await using copy = await Copy.make();
    for (const [area, mutation] of queue) {
      const key = `${mutation.test} ${mutation.title}`;
      if (!unbroken.has(key)) unbroken.set(key, copy.run(mutation));
      const finding = {
        area,
        mutation,
        unbroken: await unbroken.get(key)!,
        broken: await copy.runBroken(mutation),
      };
      findings.push(finding);
      console.log(line(finding));
    }
  }));
  return findings;
}

function isCaught({ unbroken, broken }: Finding): boolean {
  return unbroken === "passed" && (broken === "failed" || broken === "did not end");
}

function line(finding: Finding): string {
  const { area, mutation: { guards, fault, test, title }, unbroken, broken } = finding;
  const verdict = isCaught(finding) ? "caught  " : unbroken === "passed" ? "SURVIVED" : "NO PROOF";
  const why = isCaught(finding)
    ? ""
    : `\n          ${test}, "${title}": ${unbroken} without the fault, ${broken} with it`;
  return `${verdict}  ${area.padEnd(12)}  ${guards.padEnd(4)}  the code ${fault}${why}`;
}

/** What the command line asks for: areas, all where none is named, and how many run at once. */
function readOptions(known: Iterable<string>): { areas: readonly string[]; jobs: number } {
  const all = [...known];
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      area: { type: "string", multiple: true, default: all },
      jobs: { type: "string", default: "1" },
    },
  });
  const stranger = values.area.find((area) => !all.includes(area));
  if (stranger !== undefined) throw new TypeError(`There is no area "${stranger}"`);
  const jobs = Number(values.jobs);
  if (!Number.isInteger(jobs) || jobs < 1) throw new TypeError("--jobs must be a number from 1 on");
  return { areas: values.area, jobs };
}

if (import.meta.main) {
  const known = await readAreas();
  let options: ReturnType<typeof readOptions>;
  try {
    options = readOptions(known.keys());
  } catch (error) {
    console.error(
      `${(error as Error).message}

Usage: deno task test:mutations [--area NAME]... [--jobs N]

Areas: ${[...known.keys()].join(", ")}`,
    );
    Deno.exit(2);
  }
  const mutations = options.areas
    .flatMap((area) => known.get(area)!.map((mutation) => [area, mutation] as const));
  const findings = await tryAll(mutations, options.jobs);
  const missed = findings.filter((finding) => !isCaught(finding));
  console.log(`\n${findings.length - missed.length} of ${findings.length} faults caught`);
  Deno.exit(missed.length === 0 ? 0 : 1);
}
