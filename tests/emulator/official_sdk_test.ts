/** Microsoft's own SDKs for Node.js talk to `deno task emulator` as they do to the service. */
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import {
  Client,
  ClientRequestProperties,
  KustoConnectionStringBuilder,
  KustoDataErrors,
} from "azure-kusto-data";
import {
  DataFormat,
  IngestionMappingKind,
  IngestionProperties,
  ManagedStreamingIngestClient,
  StreamingIngestClient,
} from "azure-kusto-ingest";
import { Readable } from "node:stream";
import { type EmulatorTask, startEmulatorTask } from "./emulator_task.ts";

const database = "NetDefaultDB";

let open: EmulatorTask;
let guarded: EmulatorTask;

Deno.test.beforeAll(async () => {
  [open, guarded] = await Promise.all([
    startEmulatorTask(),
    startEmulatorTask(
      ...["--token", "boss=admin", "--token", "reader=viewer"],
      ...["--trouble", '{"kind":"throttle","on":"command","times":1}'],
      ...["--trouble", '{"kind":"slowBody","on":"ingest","times":1,"delayMs":600000}'],
    ),
  ]);
});

Deno.test.afterAll(async () => {
  await open[Symbol.asyncDispose]();
  await guarded[Symbol.asyncDispose]();
});

/** The SDK keeps connections open for as long as its client lives, and longer. */
const options = { sanitizeResources: false, sanitizeOps: false };

/** A client without sign-in, and its database. */
async function withClient(test: (client: Client) => Promise<void>): Promise<void> {
  const client = new Client(open.url);
  try {
    await test(client);
  } finally {
    client.close();
  }
}

function properties(Options: object, Parameters: object = {}): ClientRequestProperties {
  return new ClientRequestProperties(
    Options as Record<string, unknown>,
    Parameters as Record<string, unknown>,
  );
}

/** The rows of a result's first table, as the SDK's own types give them. */
async function rowsOf(client: Client, text: string, asked?: ClientRequestProperties) {
  const { primaryResults } = await client.execute(database, text, asked);
  const rows: unknown[][] = [];
  for (const row of primaryResults[0]!.rows()) {
    rows.push(row.columns.map((_column, at) => row.getValueAt(at)));
  }
  return rows;
}

/** What axios tells of an answer that is none of success. */
interface AxiosFailure extends Error {
  readonly response: {
    readonly status: number;
    readonly data: {
      readonly error?: {
        readonly code: string;
        readonly "@message": string;
        readonly "@permanent": boolean;
        readonly innererror?: { readonly code: string };
      };
    };
  };
}

async function failureOf(call: () => Promise<unknown>): Promise<AxiosFailure> {
  const failure = await assertRejects(call, Error);
  assertEquals(failure.name, "AxiosError");
  return failure as AxiosFailure;
}

const parameters: readonly (readonly [string, unknown, string, unknown])[] = [
  ["bool", true, "bool(true)", true],
  ["int", -5, "int(-5)", -5],
  ["long", 4_200_000_000, "long(4200000000)", 4_200_000_000],
  ["real", 0.25, "real(0.25)", 0.25],
  ["decimal", "1.25", "decimal(1.25)", "1.25"],
  [
    "datetime",
    "2024-01-02T03:04:05.678Z",
    "datetime(2024-01-02T03:04:05.678Z)",
    new Date("2024-01-02T03:04:05.678Z"),
  ],
  ["timespan", "1.02:03:04", "timespan(1.02:03:04)", 93_784_000],
  [
    "guid",
    "74be27de-1e4e-49d9-b579-fe0b331d3642",
    "guid(74be27de-1e4e-49d9-b579-fe0b331d3642)",
    "74be27de-1e4e-49d9-b579-fe0b331d3642",
  ],
  ["string", `it's "é"`, `"it's \\"\\u00e9\\""`, `it's "é"`],
  ["dynamic", { a: [1, null, "x"] }, 'dynamic({"a":[1,null,"x"]})', { a: [1, null, "x"] }],
];

