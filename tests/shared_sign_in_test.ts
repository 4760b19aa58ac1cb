// What savers of one process have together of signing in, on a cluster and a cloud in one `fetch`.
import { assert, assertEquals, assertRejects } from "@std/assert";
import { inspect } from "node:util";
import { KustoSaver } from "../mod.ts";
import { TokenSource } from "../src/service/auth.ts";
import { type KustoSaverOptions, settingsFrom } from "../src/config.ts";
import type { AccessToken } from "../src/service/credential.ts";
import { KustoSignInError, KustoUnavailableError } from "../src/errors.ts";
import { json, queryAnswer } from "./client_kit.ts";
import { SignIn } from "../src/service/sign_in.ts";

const MINUTE = 60_000;
const LOGIN = "https://login.microsoftonline.com";
const OTHER_LOGIN = "https://login.microsoftonline.us";
const RESOURCE = "https://kusto.kusto.windows.net";

/** Metadata of a cluster. */
function named(LoginEndpoint: string, KustoServiceResourceId = RESOURCE): Response {
  return json({ AzureAD: { LoginEndpoint, KustoServiceResourceId } });
}

/** A cluster and its cloud, whose tokens are numbered and live an hour. */
class Service {
  /** What was asked for, in its order. */
  readonly asked: string[] = [];
  /** Where the tokens were asked for. */
  readonly logins: string[] = [];
  /** The cluster's metadata. */
  metadata = named(LOGIN);
  /** How the sign-in service answers in place of giving a token. */
  trouble: (() => Promise<Response>) | undefined;
  time = Date.UTC(2026, 0, 1);
  #tokens = 0;

  readonly now = (): number => this.time;

  readonly fetch: typeof fetch = (input) => {
    const url = String(input);
    if (url.endsWith("/query")) return Promise.resolve(queryAnswer());
    if (url.endsWith("/v1/rest/auth/metadata")) {
      this.asked.push("metadata");
      return Promise.resolve(this.metadata.clone());
    }
    this.asked.push("token");
    this.logins.push(new URL(url).origin);
    if (this.trouble) return this.trouble();
    return Promise.resolve(json({ expires_in: 3_600, access_token: `token${++this.#tokens}` }));
  };

  options(options: Partial<KustoSaverOptions> = {}): KustoSaverOptions {
    return {
      connection: "https://c.kusto.windows.net/agents",
      credential: "app;hunter2;tenant",
      fetch: this.fetch,
      now: this.now,
      ...options,
    };
  }

  /** The tokens of another saver. */
  saver(options: Partial<KustoSaverOptions> = {}): TokenSource {
    return new TokenSource(settingsFrom(this.options(options)));
  }

  /** What was asked for since the last call. */
  news(): string[] {
    return this.asked.splice(0);
  }
}

Deno.test("An application's token is asked for by the first saver, and none after it asks anything", async () => {
  const service = new Service();
  assertEquals(await service.saver().token(), "token1");
  assertEquals(service.news(), ["metadata", "token"]);
  const connection = "Data Source=https://c.kusto.windows.net;Initial Catalog=other;" +
    "Application Client Id=app;Application Key=hunter2;Authority Id=tenant";
  const { credential: _, ...options } = service.options({ connection });
  const others = [service.saver(), new TokenSource(settingsFrom(options))];
  assertEquals(await Promise.all(others.map((other) => other.token())), ["token1", "token1"]);
  assertEquals(service.news(), []);
});

Deno.test("A saver waits for no sign-in of another one, and what it gets is there for the others", async () => {
  const service = new Service();
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<Response>();
  service.trouble = () => {
    asked.resolve();
    return answer.promise;
  };
  const first = service.saver().token();
  await asked.promise;
  service.trouble = undefined;
  assertEquals(await service.saver().token(), "token1");
  assertEquals(service.news(), ["metadata", "token", "token"]);
  assertEquals(await service.saver().token(), "token1");
  answer.resolve(json({ expires_in: 3_600, access_token: "late" }));
  assertEquals([await first, await service.saver().token()], ["late", "late"]);
  assertEquals(service.news(), []);
});

