import { assert, assertRejects } from "@std/assert";
import { KustoError, KustoSaver, type KustoSaverOptions } from "../mod.ts";
import { KustoClient } from "../src/service/client.ts";
import { settingsFrom } from "../src/config.ts";
import { KustoEmulator, type KustoEmulatorOptions } from "../src/emulator/mod.ts";
import { at, checkpointOf, LOOP } from "./saver/kit.ts";

const page = await Deno.readTextFile(new URL("../docs/troubleshooting.md", import.meta.url));
const tokens = { boss: ["admin"], reader: ["viewer"] } as const;
const still = { sleep: () => Promise.resolve(), maxRetries: 0 };

/** A trouble that users meet, and what provokes it. */
interface Trouble {
  readonly name: string;
  readonly emulator?: KustoEmulatorOptions;
  readonly isProvisioned?: boolean;
  readonly options?: Partial<KustoSaverOptions>;
  readonly provoke: (saver: KustoSaver, emulator: KustoEmulator) => Promise<unknown>;
}

const put = (saver: KustoSaver) => saver.put(at("t"), checkpointOf("1"), LOOP, {});

const troubles: readonly Trouble[] = [
  { name: "table not found", provoke: (saver) => saver.getTuple(at("t")) },
  {
    name: "database not found",
    options: { database: "agent" },
    provoke: (saver) => saver.getTuple(at("t")),
  },
  { name: "what setup() finds missing", provoke: (saver) => saver.setup() },
  {
    name: "a role for reading is missing",
    isProvisioned: true,
    emulator: { tokens: { ...tokens, nobody: ["ingestor"] } },
    options: { credential: () => Promise.resolve("nobody") },
    provoke: (saver) => saver.getTuple(at("t")),
  },
  {
    name: "a role for writing is missing",
    isProvisioned: true,
    emulator: { tokens },
    options: { credential: () => Promise.resolve("reader") },
    provoke: put,
  },
  {
    name: "the cluster does not accept the sign-in",
    isProvisioned: true,
    emulator: { tokens },
    options: { credential: () => Promise.resolve("ended") },
    provoke: (saver) => saver.getTuple(at("t")),
  },
  {
    name: "streaming is off",
    emulator: { streaming: false },
    provoke: async (saver, emulator) => {
      await using inline = open(emulator, { ingestion: "inline" });
      await inline.setup({ provision: true });
      await put(saver);
    },
  },
  {
    name: "streaming does not know the tables of a script yet",
    provoke: async (saver, emulator) => {
      const script = await Deno.readTextFile(new URL("../provision.kql", import.meta.url));
      const admin = new KustoClient(
        settingsFrom({
          connection: "http://localhost",
          database: emulator.database,
          fetch: emulator.fetch,
        }),
      );
      await admin.command(`.execute database script with (ThrowOnErrors=true) <|\n${script}`);
      await put(saver);
    },
  },
  {
    name: "the cluster does not answer",
    options: { ...still, fetch: () => Promise.reject(new TypeError("fetch failed")) },
    provoke: (saver) => saver.getTuple(at("t")),
  },
  {
    name: "the cluster throttles",
    isProvisioned: true,
    options: still,
    provoke: (saver, emulator) => {
      emulator.trouble.add({ kind: "throttle" });
      return saver.getTuple(at("t"));
    },
  },
  {
    name: "an unknown host",
    provoke: () =>
      Promise.resolve().then(() => new KustoSaver({ connection: "https://kusto.example/agents" })),
  },
  {
    name: "the address of a portal",
    provoke: () =>
      Promise.resolve().then(() => {
        const connection = "https://dataexplorer.azure.com/clusters/help/databases/Samples";
        return new KustoSaver({ connection });
      }),
  },
  {
    name: "a keyword that is not known",
    provoke: () =>
      Promise.resolve().then(() => new KustoSaver({ connection: "Data Source=x;Colour=red" })),
  },
  {
    name: "another serializer",
    isProvisioned: true,
    provoke: async (saver, emulator) => {
      await put(saver);
      const serde = {
        dumpsTyped: () => Promise.reject(new Error()),
        loadsTyped: () => Promise.reject(new TypeError()),
      };
      await open(emulator, { serde }).getTuple(at("t"));
    },
  },
];

function open(emulator: KustoEmulator, options: Partial<KustoSaverOptions> = {}): KustoSaver {
  return new KustoSaver({
    connection: "http://localhost",
    database: emulator.database,
    fetch: emulator.fetch,
    ...options,
  });
}

/** A text as it is compared: in one line, without what differs from call to call. */
function withoutIds(text: string): string {
  return text.replaceAll(/[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}/g, "…")
    .replaceAll(/\s+/g, " ");
}

/** The texts that the page has, whole. */
const texts = [...page.matchAll(/^```text\n(.*?)\n```$/gms)].map(([, text]) => withoutIds(text!));

for (const { name, emulator: settings, isProvisioned, options, provoke } of troubles) {
  Deno.test(`troubleshooting has the error text of: ${name}`, async () => {
    await using emulator = new KustoEmulator(settings);
    if (isProvisioned) {
      await using boss = open(emulator, { credential: () => Promise.resolve("boss") });
      await boss.setup({ provision: true });
    }
    await using saver = open(emulator, options);
    const error = await assertRejects(() => provoke(saver, emulator), KustoError);
    const text = withoutIds(error.message.split(/, known are |\n/)[0]!);
    assert(texts.includes(text), text);
  });
}
