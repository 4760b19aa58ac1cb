/** Fuzzed requests that were answered with 200 did what they said; others changed nothing. */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { fuzzing } from "./fuzz_settings.ts";
import { framesOf, Service, streamable } from "./service.ts";

const types = [
  "bool",
  "int",
  "long",
  "real",
  "decimal",
  "datetime",
  "timespan",
  "guid",
  "string",
  "dynamic",
];

/** A name as it must be written in commands. */
function written(name: string): string {
  return `['${name.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}']`;
}

// Few names and types, so that they meet often.
const names = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom("A", "b c", "d-1") },
  { weight: 1, arbitrary: fc.constantFrom("__q", "it's", "") },
);
const scalarTypes = fc.oneof(fc.constantFrom("string", "long"), fc.constantFrom(...types));
const columns = fc.uniqueArray(fc.tuple(names, scalarTypes), {
  selector: ([name]) => name,
  minLength: 1,
  maxLength: 4,
});
const step = fc.oneof(
  fc.record({
    verb: fc.constantFrom("create", "create-merge", "alter-merge", "alter"),
    table: names,
    columns,
  }),
  fc.record({ verb: fc.constantFrom("drop", "clear"), table: names }),
  fc.record({ verb: fc.constant("drop-column"), table: names, column: names }),
);
type Step = { verb: string; table: string; columns?: [string, string][]; column?: string };

function commandOf({ verb, table, columns, column }: Step): string {
  if (verb === "drop") return `.drop table ${written(table)}`;
  if (verb === "clear") return `.clear table ${written(table)} data`;
  if (verb === "drop-column") return `.drop column ${written(table)}.${written(column!)}`;
  const list = columns!.map(([name, type]) => `${written(name)}:${type}`).join(", ");
  return `.${verb} table ${written(table)} (${list})`;
}

type Model = Map<string, [string, string][]>;

/** What a step does to tables and columns; undefined where the service refuses it. */
function after(model: Model, { verb, table, columns, column }: Step): Model | undefined {
  const next = new Map(model);
  const old = model.get(table);
  if (verb === "drop") return next.delete(table) ? next : undefined;
  if (verb === "clear") return old && next;
  if (verb === "drop-column") {
    const left = old?.filter(([name]) => name !== column);
    if (!old || left!.length === old.length || left!.length === 0) return undefined;
    return next.set(table, left!);
  }
  const isName = (name: string) => /^[\p{L}\p{N}_ .-]+$/u.test(name) && !/^__|__$/.test(name);
  if (!columns!.every(([name]) => isName(name))) return undefined;
  if (!old) {
    return verb.startsWith("create") && isName(table) ? next.set(table, columns!) : undefined;
  }
  if (verb === "create") return next;
  const clash = columns!.some(([name, type]) => old.some(([n, t]) => n === name && t !== type));
  if (clash) return undefined;
  const added = columns!.filter(([name]) => !old.some(([known]) => known === name));
  return next.set(table, verb === "alter" ? columns! : [...old, ...added]);
}

async function schemaOf(service: Service): Promise<Model> {
  const [row] = await service.show(".show database schema as json");
  const { Tables } = JSON.parse(String(Object.values(row!)[0])).Databases.NetDefaultDB;
  return new Map(
    Object.entries(
      Tables as Record<string, { OrderedColumns: { Name: string; CslType: string }[] }>,
    )
      .map(([name, { OrderedColumns }]) => [
        name,
        OrderedColumns.map(({ Name, CslType }): [string, string] => [Name, CslType]),
      ]),
  );
}

Deno.test("commands on tables have the effect that they report, or none", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      const service = new Service();
      let model: Model = new Map();
      for (const each of steps as Step[]) {
        const { status, text } = await service.command(commandOf(each));
        const next = after(model, each);
        assertEquals(status, next ? 200 : 400, `${commandOf(each)}: ${text}`);
        model = next ?? model;
        assertEquals(await schemaOf(service), model);
      }
    }),
    fuzzing(60),
  );
});

/** A text with characters taken out, put in and put elsewhere. */
function mutated(texts: readonly string[]): fc.Arbitrary<string> {
  const edit = fc.tuple(
    fc.nat(400),
    fc.nat(9),
    fc.constantFrom("", " ", "'", "(", ")", "|", ",", ";", "x", "0"),
  );
  return fc.tuple(fc.constantFrom(...texts), fc.array(edit, { minLength: 1, maxLength: 3 }))
    .map(([text, edits]) =>
      edits.reduce((edited, [at, length, put]) => {
        const start = at % (edited.length + 1);
        return edited.slice(0, start) + put + edited.slice(start + length);
      }, text)
    );
}

/** All that requests could change. */
async function fingerprint(service: Service): Promise<string> {
  const texts = [];
  for (
    const command of [
      ".show database schema as json",
      ".show ingestion mappings",
      ".show table T policy retention",
      ".show table T policy streamingingestion",
      ".show functions",
      ".show materialized-views | project-away MaterializedTo, LastRun",
    ]
  ) texts.push(JSON.stringify(JSON.parse((await service.command(command)).text).Tables?.[0]));
  texts.push(JSON.stringify(await service.rows("T | count")));
  return texts.join("\n");
}

