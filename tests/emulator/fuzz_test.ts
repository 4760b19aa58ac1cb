import { assert } from "@std/assert";
import fc from "fast-check";
import { fuzzing } from "./fuzz_settings.ts";
import { Service, streamable } from "./service.ts";

const settings = fuzzing(300);

const commands = [
  ".create table T (a:string, n:long) with (folder='f')",
  '.create-or-alter table T ingestion json mapping "M" \'[{"column":"a","path":"$.a"}]\'',
  ".create materialized-view V on table T { T | summarize arg_max(n, *) by a }",
  ".alter-merge table T policy retention softdelete = 9d recoverability = disabled",
  ".delete table T records with (whatif=true) <| T | where a == 'x'",
  ".execute database script with (ContinueOnErrors=true) <|\n.create table X (a:string)\n.drop table Y",
  '.ingest inline into table T with (format=\'json\') <| {"a":"x"}',
  ".show tables | where TableName startswith 'T' | count",
];

const queries = [
  "declare query_parameters(p:string = 'x'); T | where a == p | summarize count() by n | top 3 by n",
  "let f = (x:long) { T | where n > x }; union f(1), (T | take 1) | extend s = strcat(a, 'é')",
  "print dynamic({'a':[1,2]}), datetime(2024-01-01) + 1h; range x from 1 to 5 step 1",
];

/** A text with a few characters taken out, doubled or put elsewhere. */
function mutated(texts: readonly string[]): fc.Arbitrary<string> {
  return fc.tuple(
    fc.constantFrom(...texts),
    fc.array(
      fc.tuple(
        fc.nat(200),
        fc.nat(12),
        fc.constantFrom("", "'", "(", "|", "\n.", "`", "\\", "é", "0"),
      ),
      {
        maxLength: 4,
      },
    ),
  ).map(([text, edits]) =>
    edits.reduce((edited, [at, length, put]) =>
      edited.slice(0, at % (edited.length + 1)) + put +
      edited.slice((at % (edited.length + 1)) + length), text)
  );
}

async function isSound(service: Service, path: string, body: string): Promise<void> {
  const { status, text } = await service.send(path, { method: "POST", body });
  // 500 would be a fault of the emulator's own.
  assert([200, 400, 403, 413].includes(status), `${status} for ${body}: ${text}`);
  JSON.parse(text);
}

for (
  const [what, path, texts] of [
    ["commands", "/v1/rest/mgmt", commands],
    ["queries", "/v2/rest/query", queries],
  ] as const
) {
  Deno.test(`mutated ${what} are answered or refused, and never break the emulator`, async () => {
    const service = new Service();
    await service.run(...streamable("T", "a:string, n:long"));
    await fc.assert(
      fc.asyncProperty(
        mutated(texts),
        (csl) => isSound(service, path, JSON.stringify({ db: "NetDefaultDB", csl })),
      ),
      settings,
    );
  });
}

Deno.test("mutated streaming bodies are taken or refused, and never break the emulator", async () => {
  const service = new Service({ schemaCacheLag: false });
  const bodies = [
    '{"a":"x","n":1}\n{"a":"y","n":9223372036854775807}',
    '[{"a":{"b":[1,"2024-01-01"]}},{"n":"7"}]',
    'x,1\n"quoted ""y""",2\n',
  ];
  await fc.assert(
    fc.asyncProperty(
      mutated(bodies),
      fc.constantFrom("Json", "MultiJSON", "Csv", "Psv"),
      async (body, format) => {
        // A mutated command may have dropped the table: each run has its own.
        await service.run(...streamable("T", "a:string, n:long"));
        await isSound(service, `/v1/rest/ingest/NetDefaultDB/T?streamFormat=${format}`, body);
      },
    ),
    settings,
  );
});

Deno.test("parameters of any JSON are taken or refused, and never break the emulator", async () => {
  const service = new Service();
  const types = "bool int long real decimal datetime timespan guid string dynamic".split(" ");
  const literal = fc.tuple(fc.constantFrom(...types), fc.constantFrom("1", "null", "'x'", "-", "{"))
    .map(([type, inner]) => `${type}(${inner})`);
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...types),
      fc.oneof(fc.jsonValue(), literal, mutated(["datetime(2024-01-01)", 'dynamic({"a":[1]})'])),
      (type, p) => {
        const csl = `declare query_parameters(p:${type}); print p, tostring(p)`;
        const properties = { Parameters: { p } };
        const body = JSON.stringify({ db: "NetDefaultDB", csl, properties });
        return isSound(service, "/v2/rest/query", body);
      },
    ),
    settings,
  );
});

Deno.test("odd headers, methods and paths are refused, and never break the emulator", async () => {
  const service = new Service();
  const headers = fc.dictionary(
    fc.constantFrom("content-encoding", "accept-encoding", "authorization", "x-ms-readonly"),
    fc.oneof(fc.constantFrom("gzip", "deflate", "br", "identity", "true"), fc.base64String()),
  );
  const path = fc.constantFrom(
    "/v2/rest/query",
    "/v1/rest/query",
    "/v1/rest/mgmt",
    "/v1/rest/ingest/NetDefaultDB/T?streamFormat=csv",
    "/v1/rest/ingest/%E0%A4%A/%00?streamFormat=csv",
    "/v1/rest/auth/metadata",
    "/v1/rest/ingest/x",
    "/",
  );
  await fc.assert(
    fc.asyncProperty(
      path,
      fc.constantFrom("GET", "POST", "PUT", "DELETE"),
      headers,
      fc.oneof(fc.constant('{"db":"NetDefaultDB","csl":"print 1"}'), fc.string()),
      async (at, method, sent, body) => {
        const init = { method, headers: sent, ...(method !== "GET" && { body }) };
        const { status, text } = await service.send(at, init);
        assert(
          [200, 400, 403, 404, 405].includes(status),
          `${status} for ${method} ${at}: ${text}`,
        );
        JSON.parse(text);
      },
    ),
    settings,
  );
});

Deno.test("odd options and bodies of requests are refused, and never break the emulator", async () => {
  const service = new Service();
  const names = ["servertimeout", "truncationmaxrecords", "query_now", "notruncation", "odd"];
  await fc.assert(
    fc.asyncProperty(
      fc.dictionary(fc.constantFrom(...names), fc.jsonValue()),
      fc.oneof(fc.jsonValue(), fc.constant("print 1")),
      (Options, csl) =>
        isSound(
          service,
          "/v2/rest/query",
          JSON.stringify({ db: "NetDefaultDB", csl, properties: { Options } }),
        ),
    ),
    settings,
  );
});
