import { assert, assertEquals, assertRejects } from "@std/assert";
import { TokenSource } from "../src/service/auth.ts";
import type { KustoSaverOptions } from "../src/config.ts";
import type { AccessToken, Credential } from "../src/service/credential.ts";
import { KustoSignInError, KustoUnavailableError } from "../src/errors.ts";
import { json, type Scripted, ScriptedCluster } from "./client_kit.ts";
// Loaded when first needed, which takes longer than some tests wait for a token.
import "../src/service/sign_in.ts";

const MINUTE = 60_000;

/** The cluster's word on its cloud, as the public cloud has it. */
function metadata(rest: Record<string, unknown> = {}): Response {
  return json({
    AzureAD: {
      LoginEndpoint: "https://login.microsoftonline.com",
      LoginMfaRequired: false,
      KustoClientAppId: "db662dc1-0cfe-4e1c-a843-19a68e65be58",
      KustoClientRedirectUri: "https://microsoft/kustoclient",
      KustoServiceResourceId: "https://kusto.kusto.windows.net",
      FirstPartyAuthorityUrl: "https://login.microsoftonline.com/f8cdef31",
      ...rest,
    },
    dSTS: { CloudEndpointSuffix: "windows.net" },
  });
}

function open(
  script: Scripted[],
  credential: Credential | undefined,
  options: Partial<KustoSaverOptions> = {},
) {
  const cluster = new ScriptedCluster(script, {
    connection: "https://c.kusto.windows.net/agents",
    ...(credential !== undefined && { credential }),
    ...options,
  });
  return { cluster, tokens: new TokenSource(cluster.settings) };
}

/** A credential that gives a numbered token for some minutes, and keeps the scopes it is asked for. */
function counting(cluster: () => ScriptedCluster, minutes = 60) {
  const scopes: unknown[] = [];
  const getToken = (scope: string | string[]): Promise<AccessToken> => {
    scopes.push(scope);
    return Promise.resolve({
      token: `token${scopes.length}`,
      expiresOnTimestamp: cluster().now + minutes * MINUTE,
    });
  };
  return { scopes, getToken };
}

function openCounting(minutes = 60, script: Scripted[] = [metadata()]) {
  const credential = counting(() => found.cluster, minutes);
  const found = open(script, credential);
  return { ...found, credential };
}

Deno.test("token() is none with the credential none", async () => {
  assertEquals(await open([], "none").tokens.token(), undefined);
});

for (const origin of ["http://localhost:8080", "http://127.0.0.1", "http://[::1]:1"]) {
  Deno.test(`token() is none for ${origin} unless a credential is given`, async () => {
    const connection = `${origin}/agents`;
    assertEquals(await open([], undefined, { connection }).tokens.token(), undefined);
    const given = open([], () => Promise.resolve("t"), { connection });
    assertEquals(await given.tokens.token(), "t");
  });
}

Deno.test("token() asks a credential for the scope of the cluster's resource", async () => {
  const { cluster, tokens, credential } = openCounting();
  assertEquals(await tokens.token(), "token1");
  assertEquals(credential.scopes, [["https://kusto.kusto.windows.net/.default"]]);
  const [asked] = cluster.asked;
  assertEquals([asked?.method, asked?.url, asked?.redirect], [
    "GET",
    "https://c.kusto.windows.net/v1/rest/auth/metadata",
    "manual",
  ]);
  assertEquals(asked?.headers.get("authorization"), null);
});

Deno.test("token() is asked for once by many callers, and so is the metadata", async () => {
  const { cluster, tokens, credential } = openCounting();
  const all = await Promise.all(Array.from({ length: 20 }, () => tokens.token()));
  assertEquals(new Set(all), new Set(["token1"]));
  assertEquals([credential.scopes.length, cluster.asked.length], [1, 1]);
});

Deno.test("token() is used until two minutes before it ends", async () => {
  const { cluster, tokens, credential } = openCounting(60);
  const start = cluster.now;
  const seen: unknown[] = [];
  for (const minutes of [0, 30, 58 - 1e-3, 58]) {
    cluster.now = start + minutes * MINUTE;
    seen.push(await tokens.token());
  }
  assertEquals(seen, ["token1", "token1", "token1", "token2"]);
  // The metadata is asked for only once.
  assertEquals([credential.scopes.length, cluster.asked.length], [2, 1]);
});

Deno.test("token() that lives shorter is used for half its time", async () => {
  const { cluster, tokens } = openCounting(2);
  const start = cluster.now;
  const seen: unknown[] = [];
  for (const seconds of [0, 59, 60]) {
    cluster.now = start + seconds * 1_000;
    seen.push(await tokens.token());
  }
  assertEquals(seen, ["token1", "token1", "token2"]);
});