const changes = [
  ".create table N (a:string, n:long) with (folder='f', docstring='d')",
  ".alter-merge table T (extra:dynamic)",
  '.create table T ingestion json mapping "M" \'[{"column":"a","path":"$.a"},{"column":"n","path":"$.n"}]\'',
  ".create materialized-view V on table T { T | summarize arg_max(n, *) by a }",
  ".alter-merge table T policy retention softdelete = 9d recoverability = disabled",
  ".alter table T policy streamingingestion disable",
  ".delete table T records <| T | where a == 'x'",
  '.ingest inline into table T with (format=\'json\') <| {"a":"x","n":1}',
  ".create function F(x:long) { T | where n > x }",
  ".set-or-append T <| print a = 'new', n = 1",
  ".clear table T data",
];

Deno.test("mutated commands that are refused leave everything as it was", async () => {
  await fc.assert(
    fc.asyncProperty(mutated(changes), async (csl) => {
      const service = new Service();
      await service.run(
        ...streamable("T", "a:string, n:long"),
        ".ingest inline into table T <| x,1\ny,2",
      );
      const before = await fingerprint(service);
      const { status } = await service.command(csl);
      if (status !== 200) assertEquals(await fingerprint(service), before, csl);
    }),
    fuzzing(100),
  );
});

Deno.test("a deletion with whatif counts what the deletion then removes", async () => {
  const predicates = [
    "T | where a == 'x'",
    "T | where n > 1 | where a != 'y'",
    "T | where isempty(a) or n in (1, 3)",
  ];
  await fc.assert(
    fc.asyncProperty(mutated(predicates), async (predicate) => {
      const service = new Service();
      await service.run(
        ".create table T (a:string, n:long)",
        ".ingest inline into table T <| x,1\ny,2\nx,3\n,4",
      );
      const whatif = await service.command(
        `.delete table T records with (whatif=true) <| ${predicate}`,
      );
      assertEquals(await service.rows("T | count"), [[4]]);
      const { status } = await service.command(`.delete table T records <| ${predicate}`);
      assertEquals(status, whatif.status);
      const matched = status === 200 ? JSON.parse(whatif.text).Tables[0].Rows[0]?.[2] ?? 0 : 0;
      assertEquals(await service.rows("T | count"), [[4 - matched]], predicate);
    }),
    fuzzing(100),
  );
});

function consumed(text: string): number {
  return JSON.parse(text).Tables[0].Rows[0][0];
}

async function packed(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

Deno.test("streamed bodies, whole or broken, add the rows that their answer counts, or none", async () => {
  const bodies = [
    '{"a":"x","n":1}\n{"a":"y","n":9223372036854775807}\n',
    '[{"a":{"b":[1,"2024-01-01"]}},{"n":"7"}]',
    'x,1\n"quoted ""y""\nline",2\n\n,\n',
  ];
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(mutated(bodies), fc.constantFrom(...bodies)),
      fc.constantFrom("Json", "MultiJSON", "Csv", "Psv", "Tsv"),
      fc.option(fc.record({ cut: fc.nat(120), flip: fc.option(fc.nat(120)) })),
      async (body, format, gzip) => {
        const service = new Service({ schemaCacheLag: false });
        await service.run(...streamable("T", "a:string, n:long"));
        let bytes = new TextEncoder().encode(body);
        if (gzip) {
          bytes = await packed(bytes);
          bytes = bytes.slice(0, bytes.length - Math.max(0, gzip.cut - 60));
          if (gzip.flip !== null && bytes.length > 0) bytes[gzip.flip % bytes.length]! ^= 0x10;
        }
        const { status, text } = await service.stream(
          "T",
          bytes,
          `streamFormat=${format}`,
          gzip ? { "content-encoding": "gzip" } : {},
        );
        assert([200, 400, 413].includes(status), text);
        const rows = status === 200 ? consumed(text) : 0;
        assertEquals(await service.rows("T | count"), [[rows]], body);
      },
    ),
    fuzzing(150),
  );
});

const telling = fc.constantFrom('"', ",", "\n", "\r", "\\", " ", "\t", "x", "é", "𝄞", "\0");
const cell = fc.oneof(
  fc.string({ unit: telling, maxLength: 8 }),
  fc.string({ unit: "grapheme", maxLength: 8 }),
);

Deno.test("texts come back from JSON and from CSV as they were sent", async () => {
  const service = new Service({ schemaCacheLag: false });
  await service.run(...streamable("T", "i:long, a:string, b:string"));
  const quote = (text: string) => `"${text.replaceAll('"', '""')}"`;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 5 }),
      async (pairs) => {
        const csv = pairs.map(([a, b], i) => `${i},${quote(a)},${quote(b)}`).join("\r\n");
        const json = pairs.map(([a, b], i) => JSON.stringify({ i, a, b }));
        for (
          const [format, body] of [
            ["csv", csv],
            ["json", json.join("\n")],
            ["multijson", `[${json.join(",\n")}]`],
          ]
        ) {
          const { status, text } = await service.stream("T", body!, `streamFormat=${format}`);
          assertEquals([status, consumed(text)], [200, pairs.length]);
          assertEquals(await service.rows("T | order by i asc | project a, b"), pairs);
          await service.run(".clear table T data");
        }
      },
    ),
    fuzzing(60),
  );
});