for (const [type, plain, literal, expected] of parameters) {
  Deno.test(`the SDK sends a parameter of type ${type} and reads it back`, options, async () => {
    await withClient(async (client) => {
      const query = `declare query_parameters(p:${type}); print p`;
      assertEquals(await rowsOf(client, query, properties({}, { p: plain })), [[expected]]);
      assertEquals(await rowsOf(client, query, properties({}, { p: literal })), [[expected]]);
      const { primaryResults } = await client.executeQueryV1(
        database,
        query,
        properties({}, { p: literal }),
      );
      assertEquals(primaryResults[0]!.columns.map((column) => column.type), [type]);
    });
  });
}

Deno.test(
  "the SDK reads several results, their names and cells without a value",
  options,
  async () => {
    await withClient(async (client) => {
      const { primaryResults, tableNames, getErrorsCount } = await client.execute(
        database,
        "print a = real(nan), b = datetime(null); print 1 | as Named",
      ).then((result) => ({
        primaryResults: result.primaryResults,
        tableNames: result.tableNames,
        getErrorsCount: result.getErrorsCount(),
      }));
      assertEquals(primaryResults.length, 2);
      assertEquals(primaryResults[0]!.toJSON().data, [{ a: "NaN", b: null }]);
      assert(tableNames.includes("Named"));
      assertEquals(getErrorsCount, { warnings: 0, errors: 0 });
    });
  },
);

Deno.test("the SDK runs commands, and queries over their rows", options, async () => {
  await withClient(async (client) => {
    await client.execute(database, ".create table Commands (a:string, n:long)");
    await client.execute(database, ".ingest inline into table Commands <| x,1\ny,2");
    assertEquals(await rowsOf(client, ".show tables (Commands)"), [["Commands", database, "", ""]]);
    assertEquals(
      await rowsOf(client, ".show tables | where TableName == 'Commands' | count"),
      [[1]],
    );
    assertEquals(await rowsOf(client, "Commands | summarize sum(n)"), [[3]]);
  });
});

/** Makes a table that rows may be streamed into, with a mapping of each kind. */
async function makeStreamable(client: Client, table: string): Promise<void> {
  for (
    const command of [
      `.create table ${table} (id:long, name:string, at:datetime, bag:dynamic)`,
      `.alter table ${table} policy streamingingestion enable`,
      `.create table ${table} ingestion json mapping "J" '[{"column":"id","path":"$.x.id"},{"column":"name","path":"$.n"}]'`,
      `.create table ${table} ingestion csv mapping "C" '[{"column":"name","Properties":{"Ordinal":"0"}},{"column":"id","Properties":{"Ordinal":"1"}}]'`,
      `.clear table ${table} cache streamingingestion schema`,
    ]
  ) await client.execute(database, command);
}

const ingestions:
  readonly (readonly [string, DataFormat, string | undefined, string, unknown[][]])[] = [
    [
      "JSON",
      DataFormat.JSON,
      undefined,
      '{"id":1,"name":"é","at":"2024-01-02","bag":{"b":[1]}}\n{"id":2}\n',
      [[1, "é", new Date("2024-01-02"), { b: [1] }], [2, "", null, null]],
    ],
    [
      "JSON under a mapping",
      DataFormat.MULTIJSON,
      "J",
      '[{"x":{"id":7},"n":"seven"}]',
      [[7, "seven", null, null]],
    ],
    [
      "CSV",
      DataFormat.CSV,
      undefined,
      '3,"quoted ""q""\nline",2024-01-02,"{""k"":1}"\n4\n',
      [[3, 'quoted "q"\nline', new Date("2024-01-02"), { k: 1 }], [4, "", null, null]],
    ],
    ["CSV under a mapping", DataFormat.CSV, "C", "first,9\n", [[9, "first", null, null]]],
  ];

