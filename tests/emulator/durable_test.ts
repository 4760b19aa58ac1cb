import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { EmulatorError } from "../../src/emulator/mod.ts";
import { Service, streamable } from "./service.ts";

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
    assertEquals((error as EmulatorError).code, "FOLDER_IN_USE");
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
  assertEquals((error as EmulatorError).code, "CLOSED");
});

interface Process {
  readonly child: Deno.ChildProcess;
  readonly url: string;
}

async function start(folder: string): Promise<Process> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "src/emulator/main.ts", "--port", "0", "--data", folder],
    cwd: new URL("../..", import.meta.url),
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

async function command(url: string, csl: string): Promise<void> {
  const body = JSON.stringify({ db: "NetDefaultDB", csl });
  const answer = await fetch(`${url}/v1/rest/mgmt`, { method: "POST", body });
  assertEquals(answer.status, 200, await answer.text());
}

Deno.test("acknowledged rows survive a kill -9, and SIGTERM ends the process cleanly", async () => {
  await inFolder(async (folder) => {
    const first = await start(folder);
    for (const csl of streamable("T", "n:long")) await command(first.url, csl);
    let acknowledged = 0;
    for (; acknowledged < 20; acknowledged++) {
      const answer = await fetch(
        `${first.url}/v1/rest/ingest/NetDefaultDB/T?streamFormat=Json`,
        { method: "POST", body: `{"n":${acknowledged}}` },
      );
      await answer.body?.cancel();
      assertEquals(answer.status, 200);
    }
    first.child.kill("SIGKILL");
    await first.child.status;
    const second = await start(folder);
    const answer = await fetch(`${second.url}/v2/rest/query`, {
      method: "POST",
      body: JSON.stringify({ db: "NetDefaultDB", csl: "T | count" }),
    });
    assertStringIncludes(await answer.text(), `"Rows":[[${acknowledged}]]`);
    second.child.kill("SIGTERM");
    const status = await second.child.status;
    assert(status.success && status.signal === null);
  });
});
