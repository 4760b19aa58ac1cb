// Serves a bundle in Vercel's edge runtime under Node, on a free port: edge_host.mjs TOOLS BUNDLE.
import { AsyncLocalStorage } from "node:async_hooks";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import process from "node:process";

const [tools, bundle] = process.argv.slice(2);
const { EdgeRuntime, runServer } = createRequire(`${tools}/`)("edge-runtime");
const runtime = new EdgeRuntime({
  initialCode: await readFile(bundle, "utf8"),
  // The package leaves these to its host, as Vercel's own is.
  extend: (context) => Object.assign(context, { AsyncLocalStorage, process: { env: process.env } }),
});
const { url } = await runServer({ runtime, host: "127.0.0.1", port: 0 });
console.log(`Listening on ${url}`);