Deno.test("A token that the cluster refused to one saver is given to none again, the next one is", async () => {
  const service = new Service();
  const savers = [service.saver(), service.saver(), service.saver()] as const;
  for (const saver of savers) assertEquals(await saver.token(), "token1");
  service.news();
  savers[0].refuse("token1");
  assertEquals(await savers[1].token(), "token2");
  assertEquals(service.news(), ["metadata", "token"]);
  // It hears of the refusal late.
  savers[2].refuse("token1");
  const all = [...savers, service.saver()].map((saver) => saver.token());
  assertEquals(new Set(await Promise.all(all)), new Set(["token2"]));
  assertEquals(service.news(), []);
});

Deno.test("A token is renewed by one saver for all before it ends", async () => {
  const service = new Service();
  const [one, other] = [service.saver(), service.saver()];
  assertEquals([await one.token(), await other.token()], ["token1", "token1"]);
  service.time += 58 * MINUTE - 1;
  assertEquals(await service.saver().token(), "token1");
  service.time += 1;
  service.news();
  assertEquals([await other.token(), await one.token()], ["token2", "token2"]);
  assertEquals(await service.saver().token(), "token2");
  assertEquals(service.news(), ["token"]);
});

Deno.test("A token that cannot be renewed early is used to its end by every saver, and no longer", async () => {
  const service = new Service();
  const one = service.saver();
  await one.token();
  service.time += 59 * MINUTE;
  service.trouble = () => Promise.resolve(json({}, 503));
  assertEquals([await one.token(), await service.saver().token()], ["token1", "token1"]);
  service.time += MINUTE;
  for (const saver of [one, service.saver()]) {
    await assertRejects(() => saver.token(), KustoUnavailableError);
  }
});

const APART: [title: string, options: Partial<KustoSaverOptions>, asks: string[]][] = [
  ["another key", { credential: "app;hunter3;tenant" }, ["token"]],
  ["another id", { credential: "app2;hunter2;tenant" }, ["token"]],
  ["another tenant", { credential: "app;hunter2;tenant2" }, ["token"]],
  [
    "a cluster of another name",
    { connection: "https://d.kusto.windows.net/agents" },
    ["metadata", "token"],
  ],
  [
    "a cluster at another port",
    { connection: "https://c.kusto.windows.net:8443/agents" },
    ["metadata", "token"],
  ],
  ["other hosts that it trusts", { trustedHosts: ["login.example"] }, ["metadata", "token"]],
  ["a clock of its own", { now: () => Date.UTC(2026, 0, 1) }, ["metadata", "token"]],
];

for (const [title, options, asks] of APART) {
  Deno.test(`A saver with ${title} signs in by itself`, async () => {
    const service = new Service();
    await service.saver().token();
    service.news();
    assertEquals(await service.saver(options).token(), "token2");
    assertEquals(service.news(), asks);
    assertEquals(await service.saver().token(), "token1");
  });
}

Deno.test("A saver with a fetch of its own shares nothing", async () => {
  const service = new Service();
  await service.saver().token();
  service.news();
  const fetch: typeof globalThis.fetch = (input, init) => service.fetch(input, init);
  assertEquals(await service.saver({ fetch }).token(), "token2");
  assertEquals(service.news(), ["metadata", "token"]);
});

Deno.test("A saver trusts no sign-in service because another one did", async () => {
  const service = new Service();
  service.metadata = named("https://login.example");
  const trusting = { trustedHosts: ["login.example"] };
  assertEquals(await service.saver(trusting).token(), "token1");
  await assertRejects(() => service.saver().token(), KustoSignInError, "sign-in service");
  assertEquals(service.logins, ["https://login.example"]);
  // The refusal of the one is none of the other.
  service.news();
  assertEquals([await service.saver(trusting).token(), service.news()], ["token1", []]);
});

