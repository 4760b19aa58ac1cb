/**
 * Target 6: what the library adds to a start.
 *
 * @module
 */
import { gzipSync } from "node:zlib";
import { KustoSaver } from "../../../mod.ts";
import { startEmulatorTask } from "../../emulator/emulator_task.ts";
import {
  type Served,
  serveOnDeno,
  serveOnEdgeRuntime,
  serveOnWorkerd,
} from "../../runtimes/hosts.ts";
import { FIRST_CALL, loadedWith, splitBundle } from "../../runtimes/size.ts";
import { root, run } from "../../runtimes/tools.ts";
import { at, checkpointOf, LOOP } from "../../saver/kit.ts";
import { type Effort, type Outcome, RUNTIMES } from "../catalogue.ts";
import { launchers, peersFolder } from "../kit/peers.ts";
import { Program } from "../kit/program.ts";
import { median, takeTurns } from "../kit/statistics.ts";
import type { Idle, IdleRequest } from "../programs/idle.ts";
import { figure, table } from "../report.ts";

const here = "tests/bench/programs";
const SAVERS = 200;

/** Measures imports, bundles, memory and the first request of an edge function. */
export async function measureStart(effort: Effort): Promise<Outcome> {
  const imports = await importTimes(effort);
  const added = await addedToBundle();
  await using kusto = await startEmulatorTask();
  const idle = await idleMemory(kusto.url);
  const cold = await coldRequests(kusto.url, effort);
  return {
    values: {
      startImport: Math.max(...Object.values(imports).map(({ library }) => library)),
      startBundle: added.atOnce / 1000,
      startBundleCall: added.firstCall / 1000,
      startMemory: idle.made / 1000,
      startCold: cold["Cloudflare's workerd"]!.first,
    },
    details: [
      table([
        [
          "import in a fresh process",
          "`@langchain/langgraph-checkpoint`",
          "the library after it",
          "what the first call loads",
        ],
        ...Object.entries(imports).map(([runtime, { peer, library, firstCall }]) => [
          runtime,
          `${figure(peer)} ms`,
          `${figure(library)} ms`,
          `${figure(firstCall)} ms`,
        ]),
      ]),
      table([
        ["an edge function that makes a saver and reads a state", "first request", "tenth"],
        ...Object.entries(cold).map(([host, { first, tenth }]) => [
          host,
          `${figure(first)} ms`,
          `${figure(tenth)} ms`,
        ]),
      ]),
      `A saver that was made holds ${figure(idle.made / 1000)} kB, one that has read a state and ` +
      `stored another ${figure(idle.used / 1000)} kB.`,
    ].join("\n\n"),
  };
}

/**
 * Milliseconds to import the library as an application bundles it, LangGraph's package before it, and
 * what the first call loads after it.
 */
async function importTimes(effort: Effort) {
  const folder = `${peersFolder}/start`;
  const bundle = await splitBundle("mod.ts", folder, ["--external:@langchain/*"]);
  const modules = ["mod.ts", FIRST_CALL].map((module) => {
    const path = Object.keys(bundle).find((path) => bundle[path]!.entryPoint === module)!;
    return `./start/${path.slice(path.lastIndexOf("/") + 1)}`;
  });
  const file = `${peersFolder}/import_time.mjs`;
  await Deno.copyFile(`${root}${here}/import_time.mjs`, file);
  const peer: Record<string, number[]> = {};
  const firstCall: Record<string, number[]> = {};
  const library = await takeTurns(
    effort.rounds(15),
    Object.fromEntries(RUNTIMES.map((runtime) => [runtime, async () => {
      const { program, args } = launchers[runtime];
      const printed = await run(program, [...args, file, ...modules]);
      const [before, after, later] = JSON.parse(printed) as [number, number, number];
      (peer[runtime] ??= []).push(before);
      (firstCall[runtime] ??= []).push(later);
      return after;
    }])),
  );
  return Object.fromEntries(RUNTIMES.map((runtime) => [runtime, {
    peer: median(peer[runtime]!),
    library: median(library[runtime]!),
    firstCall: median(firstCall[runtime]!),
  }]));
}

/**
 * What the library adds to an application that has LangGraph's package, minified and compressed: at
 * once, and with the first call.
 */
async function addedToBundle(): Promise<{ atOnce: number; firstCall: number }> {
  const folder = await Deno.makeTempDir({ dir: `${root}node_modules/.cache` });
  const bundled = async (name: string, text: string) => {
    await Deno.writeTextFile(`${folder}/${name}.ts`, text);
    const at = `${folder.slice(root.length)}/${name}.ts`;
    const bundle = await splitBundle(at, `${folder}/${name}`, []);
    return { bundle, eager: loadedWith(bundle, at) };
  };
  try {
    const without = `export { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";\n`;
    const withLibrary = `${without}export { KustoSaver } from "${root}mod.ts";\n`;
    const before = await compressedBytes((await bundled("without", without)).eager);
    const { bundle, eager } = await bundled("with", withLibrary);
    const atOnce = await compressedBytes(eager);
    const used = await compressedBytes(eager.union(loadedWith(bundle, FIRST_CALL)));
    return { atOnce: atOnce - before, firstCall: used - atOnce };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** How large some parts of a bundle are in one piece, compressed. */
async function compressedBytes(paths: ReadonlySet<string>): Promise<number> {
  const files = await Promise.all([...paths].map((path) => Deno.readFile(`${root}${path}`)));
  return gzipSync(await new Blob(files).bytes(), { level: 9 }).length;
}

async function idleMemory(url: string): Promise<Idle> {
  await using program = await Program.start("idle", "Deno", ["--v8-flags=--expose-gc"]);
  return await program.ask<Idle>({ url, savers: SAVERS } satisfies IdleRequest);
}

/** Milliseconds until an edge function in a fresh process has read a state, and again later. */
async function coldRequests(kusto: string, effort: Effort) {
  const saver = new KustoSaver({ connection: kusto, database: "NetDefaultDB" });
  await saver.put(at("cold"), checkpointOf("1", { text: "lorem ipsum ".repeat(100) }), LOOP, {});
  // The embedded Kusto reads the text of a query once.
  await saver.getTuple(at("cold"));
  await saver.close();
  const hosts: Record<string, () => Promise<Served>> = {
    "Deno": () => serveOnDeno(`${here}/edge_worker.ts`),
    "Cloudflare's workerd": () => serveOnWorkerd(`${here}/edge_worker.ts`),
    "Vercel's edge runtime": () => serveOnEdgeRuntime(`${here}/edge_function.ts`),
  };
  const found: Record<string, { first: number; tenth: number }> = {};
  for (const [host, serve] of Object.entries(hosts)) {
    const [first, tenth]: [number[], number[]] = [[], []];
    for (let round = 0; round < effort.rounds(5); round++) {
      await using server = await serve();
      const times: number[] = [];
      for (let n = 0; n < 10; n++) {
        const begun = performance.now();
        const answer = await fetch(`${server.url}/?thread=cold&kusto=${encodeURIComponent(kusto)}`);
        if (await answer.text() !== "1") throw new Error(`${host} does not read the state`);
        times.push(performance.now() - begun);
      }
      first.push(times[0]!);
      tenth.push(times[9]!);
    }
    found[host] = { first: median(first), tenth: median(tenth) };
  }
  return found;
}
