import { assertEquals, assertRejects } from "@std/assert";
import { EmulatorError, KustoEmulator } from "../../src/emulator/mod.ts";

async function listening(test: (url: string, emulator: KustoEmulator) => Promise<void>) {
  const emulator = new KustoEmulator();
  try {
    const { url } = await emulator.listen();
    await test(url, emulator);
  } finally {
    await emulator.close();
  }
}

function query(url: string, csl: string, headers: HeadersInit = {}): Promise<Response> {
  const body = JSON.stringify({ db: "NetDefaultDB", csl });
  return fetch(`${url}/v2/rest/query`, { method: "POST", body, headers });
}

Deno.test("an emulator listens on a free port of the loopback interface", async () => {
  await listening(async (url) => {
    assertEquals(new URL(url).hostname, "127.0.0.1");
    const answer = await query(url, "print x = 'é'");
    assertEquals([answer.status, (await answer.text()).includes('[["é"]]')], [200, true]);
  });
});

Deno.test("large answers are packed for clients that take gzip", async () => {
  await listening(async (url) => {
    const { text, encoding } = await raw(url, "range x from 1 to 5000 step 1", "gzip");
    assertEquals(encoding, "gzip");
    assertEquals(text.includes("[4999],[5000]]"), true);
    for (const accept of ["identity", "gzip;q=0", "deflate, gzip; q=0.0, br"]) {
      assertEquals((await raw(url, "range x from 1 to 5000 step 1", accept)).encoding, null);
    }
    const weighed = await raw(url, "range x from 1 to 5000 step 1", "br, gzip;q=0.5");
    assertEquals(weighed.encoding, "gzip");
  });
});

/** The answer with the encoding that it was sent in, which `fetch` keeps to itself. */
async function raw(url: string, csl: string, accept: string) {
  const { hostname, port } = new URL(url);
  const connection = await Deno.connect({ hostname, port: Number(port) });
  const body = JSON.stringify({ db: "NetDefaultDB", csl });
  const head =
    `POST /v2/rest/query HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAccept-Encoding: ${accept}\r\nContent-Length: ${body.length}\r\n\r\n`;
  await connection.write(new TextEncoder().encode(head + body));
  const bytes = new Uint8Array(await new Response(connection.readable).arrayBuffer());
  const text = new TextDecoder("latin1").decode(bytes);
  const headers = text.slice(0, text.indexOf("\r\n\r\n"));
  const encoding = /content-encoding: (\w+)/i.exec(headers)?.[1] ?? null;
  const start = headers.length + 4;
  if (encoding === null) return { encoding, text: text.slice(start) };
  const size = Number(/content-length: (\d+)/i.exec(headers)![1]);
  const unpacked = new Blob([bytes.slice(start, start + size)]).stream()
    .pipeThrough(new DecompressionStream("gzip"));
  return { encoding, text: await new Response(unpacked).text() };
}

Deno.test("a reset breaks the connection, and a cut body breaks off, over the wire too", async () => {
  await listening(async (url, emulator) => {
    for (const kind of ["reset", "lostReply", "cutBody"] as const) {
      emulator.trouble.add({ kind, times: 1 });
      await assertRejects(async () => await (await query(url, "print 1")).text(), TypeError);
    }
    const answer = await query(url, "print 1");
    assertEquals(answer.status, 200);
    await answer.body?.cancel();
  });
});

Deno.test("an emulator that cannot listen says so, can listen elsewhere, and closes", async () => {
  await listening(async (url) => {
    const port = Number(new URL(url).port);
    await using other = new KustoEmulator();
    const error = await assertRejects(
      () => other.listen({ port }),
      EmulatorError,
      `Cannot listen on port ${port}: another program does`,
    );
    assertEquals(error.code, "CANNOT_LISTEN");
    const { url: elsewhere } = await other.listen();
    assertEquals((await query(elsewhere, "print 1")).status, 200);
  });
});

Deno.test("an emulator closes after it could not listen", async () => {
  await listening(async (url) => {
    const other = new KustoEmulator();
    await assertRejects(() => other.listen({ port: Number(new URL(url).port) }), EmulatorError);
    await other.close();
  });
});

Deno.test("an emulator that is closed while it begins to listen does not listen", async () => {
  await using emulator = new KustoEmulator();
  const listening = emulator.listen();
  await emulator.close();
  const error = await assertRejects(() => listening, EmulatorError, "the emulator is closed");
  assertEquals(error.code, "CLOSED");
});

for (const port of [-1, 65_536, 1.5, NaN, "8080"]) {
  Deno.test(`an emulator refuses to listen on port ${JSON.stringify(port)}`, async () => {
    await using emulator = new KustoEmulator();
    const listen = () => emulator.listen({ port: port as number });
    await assertRejects(listen, EmulatorError, "'port' must be a whole number from 0 to 65535");
  });
}