Deno.test("token() is renewed once for many callers whose token is refused", async () => {
  const { tokens, credential } = openCounting(60, [metadata(), metadata()]);
  const refused = await tokens.token();
  const renewed = () => {
    tokens.refuse(refused!);
    return tokens.token();
  };
  const all = await Promise.all(Array.from({ length: 20 }, renewed));
  assertEquals(new Set(all), new Set(["token2"]));
  // One that comes late with the old token gets the new one, not another.
  assertEquals(await renewed(), "token2");
  assertEquals(credential.scopes.length, 2);
});

Deno.test("token() is the old one when its early renewal fails", async () => {
  let fails = false;
  const { cluster, tokens } = open(
    [],
    () =>
      fails ? Promise.reject(new Error("no")) : Promise.resolve(
        { token: "old", expiresOnTimestamp: cluster.now + 60 * MINUTE },
      ),
  );
  await tokens.token();
  fails = true;
  cluster.now += 59 * MINUTE;
  assertEquals(await tokens.token(), "old");
  cluster.now += MINUTE;
  await assertRejects(() => tokens.token(), KustoSignInError);
});

Deno.test("token() is asked for anew after a failure", async () => {
  let calls = 0;
  const { tokens } = open(
    [],
    () => ++calls === 1 ? Promise.reject(new Error("no")) : Promise.resolve("t"),
  );
  await assertRejects(() => tokens.token(), KustoSignInError, "failed to give a token");
  assertEquals([await tokens.token(), calls], ["t", 2]);
});

Deno.test("token() as bare text of a function is asked for anew after five minutes", async () => {
  let calls = 0;
  const { cluster, tokens } = open([], () => Promise.resolve(`t${++calls}`));
  const seen = [await tokens.token()];
  cluster.now += 5 * MINUTE - 1;
  seen.push(await tokens.token());
  cluster.now += 1;
  seen.push(await tokens.token());
  assertEquals(seen, ["t1", "t1", "t2"]);
  assertEquals(cluster.asked, []);
});

Deno.test("token() loses the white space that a file or a command put around it", async () => {
  assertEquals(await open([], () => Promise.resolve(" abc\n")).tokens.token(), "abc");
});

const NO_TOKENS: [title: string, given: unknown][] = [
  ["nothing", undefined],
  ["null", null],
  ["empty text", ""],
  ["text with a line end in it", "hunter2\nx"],
  ["text beyond ASCII", "hunter2é"],
  ["a number", 7],
  ["an object without a time", { token: "hunter2" }],
  ["an object whose time is no number", { token: "hunter2", expiresOnTimestamp: NaN }],
  ["an object with another token", { token: 7, expiresOnTimestamp: 9e15 }],
];

for (const [title, given] of NO_TOKENS) {
  Deno.test(`token() fails without showing it when a function gives ${title}`, async () => {
    const credential = (() => Promise.resolve(given)) as unknown as Credential;
    const error = await assertRejects(() => open([], credential).tokens.token(), KustoSignInError);
    assert(!Deno.inspect(error).includes("hunter2"));
  });
}

Deno.test("token() fails when a credential gives none", async () => {
  const { tokens } = open([metadata()], { getToken: () => Promise.resolve(null) });
  await assertRejects(() => tokens.token(), KustoSignInError, "gave no token");
});

Deno.test("token() keeps the reason why a credential failed", async () => {
  const cause = new Error("CredentialUnavailableError");
  const { tokens } = open([metadata()], { getToken: () => Promise.reject(cause) });
  assertEquals((await assertRejects(() => tokens.token(), KustoSignInError)).cause, cause);
});

const CLOUDS: [title: string, answer: Response, scope: string][] = [
  [
    "without metadata (404)",
    new Response("", { status: 404 }),
    "https://kusto.kusto.windows.net/.default",
  ],
  ["without AzureAD in them", json({}), "https://kusto.kusto.windows.net/.default"],
  [
    "with a slash after the resource",
    metadata({ KustoServiceResourceId: "https://api.kusto.windows.net/" }),
    "https://api.kusto.windows.net/.default",
  ],
  [
    "that wants a second factor",
    metadata({ LoginMfaRequired: true }),
    "https://kusto.kustomfa.windows.net/.default",
  ],
  [
    "in China",
    metadata({
      LoginEndpoint: "https://login.partner.microsoftonline.cn",
      KustoServiceResourceId: "https://kusto.kusto.chinacloudapi.cn",
    }),
    "https://kusto.kusto.chinacloudapi.cn/.default",
  ],
];

