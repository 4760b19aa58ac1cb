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
import { splitBundle } from "../../runtimes/size.ts";
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
  const bundleBytes = await addedToBundle();
  await using kusto = await startEmulatorTask();
  const idle = await idleMemory(kusto.url);
  const cold = await coldRequests(kusto.url, effort);
  return {
    values: {
      startImport: Math.max(...Object.values(imports).map(({ library }) => library)),
      startBundle: bundleBytes / 1000,
      startMemory: idle.made / 1000,
      startCold: cold["Cloudflare's workerd"]!.first,
    },
    details: [
      table([
        ["import in a fresh process", "`@langchain/langgraph-checkpoint`", "the library after it"],
        ...Object.entries(imports).map(([runtime, { peer, library }]) => [
          runtime,
          `${figure(peer)} ms`,
          `${figure(library)} ms`,
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

/** Milliseconds to import the library as an application bundles it, and LangGraph's package before it. */
async function importTimes(effort: Effort) {
  await bundle("mod.ts", `${peersFolder}/start`, ["--external:@langchain/*"]);
  const file = `${peersFolder}/import_time.mjs`;
  await Deno.copyFile(`${root}${here}/import_time.mjs`, file);
  const peer: Record<string, number[]> = {};
  const library = await takeTurns(
    effort.rounds(15),
    Object.fromEntries(RUNTIMES.map((runtime) => [runtime, async () => {
      const { program, args } = launchers[runtime];
      const [before, after] = JSON.parse(await run(program, [...args, file])) as [number, number];
      (peer[runtime] ??= []).push(before);
      return after;
    }])),
  );
  return Object.fromEntries(RUNTIMES.map((runtime) => [runtime, {
    peer: median(peer[runtime]!),
    library: median(library[runtime]!),
  }]));
}

/** What the library adds to an application that has LangGraph's package, minified and compressed. */
async function addedToBundle(): Promise<number> {
  const folder = await Deno.makeTempDir({ dir: `${root}node_modules/.cache` });
  const eagerBytes = async (name: string, text: string) => {
    await Deno.writeTextFile(`${folder}/${name}.ts`, text);
    const at = `${folder.slice(root.length)}/${name}.ts`;
    return gzipSync(await bundle(at, `${folder}/${name}`, []), { level: 9 }).length;
  };
  try {
    const without = `export { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";\n`;
    const withLibrary = `${without}export { KustoSaver } from "${root}mod.ts";\n`;
    return await eagerBytes("with", withLibrary) - await eagerBytes("without", without);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Bundles and minifies an entry; gives all that loads at once, in one piece. */
async function bundle(entry: string, folder: string, options: string[]): Promise<Uint8Array> {
  const { eager } = await splitBundle(entry, folder, options);
  const files = await Promise.all([...eager].map((path) => Deno.readFile(`${root}${path}`)));
  return new Uint8Array(await new Blob(files).arrayBuffer());
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