Deno.test("A saver asks for no token of a resource because another one did", async () => {
  const service = new Service();
  service.metadata = named(LOGIN, "https://api.example");
  assertEquals(await service.saver({ trustedHosts: ["api.example"] }).token(), "token1");
  await assertRejects(() => service.saver().token(), KustoSignInError, "another service");
  assertEquals(service.logins.length, 1);
});

Deno.test("A credential object is asked by each saver, the cluster's metadata by the first", async () => {
  const service = new Service();
  let calls = 0;
  const credential = {
    getToken: (): Promise<AccessToken> =>
      Promise.resolve({ token: `user${++calls}`, expiresOnTimestamp: Infinity }),
  };
  const savers = [service.saver({ credential }), service.saver({ credential })];
  assertEquals([await savers[0]!.token(), await savers[1]!.token()], ["user1", "user2"]);
  assertEquals(service.news(), ["metadata"]);
  // Nor does an application get a token of somebody else.
  assertEquals([await service.saver().token(), service.news()], ["token1", ["token"]]);
});

Deno.test("The cluster's metadata are asked for anew after a sign-in that failed", async () => {
  const service = new Service();
  service.trouble = () => Promise.reject(new TypeError("connection refused"));
  await assertRejects(() => service.saver().token(), KustoUnavailableError);
  service.trouble = undefined;
  service.metadata = named(OTHER_LOGIN);
  assertEquals(await service.saver().token(), "token1");
  assertEquals(service.logins, [LOGIN, OTHER_LOGIN]);
});

Deno.test("The cluster's metadata are asked for anew after a token that it refused", async () => {
  const service = new Service();
  const saver = service.saver();
  saver.refuse(await saver.token() ?? "");
  service.metadata = named(OTHER_LOGIN);
  assertEquals(await service.saver().token(), "token2");
  assertEquals(service.logins, [LOGIN, OTHER_LOGIN]);
});

for (
  const [title, silence] of [
    ["that has no metadata (404)", json({}, 404)],
    ["whose metadata do not name it", json({})],
    ["whose metadata are no JSON", new Response("<html>")],
  ] as const
) {
  Deno.test(`A cluster ${title} is asked for its cloud anew at the next sign-in`, async () => {
    const service = new Service();
    service.metadata = silence;
    await service.saver().token();
    service.metadata = named(OTHER_LOGIN);
    await service.saver({ credential: "app2;hunter2;tenant" }).token();
    assertEquals(service.logins, [LOGIN, OTHER_LOGIN]);
  });
}

Deno.test("Of a hundred and one applications the one that signed in first is forgotten", async () => {
  const service = new Service();
  const open = (id: number) => service.saver({ credential: `app${id};hunter2;tenant` });
  for (let id = 0; id <= 100; id++) await open(id).token();
  service.news();
  for (let id = 1; id <= 100; id++) await open(id).token();
  assertEquals(service.news(), []);
  assertEquals([await open(0).token(), service.news()], ["token102", ["token"]]);
});

/** All that printing can show: by Deno's console, by Node's and Bun's, and as JSON. */
function shown(value: unknown): string {
  const all = { depth: 20, showHidden: true };
  return [Deno.inspect(value, all), inspect(value, all), JSON.stringify(value)].join();
}

Deno.test("Neither a key nor a shared token shows in what is printed", async () => {
  const service = new Service();
  const tokens = service.saver();
  assertEquals(await tokens.token(), "token1");
  await using saver = new KustoSaver(service.options());
  const settings = settingsFrom(service.options());
  const module = await import("../src/service/shared_sign_in.ts");
  const { credential } = settings;
  assert(typeof credential === "object");
  const signIn = new SignIn(settings, credential);
  assertEquals(signIn.place.held?.token, "token1");
  for (const value of [tokens, saver, signIn, module]) {
    assert(!/hunter2|token1/.test(shown(value)), shown(value));
  }
});
