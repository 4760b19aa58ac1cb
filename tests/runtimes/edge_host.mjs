// Runs a bundle in Vercel's edge runtime under Node: edge_host.mjs TOOLS BUNDLE KUSTO.
import { AsyncLocalStorage } from "node:async_hooks";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import process from "node:process";

const [tools, bundle, kusto] = process.argv.slice(2);
const { EdgeRuntime } = createRequire(`${tools}/`)("edge-runtime");
const runtime = new EdgeRuntime({
  initialCode: await readFile(bundle, "utf8"),
  // The package leaves it to its host, as Vercel's own is.
  extend: (context) => Object.assign(context, { AsyncLocalStorage }),
});
const response = await runtime.dispatchFetch(
  `http://edge.example/?kusto=${encodeURIComponent(kusto)}`,
);
console.log(await response.text());
process.exitCode = response.ok ? 0 : 1;