for (const [title, answer, scope] of CLOUDS) {
  Deno.test(`token() is for ${scope} on a cluster ${title}`, async () => {
    const { tokens, credential } = openCounting(60, [answer]);
    await tokens.token();
    assertEquals(credential.scopes, [[scope]]);
  });
}

const DISTRUSTED: [title: string, answer: () => Response, says: string][] = [
  [
    "an unknown sign-in service",
    () => metadata({ LoginEndpoint: "https://login.evil.example" }),
    "sign-in service",
  ],
  [
    "a sign-in service over http",
    () => metadata({ LoginEndpoint: "http://login.microsoftonline.com" }),
    "sign-in service",
  ],
  ["a sign-in service that is no URL", () => metadata({ LoginEndpoint: "x" }), "sign-in service"],
  [
    "the resource of another service",
    () => metadata({ KustoServiceResourceId: "https://graph.microsoft.com" }),
    "another service",
  ],
  ["a resource that is no URL", () => metadata({ KustoServiceResourceId: 7 }), "another service"],
  ["a redirect", () => new Response("", { status: 302 }), "302"],
  ["a refusal", () => new Response("", { status: 403 }), "403"],
];

for (const [title, answer, says] of DISTRUSTED) {
  Deno.test(`token() is not asked for when the cluster answers with ${title}`, async () => {
    const { cluster, tokens, credential } = openCounting(60, [answer()]);
    await assertRejects(() => tokens.token(), KustoSignInError, says);
    assertEquals([credential.scopes, cluster.asked.length], [[], 1]);
  });
}

const signedIn = () => json({ token_type: "Bearer", expires_in: 3599, access_token: "abc" });

Deno.test("token() of an application comes from the cloud's sign-in service", async () => {
  const { cluster, tokens } = open([metadata(), signedIn()], "app;k;e&y=;my tenant");
  assertEquals(await tokens.token(), "abc");
  const asked = cluster.asked[1]!;
  assertEquals([asked.method, asked.url, asked.redirect], [
    "POST",
    "https://login.microsoftonline.com/my%20tenant/oauth2/v2.0/token",
    "manual",
  ]);
  assertEquals(
    Object.fromEntries(new URLSearchParams(new TextDecoder().decode(asked.bytes))),
    {
      grant_type: "client_credentials",
      client_id: "app",
      client_secret: "k;e&y=",
      scope: "https://kusto.kusto.windows.net/.default",
    },
  );
});

Deno.test("token() of an application is used as long as the sign-in service says", async () => {
  const { cluster, tokens } = open([metadata(), signedIn(), signedIn()], "app;key;tenant");
  await tokens.token();
  cluster.now += (3599 - 121) * 1_000;
  await tokens.token();
  assertEquals(cluster.asked.length, 2);
  cluster.now += 1_000;
  await tokens.token();
  assertEquals(cluster.asked.length, 3);
});

Deno.test("token() of an application may come from a sign-in service on this machine", async () => {
  const script = [metadata({ LoginEndpoint: "http://localhost:9000/" }), signedIn()];
  const { cluster, tokens } = open(script, "app;key;tenant");
  await tokens.token();
  assertEquals(cluster.asked[1]!.url, "http://localhost:9000/tenant/oauth2/v2.0/token");
});

Deno.test("token() of an application is refused with the sign-in service's code alone", async () => {
  const script = [
    metadata(),
    json({ error: "invalid_client", error_description: "AADSTS7000215 hunter2" }, 401),
    metadata(),
    json({ error: "said hunter2" }, 400),
  ];
  const { tokens } = open(script, "app;hunter2;tenant");
  const error = await assertRejects(() => tokens.token(), KustoSignInError, "401 invalid_client");
  // What is no code is not shown at all.
  const other = await assertRejects(() => tokens.token(), KustoSignInError, "answered 400, check");
  assertEquals(error.status, 401);
  assert(!Deno.inspect([error, other]).includes("hunter2"));
});

Deno.test("token() of an application fails on a sign-in answer without a token", async () => {
  const { tokens } = open([metadata(), json({ hello: "hunter2" })], "app;hunter2;tenant");
  const error = await assertRejects(() => tokens.token(), KustoSignInError, "answered 200");
  assert(!Deno.inspect(error).includes("hunter2"));
});

const PASSING: [title: string, script: () => Scripted[], says: string][] = [
  [
    "the cluster cannot be reached",
    () => [new TypeError("no")],
    "the cluster could not be reached",
  ],
  ["the cluster is busy", () => [new Response("", { status: 429 })], "the cluster answered 429"],
  [
    "the sign-in service cannot be reached",
    () => [metadata(), new TypeError("no")],
    "the sign-in service could not be reached",
  ],
  [
    "the sign-in service is broken",
    () => [metadata(), new Response("<html>", { status: 500 })],
    "the sign-in service answered 500",
  ],
];

