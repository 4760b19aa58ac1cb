// Sign-in from end to end: the saver, an embedded Kusto with tokens, a sign-in service on this machine.
import { assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import {
  type KustoError,
  KustoOptionsError,
  KustoProtocolError,
  KustoSaver,
  KustoSignInError,
} from "../../mod.ts";
import type { KustoSaverOptions } from "../../mod.ts";
import { Lab } from "./kit.ts";
import { CLUSTER, identityProvider, WAYS } from "./sign_in_kit.ts";

const MINUTE = 60_000;
const BOSS = { credential: () => Promise.resolve("boss") };

/** Opens a saver that signs in in one way; the tokens are issued in their order. */
async function open(way: keyof typeof WAYS, tokens: readonly string[]) {
  const identities = identityProvider(tokens);
  const lab = await Lab.open({
    tokens: { boss: ["admin"], first: ["viewer"], second: ["viewer"] },
    loginEndpoint: identities.url,
  }, BOSS);
  const clock = { now: Date.UTC(2026, 0, 1) };
  const sent = new Set<string | null>();
  const now = () => clock.now;
  const saver = lab.saver({
    connection: CLUSTER,
    now,
    fetch: (input, init) => {
      if (!String(input).startsWith(CLUSTER)) return fetch(input, init);
      const token = new Headers(init?.headers).get("authorization");
      if (token !== null) sent.add(token);
      return lab.emulator.fetch(String(input), init);
    },
    ...WAYS[way]!({ identities, now }),
  });
  const [_saver, _lab] = [saver, lab];
  return {
    identities,
    clock,
    sent,
    /** Twenty calls at the same time. */
    read: () =>
      Promise.all(
        Array.from({ length: 20 }, (_, thread_id) =>
          _saver.getTuple({ configurable: { thread_id } })),
      ),
    async [Symbol.asyncDispose]() {
      await _lab[Symbol.asyncDispose]();
      await identities[Symbol.asyncDispose]();
    },
  };
}

/** Opens savers one after the other, as the requests of an edge function do; the tokens are issued in their order. */
async function openMany(way: keyof typeof WAYS, tokens: readonly string[]) {
  const identities = identityProvider(tokens);
  const lab = await Lab.open({
    tokens: { boss: ["admin"], first: ["viewer"], second: ["viewer"] },
    loginEndpoint: identities.url,
  }, BOSS);
  const asked: string[] = [];
  const options: Partial<KustoSaverOptions> = {
    connection: CLUSTER,
    fetch: (input, init) => {
      if (!String(input).startsWith(CLUSTER)) {
        asked.push("sign-in");
        return fetch(input, init);
      }
      const token = new Headers(init?.headers).get("authorization");
      asked.push(token ?? new URL(String(input)).pathname);
      return lab.emulator.fetch(String(input), init);
    },
  };
  return {
    /** Reads with a new saver; resolves to what was asked for. */
    async read() {
      const saver = lab.saver({ ...options, ...WAYS[way]!({ identities, now: Date.now }) });
      const error: unknown = await saver.getTuple({ configurable: { thread_id: "ada" } }).then(
        () => undefined,
        (error) => error,
      );
      return [...asked.splice(0), ...(error ? [(error as Error).name] : [])];
    },
    async [Symbol.asyncDispose]() {
      await lab[Symbol.asyncDispose]();
      await identities[Symbol.asyncDispose]();
    },
  };
}

const METADATA = "/v1/rest/auth/metadata";

for (const way of Object.keys(WAYS).filter((way) => way.startsWith("an application"))) {
  Deno.test(`${way} signs in once for savers that follow each other`, async () => {
    await using found = await openMany(way, ["first", "second"]);
    const reads = [await found.read(), await found.read(), await found.read()];
    assertEquals(reads, [[METADATA, "sign-in", "Bearer first"], ["Bearer first"], [
      "Bearer first",
    ]]);
  });

  Deno.test(`${way} gives no later saver a token that the cluster refused`, async () => {
    await using found = await openMany(way, ["withdrawn", "second"]);
    const reads = [await found.read(), await found.read()];
    assertEquals(reads, [
      [METADATA, "sign-in", "Bearer withdrawn", METADATA, "sign-in", "Bearer second"],
      ["Bearer second"],
    ]);
  });

  Deno.test(`${way} gives no later saver a second token that the cluster refused`, async () => {
    await using found = await openMany(way, ["withdrawn", "withdrawn-too", "second"]);
    const [failed, read] = [await found.read(), await found.read()];
    assertEquals(failed.slice(-2), ["Bearer withdrawn-too", "KustoSignInError"]);
    assertEquals(read, [METADATA, "sign-in", "Bearer second"]);
  });
}

for (const way of Object.keys(WAYS)) {
  Deno.test(`${way} is asked for one token by many calls, and for the next before it ends`, async () => {
    await using found = await open(way, ["first", "second"]);
    await found.read();
    await found.read();
    assertEquals([found.identities.issued, [...found.sent]], [1, ["Bearer first"]]);
    found.clock.now += 58.5 * MINUTE;
    await found.read();
    assertEquals([found.identities.issued, [...found.sent]], [2, [
      "Bearer first",
      "Bearer second",
    ]]);
  });

  Deno.test(`${way} is asked once more when the cluster refuses a token, by many calls`, async () => {
    await using found = await open(way, ["withdrawn", "second"]);
    await found.read();
    assertEquals([found.identities.issued, [...found.sent]], [2, [
      "Bearer withdrawn",
      "Bearer second",
    ]]);
  });

  Deno.test(`${way} is not asked a third time when the next token is refused too`, async () => {
    await using found = await open(way, ["withdrawn", "withdrawn-too"]);
    const error = await assertRejects(() => found.read(), KustoSignInError);
    assertEquals([found.identities.issued, error.status], [2, 401]);
  });
}

Deno.test("a token in the connection string that has ended is an error that does not show it", async () => {
  await using lab = await Lab.open({ tokens: { boss: ["admin"] } }, BOSS);
  const saver = lab.saver({ connection: "http://localhost;UsrToken=hunter2" });
  const error = await assertRejects(
    () => saver.getTuple({ configurable: { thread_id: "ada" } }),
    KustoSignInError,
  );
  assertEquals(Deno.inspect(error).includes("hunter2"), false);
});

const DISTRUSTED: [title: string, address: string][] = [
  ["http beyond this machine", "http://agents.kusto.windows.net"],
  ["a host that begins like a cluster", "https://kusto.windows.net.evil.example"],
  ["a cluster's name within another host's", "https://agents.kusto.windows.net.evil.example"],
  ["a host that only its own metadata vouch for", "https://kusto.evil.example"],
];

for (const [title, address] of DISTRUSTED) {
  Deno.test(`${title} is asked nothing, and no token is asked for`, async () => {
    await using identities = identityProvider(["first"]);
    const asked: string[] = [];
    const fetch = (input: string | URL | Request) => {
      asked.push(String(input));
      return Promise.resolve(Response.json({ AzureAD: { LoginEndpoint: identities.url } }));
    };
    for (const way of Object.values(WAYS)) {
      const { connection = CLUSTER, ...rest } = way({ identities, now: Date.now });
      const options: KustoSaverOptions = {
        connection: connection.replace(CLUSTER, address),
        database: "agents",
        fetch,
        ...rest,
      };
      assertThrows(() => new KustoSaver(options), KustoOptionsError);
    }
    assertEquals([asked, identities.issued], [[], 0]);
  });
}

/** A server on this machine; what it is asked is kept. */
function serve(answer: (request: Request) => Response) {
  const asked: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    asked.push(new URL(request.url).pathname);
    return answer(request);
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    asked,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

const REDIRECTS: [title: string, from: RegExp, error: typeof KustoError][] = [
  ["of the cluster", /\/v2\/rest\/query/, KustoProtocolError],
  ["of the cluster's metadata", /\/auth\/metadata/, KustoSignInError],
  ["of the sign-in service", /\/oauth2\//, KustoSignInError],
];

for (const [title, from, ErrorClass] of REDIRECTS) {
  for (const status of [302, 307]) {
    Deno.test(`a redirect (${status}) ${title} to another host is not followed`, async () => {
      await using elsewhere = serve(() => new Response("{}"));
      await using cluster = serve(({ url }) => {
        const { origin, pathname } = new URL(url);
        if (from.test(pathname)) return Response.redirect(`${elsewhere.url}/`, status);
        if (pathname.endsWith("/metadata")) {
          return Response.json({ AzureAD: { LoginEndpoint: origin } });
        }
        return Response.json({ access_token: "first", expires_in: 3_600 });
      });
      const credential = "agents;hunter2;contoso";
      await using saver = new KustoSaver({ connection: `${cluster.url}/agents`, credential });
      const read = saver.getTuple({ configurable: { thread_id: "ada" } });
      assertInstanceOf(await read.catch((error) => error), ErrorClass);
      assertEquals([cluster.asked.filter((path) => from.test(path)).length, elsewhere.asked], [
        1,
        [],
      ]);
    });
  }
}
