import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { KustoSaver } from "../../mod.ts";
import { SCHEMA_VERSION } from "../../src/setup/stored_functions.ts";
import { answer } from "../scripted_service.ts";
import { at, checkpointOf, LOOP } from "../saver/kit.ts";
import { assertFinding, diagnose, type Expected, provisioned } from "./doctor_kit.ts";
import { type Around, CliLab } from "./kit.ts";

const HOST = "agents.westeurope.kusto.windows.net";
const ROUND_TRIP = ["writing", "visibility", "deleting"];
const ALL = ["address", "connect", "sign-in", "database", "reading", "tables", "version"].concat(
  ["mappings", "streaming", "view", "policies", "functions"],
).concat(ROUND_TRIP);
const after = (check: string) => ALL.slice(ALL.indexOf(check) + 1);

Deno.test("doctor gives a line for each check of a database that is well, and ends with 0", async () => {
  await using lab = await provisioned(new CliLab());
  const { code, output, errors } = await lab.cli(["doctor"]);
  assertEquals([code, errors], [0, ""]);
  const lines = output.split("\n");
  for (const [at, name] of ALL.entries()) {
    assertEquals(lines[at]!.slice(0, 21), `ok       ${name.padEnd(12)}`);
  }
  assertStringIncludes(output, "\nAll is well\n");
  assertEquals(Object.keys(await diagnose(lab)), ALL);
});

/** Answers with which a host shows that it is none of a Kusto. */
function host(reply: ReturnType<typeof answer>): Around {
  return {
    variables: { KUSTO_CLUSTER_URI: `https://${HOST}`, KUSTO_CREDENTIAL: "none" },
    saverOptions: { fetch: async (url) => await reply(url as never, undefined as never) },
  };
}

function unreachable(error: Error): Around {
  return host(() => {
    throw error;
  });
}

/** Hosts that are wrong or cannot be reached. */
const hosts: readonly (readonly [string, Around, Omit<Expected, "outcome" | "skipped">])[] = [
  [
    "that is not trusted",
    { variables: { KUSTO_CLUSTER_URI: "https://kusto.example.org" } },
    { check: "address", message: '"kusto.example.org": it is no known', mend: "--trusted-host" },
  ],
  [
    "that is not named",
    { variables: { KUSTO_CLUSTER_URI: "" } },
    { check: "address", message: "No cluster is named", mend: "doctor --help" },
  ],
  [
    "that is no address",
    { variables: { KUSTO_CLUSTER_URI: "agents" } },
    { check: "address", message: "is no URL", mend: "doctor --help" },
  ],
  [
    "whose name is not found",
    unreachable(
      new TypeError("fetch failed", { cause: new Error("getaddrinfo ENOTFOUND agents") }),
    ),
    { check: "connect", message: `there is no host ${HOST}`, mend: "check the address" },
  ],
  [
    "that refuses",
    unreachable(new TypeError("ECONNREFUSED: Unable to connect")),
    { check: "connect", message: `nothing listens at ${HOST}`, mend: "firewall" },
  ],
  [
    "that does not answer",
    unreachable(new DOMException("No answer within 10000 ms", "TimeoutError")),
    { check: "connect", message: `${HOST} gives no answer`, mend: "private endpoints" },
  ],
  [
    "whose certificate is not good",
    unreachable(new TypeError("fetch failed", { cause: new Error("invalid peer certificate") })),
    { check: "connect", message: "by TLS", mend: "proxy" },
  ],
  [
    "that breaks off",
    unreachable(new TypeError("connection reset by peer")),
    { check: "connect", message: "breaks", mend: "the network" },
  ],
  [
    "that is a web page",
    host(answer(200, "<html>")),
    {
      check: "connect",
      message: "answers 200, but not as a Kusto does",
      mend: "of the form https",
    },
  ],
  [
    "that is another service",
    host(answer(404, { error: "no such path" })),
    {
      check: "connect",
      message: "answers 404, but not as a Kusto does",
      mend: "of the form https",
    },
  ],
  [
    "that leads elsewhere",
    host(answer(302, "", { location: "https://elsewhere" })),
    { check: "connect", message: "redirects", mend: "use that address" },
  ],
  [
    "for queued ingestion",
    { variables: { KUSTO_CLUSTER_URI: `https://ingest-${HOST}` } },
    { check: "connect", message: "queued ingestion", mend: `https://${HOST}` },
  ],
];