for (const [title, script, says] of PASSING) {
  Deno.test(`token() says that it may work later when ${title}`, async () => {
    const { cluster, tokens } = open(script(), "app;key;tenant");
    await assertRejects(() => tokens.token(), KustoUnavailableError, says);
    assertEquals(cluster.left, 0);
  });
}

Deno.test("token() asks for the metadata anew after they could not be had", async () => {
  const { cluster, tokens } = openCounting(60, [new TypeError("no"), metadata()]);
  await assertRejects(() => tokens.token(), KustoUnavailableError);
  assertEquals([await tokens.token(), cluster.asked.length], ["token1", 2]);
});

Deno.test("token() passes on how long a busy sign-in service wants callers to wait", async () => {
  const busy = new Response("", { status: 429, headers: { "Retry-After": "9" } });
  const { tokens } = open([metadata(), busy], "app;key;tenant");
  const error = await assertRejects(() => tokens.token(), KustoUnavailableError);
  assertEquals(error.retryAfterMs, 9_000);
});

const NEVER = new Promise<never>(() => {});
const SILENT: [title: string, script: Scripted[], credential: Credential][] = [
  ["the cluster's metadata", [() => NEVER], "app;key;tenant"],
  ["the sign-in service", [metadata(), () => NEVER], "app;key;tenant"],
  ["a credential", [metadata()], { getToken: () => NEVER }],
  ["a token function", [], () => NEVER],
];

for (const [title, script, credential] of SILENT) {
  Deno.test(`token() waits no longer than queryTimeoutMs for ${title}`, async () => {
    const { tokens } = open(script, credential, { queryTimeoutMs: 5 });
    const says = "no token came within 5 ms";
    await assertRejects(() => tokens.token(), KustoUnavailableError, says);
  });
}

Deno.test("token() that does not come holds up no later one, and its credential is told", async () => {
  const signals: (AbortSignal | undefined)[] = [];
  const expiresOnTimestamp = Infinity;
  const { tokens } = open([metadata()], {
    getToken: (_scopes, options) => {
      signals.push(options?.abortSignal);
      return signals.length === 1 ? NEVER : Promise.resolve({ token: "t", expiresOnTimestamp });
    },
  }, { queryTimeoutMs: 5 });
  await assertRejects(() => tokens.token(), KustoUnavailableError);
  assertEquals([await tokens.token(), signals.map((signal) => signal?.aborted)], [
    "t",
    [true, false],
  ]);
});

Deno.test("token() that comes too late takes no newer one's place", async () => {
  const late = Promise.withResolvers<string>();
  let calls = 0;
  const { tokens } = open(
    [],
    () => ++calls === 1 ? late.promise : Promise.resolve("newer"),
    { queryTimeoutMs: 5 },
  );
  await assertRejects(() => tokens.token(), KustoUnavailableError);
  assertEquals(await tokens.token(), "newer");
  late.resolve("late");
  await late.promise;
  // What waits for it has its turn.
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals(await tokens.token(), "newer");
});

Deno.test("token() asks for the metadata anew at each renewal while there are none", async () => {
  const { cluster, tokens, credential } = openCounting(60, [
    new Response("", { status: 404 }),
    metadata({ KustoServiceResourceId: "https://kusto.kusto.chinacloudapi.cn" }),
  ]);
  await tokens.token();
  cluster.now += 59 * MINUTE;
  await tokens.token();
  assertEquals(credential.scopes.flat(), [
    "https://kusto.kusto.windows.net/.default",
    "https://kusto.kusto.chinacloudapi.cn/.default",
  ]);
});

Deno.test("token() without @azure/identity says what to install and what to pass", async () => {
  const script = `import { TokenSource } from "./src/service/auth.ts";
    import { settingsFrom } from "./src/config.ts";
    const settings = settingsFrom({ connection: "https://c.kusto.windows.net/agents" });
    new TokenSource(settings).token().catch((error) => console.log(error.name, error.message));`;
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    // As on a runtime that has no packages but those in the bundle.
    args: ["eval", "--no-npm", "--quiet", script],
    cwd: new URL("..", import.meta.url),
  }).output();
  const [said, complaint] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  for (
    const part of ["KustoSignInError", "npm install @azure/identity", "token function", "app-id;"]
  ) {
    assert(said!.includes(part), `${said}${complaint}`);
  }
});