Deno.test("options are honoured one and all, or refused", async () => {
  const service = new Service();
  const asked = fc.record({
    truncationmaxrecords: fc.nat(30),
    query_take_max_records: fc.nat(30),
    notruncation: fc.boolean(),
    deferpartialqueryfailures: fc.boolean(),
    results_progressive_enabled: fc.boolean(),
    results_v2_fragment_primary_tables: fc.boolean(),
    results_v2_newlines_between_frames: fc.boolean(),
    results_error_reporting_placement: fc.constantFrom("in_data", "end_of_table", "end_of_dataset"),
    query_now: fc.constant("2020-02-02"),
    unheard_of: fc.constant(true),
  }, { requiredKeys: [] });
  await fc.assert(
    fc.asyncProperty(asked, async (Options) => {
      const answer = await service.query("range x from 1 to 20 step 1 | extend at = now()", {
        Options,
      });
      assertEquals(answer.status, "unheard_of" in Options ? 400 : 200);
      if (answer.status !== 200) return;
      const frames = framesOf(answer);
      const parts = frames.filter(({ TableId, Rows }) => TableId === 1 && Rows);
      const rows = parts.flatMap(({ Rows }) => Rows!).filter(Array.isArray) as unknown[][];
      const wanted = Math.min(20, Options.query_take_max_records ?? 20);
      const most = Options.truncationmaxrecords ?? 500_000;
      assertEquals(rows.length, Math.min(wanted, most));
      if (Options.query_now) assert(rows.every(([, at]) => String(at).startsWith("2020-02-02")));
      const failed = wanted > most;
      assertEquals(frames.at(-1)!.HasErrors, failed && !Options.deferpartialqueryfailures);
      const told = answer.text.split("E_QUERY_RESULT_SET_TOO_LARGE, ").length > 1;
      assertEquals(told, failed);
      assertEquals(answer.text.includes("\n"), Options.results_v2_newlines_between_frames === true);
      assertEquals(
        frames.some(({ FrameType }) => FrameType === "TableHeader"),
        Options.results_progressive_enabled === true ||
          Options.results_v2_fragment_primary_tables === true ||
          (failed && !Options.deferpartialqueryfailures &&
            Options.results_error_reporting_placement === "end_of_table"),
      );
    }),
    fuzzing(120),
  );
});

/** Puts comments and line breaks where a query has a blank outside of its literals and comments. */
function spaced(query: string, choices: readonly number[]): string {
  let at = 0;
  return query.replaceAll(
    /"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|@"[^"]*"|@'[^']*'|```[\s\S]*?```|\/\/[^\n]*|\b(?:date)?time\([^()]*\)|[ \n]/g,
    (token) => {
      if (token !== " " && token !== "\n") return token;
      return [token, `${token} `, "\n", " // 'x (\n", "\r\n\t"][choices[at++ % choices.length]!]!;
    },
  );
}

Deno.test("a query means the same however it is spaced, commented, wrapped and named", async () => {
  const file = new URL("../fixtures/kql-corpus/core-dev.jsonl", import.meta.url);
  const queries = (await Deno.readTextFile(file)).trim().split("\n")
    .map((line) => (JSON.parse(line) as { query: string }).query)
    .filter((query) => !/now\(|ago\(|rand|;|sample|take_any|any\(|declare/.test(query));
  const service = new Service({ random: () => 0.5 });
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...queries),
      fc.array(fc.nat(4), { minLength: 1, maxLength: 7 }),
      fc.constantFrom(
        (text: string) => text,
        (text: string) => `let q = (${text}\n); q`,
        (text: string) => `(${text}\n) | where true`,
        (text: string) => `${text}\n| as hint.materialized=true X`,
        (text: string) => `${text}\n;`,
        (text: string) => `let f = () { ${text}\n}; f()`,
      ),
      async (query, choices, wrap) => {
        const plain = await service.query(query);
        const other = await service.query(wrap(spaced(query, choices)));
        if (plain.status !== 200 || other.status !== 200) {
          // Refusing is allowed, but for what only blanks and comments were added to.
          if (wrap("Q") === "Q") assertEquals(other.status, plain.status, spaced(query, choices));
          return;
        }
        const [first, second] = [plain, other].map((answer) => {
          const { Columns, Rows } = framesOf(answer).find(({ TableKind }) =>
            TableKind === "PrimaryResult"
          )!;
          return { Columns, Rows };
        });
        assertEquals(second, first, wrap(spaced(query, choices)));
      },
    ),
    fuzzing(60),
  );
});