for (const [what, format, mapping, body, expected] of ingestions) {
  Deno.test(
    `the SDK streams ${what}, packed as it does, and reads the rows back`,
    options,
    async () => {
      await withClient(async (client) => {
        const table = what.replaceAll(" ", "");
        await makeStreamable(client, table);
        const ingester = new StreamingIngestClient(
          open.url,
          new IngestionProperties({
            database,
            table,
            format,
            ...(mapping !== undefined && {
              ingestionMappingReference: mapping,
              ingestionMappingKind: format === DataFormat.CSV
                ? IngestionMappingKind.CSV
                : IngestionMappingKind.JSON,
            }),
          }),
        );
        const answer = await ingester.ingestFromStream(Readable.from([body]));
        ingester.close();
        assertEquals(
          (answer as { Tables: { Rows: unknown[][] }[] }).Tables[0]!.Rows[0]![0],
          expected.length,
        );
        assertEquals(await rowsOf(client, `${table} | order by id asc`), expected);
      });
    },
  );
}

Deno.test("the SDK's managed client streams what is small", options, async () => {
  await withClient(async (client) => {
    await makeStreamable(client, "Managed");
    const ingester = ManagedStreamingIngestClient.fromEngineConnectionString(
      new KustoConnectionStringBuilder(open.url),
      new IngestionProperties({ database, table: "Managed", format: DataFormat.JSON }),
    );
    await ingester.ingestFromStream(Readable.from([Buffer.from('{"id":5}')]));
    ingester.close();
    assertEquals(await rowsOf(client, "Managed | project id"), [[5]]);
  });
});

const refusals: readonly (readonly [string, string, string, string | undefined, string])[] = [
  ["a syntax error", "print (1", "BadRequest_SyntaxError", undefined, "line:position=1:"],
  [
    "a table that is missing",
    "Nowhere | count",
    "General_BadRequest",
    "SEM0100",
    "Failed to resolve",
  ],
  ["a function that is missing", "print nope(1)", "General_BadRequest", "SEM0100", "nope"],
  ["a command that is unknown", ".show nothing", "BadRequest_SyntaxError", "SYN0002", "nothing"],
  [
    "a command about a table that is missing",
    ".drop table Nowhere",
    "General_BadRequest",
    "BadRequest_EntityNotFound",
    "Nowhere",
  ],
];

for (const [what, text, code, inner, said] of refusals) {
  Deno.test(`the SDK tells of ${what} as the service's refusal`, options, async () => {
    await withClient(async (client) => {
      const { response: { status, data } } = await failureOf(() => client.execute(database, text));
      assertEquals([status, data.error?.code, data.error?.["@permanent"]], [400, code, true]);
      if (inner !== undefined) assertEquals(data.error?.innererror?.code, inner);
      assertStringIncludes(data.error!["@message"], said);
    });
  });
}

for (
  const [what, asked] of [
    ["500 000 rows", {}],
    ["a limit of the request's own", { truncationmaxrecords: 10 }],
    ["a limit in bytes", { truncationmaxsize: 100 }],
    ["a limit whose error is deferred", {
      truncationmaxrecords: 10,
      deferpartialqueryfailures: true,
    }],
  ] as const
) {
  Deno.test(`the SDK notices a failure inside a 200: a result over ${what}`, options, async () => {
    await withClient(async (client) => {
      const failure = await assertRejects(
        () => client.execute(database, "range x from 1 to 500001 step 1", properties(asked)),
        Error,
        "Kusto request had errors",
      );
      assertStringIncludes(failure.message, "E_QUERY_RESULT_SET_TOO_LARGE");
    });
  });
}

const badIngestions: readonly (readonly [string, string, string | undefined, string, string])[] = [
  [
    "a table without the streaming policy",
    "Off",
    undefined,
    "BadRequest",
    "streaming ingestion policy is not enabled",
  ],
  [
    "a table that is missing",
    "Nowhere",
    undefined,
    "BadRequest_EntityNotFound",
    "'Nowhere' of kind 'Table' was not found",
  ],
  [
    "a mapping that is missing",
    "On",
    "None",
    "BadRequest_EntityNotFound",
    "'None' of kind 'MappingPersistent' was not found",
  ],
];

