import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { EmulatorError, KustoEmulator } from "../../src/emulator/mod.ts";
import { openSqliteStore } from "../../src/emulator/storage/sqlite_store.ts";
import { type Frame, Service, streamable } from "./service.ts";

const ROOT = new URL("../..", import.meta.url);

async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("rows, views, functions, mappings and policies come back from the folder", async () => {
  await inFolder(async (folder) => {
    const first = new Service({ folder });
    await first.run(
      ...streamable(
        "T",
        "s:string, l:long, r:real, c:decimal, t:datetime, p:timespan, g:guid, b:bool, d:dynamic",
      ),
      ".create materialized-view V on table T { T | summarize arg_max(l, *) by s }",
      ".create function F() { T | count }",
      `.create table T ingestion json mapping "M" '[{"column":"s","path":"$.x"}]'`,
      ".alter-merge table T policy retention softdelete = 7d recoverability = disabled",
      ".alter column T.s policy encoding type='Identifier'",
      ".clear database cache streamingingestion schema",
    );
    await first.stream(
      "T",
      '{"s":"é\\n","l":9223372036854775807,"r":0.1,"c":"1.25","t":"2024-01-02T03:04:05.1234567Z","p":"1.02:03:04","g":"74be27de-1e4e-49d9-b579-fe0b331d3642","b":true,"d":{"k":[1,9007199254740993,"2024-01-01","x",null]}}',
    );
    await first.rows("V");
    await first.stream("T", '{"s":"b","l":1}\n{"s":"é\\n","l":2}');
    const before = [
      (await first.query("T | extend t1 = gettype(d.k[2])")).text.match(
        /"PrimaryResult".*?\]\]/,
      )![0],
      await first.rows("V | order by s asc"),
    ];
    await first.emulator.close();
    const second = new Service({ folder });
    assertEquals([
      (await second.query("T | extend t1 = gettype(d.k[2])")).text.match(
        /"PrimaryResult".*?\]\]/,
      )![0],
      await second.rows("V | order by s asc"),
    ], before);
    assertEquals(await second.rows("F"), [[3]]);
    const [policy] = await second.show(".show table T policy retention");
    assertStringIncludes(String(policy!["Policy"]), "7.00:00:00");
    const [encoding] = await second.show(".show column T.s policy encoding");
    assertStringIncludes(String(encoding!["Policy"]), "Identifier");
    assertEquals(
      (await second.stream("T", '{"x":"c"}', "streamFormat=Json&mappingName=M")).status,
      200,
    );
    assertEquals(await second.rows("V | where s == 'c' | project s"), [["c"]]);
    await second.emulator.close();
  });
});

Deno.test("what was deleted stays deleted, and views stay unmoved by it, across restarts", async () => {
  await inFolder(async (folder) => {
    const first = new Service({ folder });
    await first.run(
      ...streamable("T", "a:string, n:long"),
      ".create materialized-view V on table T { T | summarize max(n) by a }",
    );
    await first.stream("T", '{"a":"x","n":1}\n{"a":"y","n":2}');
    await first.run(".delete table T records <| T | where a == 'x'", ".clear table T data");
    await first.emulator.close();
    const second = new Service({ folder });
    assertEquals(await second.rows("T"), []);
    assertEquals(await second.rows("V | order by a asc"), [["x", 1], ["y", 2]]);
    await second.stream("T", '{"a":"x","n":7}');
    await second.emulator.close();
    const third = new Service({ folder });
    assertEquals(await third.rows("V | order by a asc"), [["x", 7], ["y", 2]]);
    await third.run(".drop materialized-view V", ".drop table T");
    await third.emulator.close();
    const fourth = new Service({ folder });
    assertEquals(await fourth.show(".show tables"), []);
    await fourth.emulator.close();
  });
});

Deno.test("a folder that is in use is refused, and free again after close()", async () => {
  await inFolder(async (folder) => {
    const first = new Service({ folder });
    await first.emulator.open();
    const second = new Service({ folder });
    const error = await assertRejects(() => second.emulator.open(), EmulatorError);
    assertEquals(error.code, "FOLDER_IN_USE");
    await second.emulator.close();
    await first.emulator.close();
    const third = new Service({ folder });
    await third.emulator.open();
    await third.emulator.close();
  });
});

Deno.test("a closed emulator refuses requests", async () => {
  const service = new Service();
  await service.query("print 1");
  await service.emulator.close();
  const error = await assertRejects(() => service.query("print 1"), EmulatorError);
  assertEquals(error.code, "CLOSED");
});