for (const [title, around, expected] of hosts) {
  Deno.test(`doctor finds a wrong host: one ${title}`, async () => {
    await using lab = new CliLab();
    const skipped = after(expected.check);
    assertFinding(await diagnose(lab, [], around), { ...expected, outcome: "failed", skipped });
  });
}

Deno.test("doctor finds that nothing listens on this machine, by a real connection", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  await using lab = new CliLab();
  const around: Around = {
    variables: { KUSTO_CLUSTER_URI: `http://127.0.0.1:${port}` },
    saverOptions: { fetch },
  };
  assertFinding(await diagnose(lab, [], around), {
    check: "connect",
    outcome: "failed",
    message: "nothing listens at 127.0.0.1",
    mend: "kusto-checkpoint emulator",
    skipped: after("connect"),
  });
});

for (
  const [title, trouble, around] of [
    ["whose name leads nowhere", { kind: "stopped" }, {}],
    [
      "before which a gateway answers",
      undefined,
      host(() => new Response("<html>", { status: 503 })),
    ],
  ] as const
) {
  Deno.test(`doctor finds a cluster that is stopped, ${title}`, async () => {
    await using lab = new CliLab();
    if (trouble) lab.emulator.trouble.add(trouble);
    const variables = { KUSTO_CLUSTER_URI: `https://${HOST}`, KUSTO_CREDENTIAL: "none" };
    assertFinding(await diagnose(lab, [], { variables, ...around }), {
      check: "connect",
      outcome: "failed",
      message: "the cluster is stopped",
      mend: "az kusto cluster start --cluster-name agents --resource-group <group>",
      skipped: after("connect"),
    });
  });
}

Deno.test("doctor finds a wrong database, and names those that there are", async () => {
  await using lab = await provisioned(new CliLab());
  assertFinding(await diagnose(lab, ["--database", "agnets"]), {
    check: "database",
    outcome: "failed",
    message: "there is no database agnets",
    mend: "with one of these: NetDefaultDB",
    skipped: after("database"),
  });
});

Deno.test("doctor finds that nobody signs in", async () => {
  await using lab = new CliLab({ tokens: { good: ["admin"] } });
  const variables = { KUSTO_CLUSTER_URI: `https://${HOST}`, KUSTO_CREDENTIAL: "a;b;c" };
  const expected = { check: "sign-in", outcome: "failed", skipped: after("sign-in") } as const;
  // The sign-in service knows no such application.
  const fetch = async (input: string | URL | Request, init?: RequestInit) =>
    String(input).startsWith("https://login.microsoftonline.com/")
      ? Response.json({ error: "invalid_client" }, { status: 401 })
      : await lab.emulator.fetch(input, init);
  assertFinding(await diagnose(lab, [], { variables, saverOptions: { fetch } }), {
    ...expected,
    message: "invalid_client",
    mend: 'sign in with "az login"',
  });
  for (const connection of [`Data Source=https://${HOST};User Token=bad`, "http://localhost"]) {
    const found = await diagnose(lab, ["--cluster", connection]);
    assertFinding(found, {
      ...expected,
      message: "401",
      mend: connection === "http://localhost" ? "no token was sent" : "tenant",
    });
    assert(!JSON.stringify(found).includes("bad"));
  }
});

Deno.test("doctor signs in once", async () => {
  await using lab = new CliLab({ tokens: { good: ["admin"] } });
  let asked = 0;
  const credential = () => {
    asked++;
    return Promise.resolve("good");
  };
  const around = { saverOptions: { credential } };
  await lab.cli(["setup", "--provision"], around);
  asked = 0;
  assertEquals((await lab.cli(["doctor"], around)).code, 0);
  assertEquals(asked, 1);
});

