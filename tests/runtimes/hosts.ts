/**
 * Servers that run an edge function, each in a fresh process: an isolate that knows nothing yet.
 *
 * @module
 */
import { bundle } from "./bundle.ts";
import { programs, root, tools } from "./tools.ts";

/** A function that is being served. */
export interface Served extends AsyncDisposable {
  readonly url: string;
}

/** Serves a module whose default export is `{ fetch }` with `deno serve`. */
export function serveOnDeno(entry: string, env: Record<string, string> = {}): Promise<Served> {
  const args = ["serve", "-A", "--host=127.0.0.1", "--port=0", `${root}${entry}`];
  return serve(Deno.execPath(), args, env, /http:\/\/127\.0\.0\.1:(\d+)/);
}

/** Serves a module whose default export is `{ fetch }` with Cloudflare's workerd. */
export async function serveOnWorkerd(
  entry: string,
  env: Record<string, string> = {},
): Promise<Served> {
  const folder = await Deno.makeTempDir();
  const file = `${folder}/worker.mjs`;
  const external = ["node:async_hooks"];
  await bundle(entry, file, { platform: "browser", format: "esm", external });
  await Deno.writeTextFile(`${folder}/config.capnp`, workerdConfig(Object.keys(env)));
  const args = ["serve", "--control-fd=1", `${folder}/config.capnp`];
  return serve(programs.workerd, args, env, /"port":(\d+)/, folder);
}

function workerdConfig(variables: readonly string[]): string {
  const bindings = variables.map((name) => `(name = "${name}", fromEnvironment = "${name}")`);
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (
      name = "function",
      worker = (
        modules = [(name = "worker", esModule = embed "worker.mjs")],
        bindings = [${bindings.join(", ")}],
        compatibilityDate = "2026-11-01",
        compatibilityFlags = ["nodejs_als"],
        globalOutbound = "loopback",
      ),
    ),
    # The embedded Kusto listens on this machine, which workerd does not reach by default.
    (name = "loopback", network = (allow = ["private"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "function")],
);
`;
}

/** Serves a module whose default export is a handler with Vercel's edge runtime. */
export async function serveOnEdgeRuntime(
  entry: string,
  env: Record<string, string> = {},
): Promise<Served> {
  const folder = await Deno.makeTempDir();
  const file = `${folder}/function.js`;
  await bundle(entry, file, { platform: "browser", format: "iife", globalName: "entry" });
  // The runtime knows handlers as listeners.
  const listener = 'addEventListener("fetch", (e) => e.respondWith(entry.default(e.request)));\n';
  await Deno.writeTextFile(file, listener, { append: true });
  const args = [`${root}tests/runtimes/edge_host.mjs`, tools, file];
  return serve(programs.nodeCurrent, args, env, /http:\/\/.*:(\d+)/, folder);
}

async function serve(
  program: string,
  args: string[],
  env: Record<string, string>,
  port: RegExp,
  folder?: string,
): Promise<Served> {
  const server = new Deno.Command(program, {
    args,
    env,
    cwd: root,
    stdout: "piped",
    stderr: "piped",
  })
    .spawn();
  const end = async () => {
    try {
      server.kill();
    } catch {
      // It has ended by itself.
    }
    await server.status;
    if (folder) await Deno.remove(folder, { recursive: true });
  };
  try {
    const found = await Promise.any([wordOf(server.stdout, port), wordOf(server.stderr, port)]);
    return { url: `http://127.0.0.1:${found}`, [Symbol.asyncDispose]: end };
  } catch (error) {
    await end();
    throw error;
  }
}

/** The first match in what a program says; reads on, so that it is never held up. */
function wordOf(stream: ReadableStream<BufferSource>, pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    (async () => {
      let said = "";
      for await (const text of stream.pipeThrough(new TextDecoderStream())) {
        said += text;
        const word = pattern.exec(said)?.[1];
        if (word) resolve(word);
      }
      reject(new Error(`The server ended: ${said}`));
    })();
  });
}