Deno.test("a folder whose file is no database is refused, and the file stays as it is", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}/kusto.sqlite`;
    await Deno.writeTextFile(path, "no database, but long enough to look like one ".repeat(100));
    const before = await Deno.readFile(path);
    const emulator = new KustoEmulator({ folder });
    const error = await assertRejects(() => emulator.open(), EmulatorError);
    assertEquals(error.code, "FOLDER_UNREADABLE");
    assertEquals(await Deno.readFile(path), before);
  });
});

Deno.test("a runtime without node:sqlite is told so, and the folder is not made", async () => {
  await inFolder(async (parent) => {
    const folder = `${parent}/new`;
    const missing = () => Promise.reject(new TypeError("No such built-in module: node:sqlite"));
    const error = await assertRejects(() => openSqliteStore(folder, missing), EmulatorError);
    assertEquals(error.code, "NO_SQLITE");
    assertStringIncludes(error.message, "Node.js from version 22");
    await assertRejects(() => Deno.stat(folder), Deno.errors.NotFound);
  });
});

interface Process {
  readonly child: Deno.ChildProcess;
  readonly url: string;
}

/** Runs the emulator as a process of its own, without the right to write where there is no folder. */
async function start(folder?: string): Promise<Process> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      ...(folder === undefined
        ? ["--allow-net", "--allow-read", "--allow-env", "--deny-write"]
        : ["-A"]),
      "src/emulator/main.ts",
      "--port",
      "0",
      ...(folder === undefined ? [] : ["--data", folder]),
    ],
    cwd: ROOT,
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let said = "";
  while (!said.includes("\n")) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`The emulator ended: ${said}`);
    said += value;
  }
  await reader.cancel();
  return { child, url: /Listening on (\S+)/.exec(said)![1]! };
}

async function end({ child }: Process, signal: Deno.Signal): Promise<Deno.CommandStatus> {
  child.kill(signal);
  return await child.status;
}

async function command(url: string, csl: string): Promise<void> {
  const body = JSON.stringify({ db: "NetDefaultDB", csl });
  const answer = await fetch(`${url}/v1/rest/mgmt`, { method: "POST", body });
  assertEquals(answer.status, 200, await answer.text());
}

/** The rows of every table that a query gives. */
async function rows(url: string, csl: string): Promise<unknown[][][]> {
  const body = JSON.stringify({ db: "NetDefaultDB", csl });
  const answer = await fetch(`${url}/v2/rest/query`, { method: "POST", body });
  const frames = await answer.json() as Frame[];
  return frames.filter(({ TableKind }) => TableKind === "PrimaryResult")
    .map(({ Rows }) => [...Rows!]);
}

/** Streams rows of eight writers at once until the process is gone; gives the numbers that were acknowledged. */
async function streamUntilKilled(
  process: Process,
  first: number,
  kills: number,
): Promise<number[]> {
  const acknowledged: number[] = [];
  let next = first;
  let killed: Promise<unknown> | undefined;
  const write = async (): Promise<void> => {
    for (;;) {
      const n = next++;
      const body = `{"n":${n},"k":"k${n % 5}","s":"${"x".repeat(2_000)}"}`;
      const path = "v1/rest/ingest/NetDefaultDB/T?streamFormat=Json";
      const answer = await fetch(`${process.url}/${path}`, { method: "POST", body });
      await answer.text();
      assertEquals(answer.status, 200);
      if (acknowledged.push(n) === kills) killed = end(process, "SIGKILL");
      // Now and then the view takes up what came.
      if (n % 10 === 0) await rows(process.url, "V | count");
    }
  };
  const writers = Array.from({ length: 8 }, () => assertRejects(write, TypeError));
  await Promise.all(writers);
  await killed;
  return acknowledged;
}

Deno.test("what was acknowledged survives a kill -9 amid ingestion, again and again, in tables and views", async () => {
  await inFolder(async (folder) => {
    let process = await start(folder);
    for (const csl of streamable("T", "n:long, k:string, s:string")) {
      await command(process.url, csl);
    }
    await command(
      process.url,
      ".create materialized-view V on table T { T | summarize max(n), count() by k }",
    );
    const acknowledged = new Set<number>();
    for (const kills of [1, 60]) {
      for (const n of await streamUntilKilled(process, kills * 1_000, kills)) acknowledged.add(n);
      process = await start(folder);
      const view = "summarize max(n), count() by k";
      const [kept, seen, expected] = await rows(
        process.url,
        `T | project n; V | order by k asc; T | ${view} | order by k asc`,
      );
      const found = kept!.map(([n]) => n as number);
      assertEquals([...acknowledged.difference(new Set(found))], []);
      assertEquals(found.length, new Set(found).size);
      assertEquals(seen, expected);
    }
    const status = await end(process, "SIGTERM");
    assert(status.success && status.signal === null);
  });
});

Deno.test("a second process on a folder ends with the reason, and so does open()", async () => {
  await inFolder(async (folder) => {
    const process = await start(folder);
    const emulator = new KustoEmulator({ folder });
    const error = await assertRejects(() => emulator.open(), EmulatorError);
    assertEquals([error.code, error.message], [
      "FOLDER_IN_USE",
      `Cannot open the folder ${folder}: another process has it open`,
    ]);
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", "src/emulator/main.ts", "--port", "0", "--data", folder],
      cwd: ROOT,
    }).output();
    assertEquals([code, new TextDecoder().decode(stderr).trim()], [1, error.message]);
    await end(process, "SIGKILL");
    await emulator.open();
    await emulator.close();
  });
});

Deno.test("without a folder the emulator needs no right to write to the disk", async () => {
  const process = await start();
  for (const csl of streamable("T", "n:long")) await command(process.url, csl);
  await command(process.url, ".ingest inline into table T <| 1");
  assertEquals(await rows(process.url, "T"), [[[1]]]);
  assert((await end(process, "SIGTERM")).success);
});