Deno.test("doctor finds that the role Viewer is missing, and names who lacks it", async () => {
  await using lab = new CliLab({ tokens: { writer: ["ingestor"] } });
  const expected = {
    check: "reading",
    outcome: "failed",
    message: "the role Database Viewer is missing",
    skipped: after("reading"),
  } as const;
  const cluster = "Data Source=http://localhost;User Token=writer";
  assertFinding(await diagnose(lab, ["--cluster", cluster]), {
    ...expected,
    mend: ".add database [\"NetDefaultDB\"] viewers ('aadapp=<app-id>;<tenant-id>')",
  });
  // The service names who it was.
  const principal = "aadapp=2f0c;contoso.com";
  const fetch = async (input: string | URL | Request, init?: RequestInit) => {
    const response = await lab.emulator.fetch(input, init);
    const text = (await response.text()).replace(
      "Principal 'emulator'",
      `Principal '${principal}'`,
    );
    return new Response(text, { status: response.status, headers: response.headers });
  };
  assertFinding(await diagnose(lab, ["--cluster", cluster], { saverOptions: { fetch } }), {
    ...expected,
    mend: `viewers ('${principal}')`,
  });
});

Deno.test("doctor finds a missing table, and blames nothing else on it", async () => {
  await using lab = await provisioned(new CliLab());
  await lab.command(".drop table CheckpointWrites");
  assertFinding(await diagnose(lab), {
    check: "tables",
    outcome: "failed",
    message: "the table CheckpointWrites is missing",
    mend: "kusto-checkpoint setup --provision, or .create-merge table CheckpointWrites (",
    skipped: after("tables"),
  });
});

Deno.test("doctor of an empty database names its tables alone", async () => {
  await using lab = new CliLab();
  const { tables, ...others } = await diagnose(lab);
  assertEquals([tables!.outcome, tables!.message], ["failed", "5 problems"]);
  assertEquals(
    new Set(Object.values(others).map(({ outcome }) => outcome)),
    new Set(["ok", "skipped"]),
  );
  assertEquals(
    new Set(after("tables").map((name) => others[name]!.message)),
    new Set(["needs tables"]),
  );
  const { output } = await lab.cli(["doctor"]);
  assertStringIncludes(
    output,
    "\nfailed   tables      5 problems\n         - the table Checkpoints ",
  );
  assertStringIncludes(output, "\nskipped  view        needs tables\n");
  assertStringIncludes(output, "\n1 check found something amiss\n");
});

/** What is wrong with a schema whose tables are there, by the commands that make it so. */
const schemas: readonly (readonly [string, readonly string[], Expected])[] = [
  ["a missing column", [".drop column CheckpointBlobs.encoding"], {
    check: "tables",
    outcome: "failed",
    message: "the column CheckpointBlobs.encoding is missing",
    mend: ".create-merge table CheckpointBlobs (",
    skipped: ROUND_TRIP,
  }],
  ["a missing mapping", [
    '.drop table CheckpointBlobs ingestion json mapping "kusto_checkpoint"',
  ], {
    check: "mappings",
    outcome: "failed",
    message: "mapping kusto_checkpoint of the table CheckpointBlobs is missing",
    mend: ".create-or-alter table CheckpointBlobs ingestion json mapping",
    skipped: ROUND_TRIP,
  }],
  [
    "streaming off for a table",
    [".alter table ThreadDeletions policy streamingingestion disable"],
    {
      check: "streaming",
      outcome: "failed",
      message: "ThreadDeletions",
      mend: ".alter table ThreadDeletions policy streamingingestion enable",
      skipped: ROUND_TRIP,
    },
  ],
  ["a missing view", [".drop materialized-view LatestCheckpoints"], {
    check: "view",
    outcome: "failed",
    message: "the materialized view LatestCheckpoints is missing",
    mend: ".create ifnotexists materialized-view LatestCheckpoints",
    skipped: ROUND_TRIP,
  }],
  ["a disabled view", [".disable materialized-view LatestCheckpoints"], {
    check: "view",
    outcome: "warning",
    message: "LatestCheckpoints is disabled",
    mend: ".enable materialized-view LatestCheckpoints",
  }],
  ["a retention that loses deletions", [
    ".alter-merge table ThreadDeletions policy retention softdelete = 30d",
  ], {
    check: "policies",
    outcome: "failed",
    message: "ThreadDeletions keeps its rows 30 days",
    mend: ".alter-merge table ThreadDeletions policy retention softdelete = 36500d",
  }],
  ["a schema older than the code", [
    ".create-or-alter function with (folder='kusto-checkpoint') CheckpointSchemaVersion() { 1 }",
  ], {
    check: "version",
    outcome: "failed",
    message: `the schema has version 1, older than the code, which needs ${SCHEMA_VERSION}`,
    mend: 'kusto-checkpoint setup --provision, or provision.kql from the line "// Version 2"',
    skipped: ["functions", ...ROUND_TRIP],
  }],
  ["a schema newer than the code", [
    ".create-or-alter function with (folder='kusto-checkpoint') CheckpointSchemaVersion() { 9 }",
  ], {
    check: "version",
    outcome: "warning",
    message: "the schema has version 9, newer than this code",
    mend: "upgrade kusto-checkpoint",
  }],
];