Deno.test("the SDK tells why rows could not be streamed", options, async (test) => {
  await withClient(async (client) => {
    await client.execute(database, ".create table Off (a:string)");
    await makeStreamable(client, "On");
    await client.execute(database, ".clear database cache streamingingestion schema");
    for (const [what, table, mapping, code, said] of badIngestions) {
      await test.step(what, async () => {
        const ingester = new StreamingIngestClient(
          open.url,
          new IngestionProperties({
            database,
            table,
            format: DataFormat.JSON,
            ...(mapping !== undefined && {
              ingestionMappingReference: mapping,
              ingestionMappingKind: IngestionMappingKind.JSON,
            }),
          }),
        );
        const { response: { status, data } } = await failureOf(() =>
          ingester.ingestFromStream(Readable.from(['{"a":"x"}']))
        );
        ingester.close();
        assertEquals([status, data.error?.code, data.error?.["@permanent"]], [400, code, true]);
        assertStringIncludes(data.error!["@message"], said);
      });
    }
  });
});

Deno.test("the SDK's server timeout ends a query that takes longer", options, async () => {
  await withClient(async (client) => {
    const asked = new ClientRequestProperties();
    asked.setTimeout(1);
    const { response: { status, data } } = await failureOf(() =>
      client.execute(database, "range x from 1 to 400000 step 1 | summarize count() by x", asked)
    );
    assertEquals([status, data.error?.code, data.error?.["@permanent"]], [504, "Timeout", false]);
  });
});

function signedIn(token: string): KustoConnectionStringBuilder {
  return KustoConnectionStringBuilder.withAccessToken(guarded.url, token);
}

Deno.test(
  "the SDK meets throttling, missing sign-in, missing rights and late answers",
  options,
  async (test) => {
    const boss = new Client(signedIn("boss"));
    await test.step("429 is its ThrottlingError", async () => {
      const failure = await assertRejects(() => boss.execute(database, ".show tables"), Error);
      assertInstanceOf(failure, KustoDataErrors.ThrottlingError);
      assertEquals((failure.inner as AxiosFailure).response.data.error?.code, "TooManyRequests");
      assertEquals(await rowsOf(boss, ".show tables"), []);
    });
    await test.step("no token, and one that is unknown, are answered with 401", async () => {
      for (const builder of [new KustoConnectionStringBuilder(guarded.url), signedIn("stranger")]) {
        const client = new Client(builder);
        const { response } = await failureOf(() => client.execute(database, "print 1"));
        assertEquals(response.status, 401);
        client.close();
      }
    });
    await test.step("a role that does not suffice is answered with 403", async () => {
      const reader = new Client(signedIn("reader"));
      assertEquals(await rowsOf(reader, "print 1"), [[1]]);
      const { response: { status, data } } = await failureOf(() =>
        reader.execute(database, ".create table T (a:string)")
      );
      assertEquals([status, data.error?.code], [403, "Forbidden"]);
      reader.close();
    });
    await test.step("a token source that fails is its KustoAuthenticationError", async () => {
      const client = new Client(
        KustoConnectionStringBuilder.withTokenProvider(guarded.url, () => {
          throw new Error("no token today");
        }),
      );
      const failure = await assertRejects(() => client.execute(database, "print 1"), Error);
      assertInstanceOf(failure, KustoDataErrors.KustoAuthenticationError);
      client.close();
    });
    await test.step("an answer that does not come ends in its own timeout", async () => {
      await makeStreamable(boss, "Slow");
      const asked = new ClientRequestProperties();
      asked.setClientTimeout(200);
      const late = await failureOf(() =>
        boss._execute(
          `${guarded.url}/v1/rest/ingest/${database}/Slow?streamFormat=csv`,
          "ingest" as Parameters<Client["_execute"]>[1],
          database,
          { stream: "" },
          asked,
        )
      );
      assertEquals((late as unknown as { code: string }).code, "ECONNABORTED");
    });
    boss.close();
  },
);