for (const [title, commands, expected] of schemas) {
  Deno.test(`doctor finds ${title}`, async () => {
    await using lab = await provisioned(new CliLab());
    for (const command of commands) await lab.command(command);
    assertFinding(await diagnose(lab), expected);
  });
}

Deno.test("doctor finds the schema of the first version too old", async () => {
  await using lab = new CliLab();
  const first = new URL("../fixtures/schemas/1.kql", import.meta.url);
  const script = await Deno.readTextFile(first);
  await lab.command(`.execute database script with (ThrowOnErrors=true) <|\n${script}`);
  assertFinding(await diagnose(lab), {
    check: "version",
    outcome: "failed",
    message: "version 1, older than the code",
    mend: "kusto-checkpoint setup --provision",
    skipped: ["functions", ...ROUND_TRIP],
  });
  assertEquals((await lab.cli(["setup", "--provision"])).code, 0);
  assertEquals((await lab.cli(["doctor"])).code, 0);
});

Deno.test("doctor finds a view that is younger than its rows", async () => {
  await using lab = await provisioned(new CliLab());
  await using saver = new KustoSaver({
    connection: "http://localhost",
    database: "NetDefaultDB",
    ...lab.saverOptions,
  });
  await saver.put(at("t"), checkpointOf("1"), LOOP);
  await lab.command(".drop materialized-view LatestCheckpoints");
  await lab.cli(["setup", "--provision"]);
  assertFinding(await diagnose(lab), {
    check: "view",
    outcome: "warning",
    message: "LatestCheckpoints is younger than some of its rows",
    mend: ".drop materialized-view LatestCheckpoints, then .create async materialized-view",
  });
});

Deno.test("doctor finds streaming switched off for the cluster, where no policy can be set", async () => {
  await using lab = new CliLab({ streaming: false });
  await lab.cli(["setup", "--provision"]);
  assertFinding(await diagnose(lab), {
    check: "streaming",
    outcome: "failed",
    message: "streaming ingestion is switched off for the cluster",
    mend: "--enable-streaming-ingest true",
    skipped: ROUND_TRIP,
  });
  // Inline nobody needs it.
  await lab.cli(["setup", "--provision", "--ingestion", "inline"]);
  assertEquals((await lab.cli(["doctor", "--ingestion", "inline"])).code, 0);
});

Deno.test("doctor goes on where something fails that no check foresees", async () => {
  await using lab = await provisioned(new CliLab());
  lab.emulator.trouble.add({ kind: "serviceError", on: "command" });
  const { tables, functions } = await diagnose(lab);
  assertEquals([tables!.outcome, functions!.outcome], ["failed", "failed"]);
  assertStringIncludes(tables!.message, "the cluster answered 503");
  assertStringIncludes(tables!.problems[0]!.mend, "try again");
});
