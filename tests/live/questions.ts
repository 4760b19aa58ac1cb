/**
 * What Kusto's documentation leaves open, asked of the cluster itself.
 *
 * @module
 */
import type { LiveCluster, RawAnswer } from "./cluster.ts";

const MEBIBYTE = 2 ** 20;
const LONGEST_ANSWER = 800;
const VISIBLE_WITHIN_MS = 60_000;
const MAPPING = '[{"column":"name","path":"$.name"},{"column":"value","path":"$.value"}]';

/** Rows as the wire has them; what is not known of a dynamic column must not be lost on the way. */
const STORED = [
  ["text that is JSON", String.raw`"{\"a\": 1}"`],
  ["real without fraction", "1.0"],
  ["integer beyond doubles", "9007199254740993"],
  ["text that is a date", '"2024-01-01T00:00:00Z"'],
  ["text that is a GUID", '"74be27de-1e4e-49d9-b579-fe0b331d3642"'],
  ["null", "null"],
  ["null inside", '{"a": null}'],
] as const;

interface Question {
  readonly question: string;
  /** Resolves to what the cluster does. */
  readonly ask: (cluster: LiveCluster) => Promise<string>;
}

const questions: readonly Question[] = [
  {
    question:
      "A string parameter given as text within quotes, then as text that only begins with one",
    ask: async (cluster) => {
      const csl = "declare query_parameters(s:string); print s";
      const given = ['"a"', '"a'];
      const answers = given.map((s) => cluster.execute("query", csl, { Parameters: { s } }));
      return (await Promise.all(answers)).map(summary).join(", ");
    },
  },
  {
    question: "Parameters declared within .delete",
    ask: async (cluster) => {
      const csl = `.delete table ${tableOf(cluster)} records with (whatif=true) <| ` +
        `declare query_parameters(s:string); ${tableOf(cluster)} | where name == s`;
      return summary(await cluster.execute("mgmt", csl, { Parameters: { s: "nobody" } }));
    },
  },
  {
    question: "arg_max over the texts a, B, b, then over a tie of the rows 1 and 2",
    ask: async (cluster) => {
      const [texts, tie] = ['1, "a", 2, "B", 3, "b"', '1, "a", 2, "a"'];
      const answers = [texts, tie].map((rows) =>
        cluster.execute("query", `datatable(n:int, s:string)[${rows}] | summarize arg_max(s, n)`)
      );
      return (await Promise.all(answers)).map(summary).join(", ");
    },
  },
  {
    question: "Bytes of a text of 3 MiB that is put together from a list, and of the same parsed",
    ask: async (cluster) =>
      summary(
        await cluster.execute(
          "query",
          `range i from 1 to 6 step 1 | extend part = strrep(strrep("x", 1024), 512)
| summarize text = strcat_array(make_list(part), "")
| project string_size(text), string_size(tostring(parse_json(strcat('["', text, '"]'))[0]))`,
        ),
      ),
  },
  {
    question: "The order of texts",
    ask: async (cluster) =>
      summary(
        await cluster.execute(
          "query",
          'datatable(s:string)["b", "B", "a", "A", "_", "1", "é", "\uffee", "\u{1F600}"] | sort by s asc',
        ),
      ),
  },
  {
    question: "A good line, one that is no JSON, and another good one",
    ask: async (cluster) => {
      const lines = ['{"name":"before"}', '{"name":', '{"name":"after"}'];
      return summary(await ingest(cluster, lines));
    },
  },
  {
    question: "Rows left when a row was taken, deleted at once and then counted",
    ask: async (cluster) => {
      const rows = `${tableOf(cluster)} | where name == "soon deleted"`;
      await ingest(cluster, ['{"name":"soon deleted"}']);
      const deleted = await cluster.execute(
        "mgmt",
        `.delete table ${tableOf(cluster)} records <| ${rows}`,
      );
      const counted = await cluster.execute("query", `${rows} | count`);
      return `${summary(counted)}, .delete answered ${deleted.status}`;
    },
  },
  {
    question: "Values of a dynamic column: name, type, text, whether null",
    ask: async (cluster) => {
      const lines = STORED.map(([name, value]) => `{"name":"stored: ${name}","value":${value}}`);
      await ingest(cluster, [...lines, '{"name":"stored: absent"}']);
      const csl = `${tableOf(cluster)} | where name startswith "stored: " ` +
        `| project substring(name, 8), gettype(value), tostring(value), isnull(value)`;
      return summary(await untilRows(cluster, csl, lines.length + 1));
    },
  },
  {
    question:
      "Type and text that parse_json makes of 32 hexadecimal digits, a GUID, a date and digits, and rows that an empty list and a null become",
    ask: async (cluster) =>
      summary(
        await cluster.execute(
          "query",
          `print parts = parse_json('["74be27de1e4e49d9b579fe0b331d3642", "74be27de-1e4e-49d9-b579-fe0b331d3642", "2024-01-01", "17"]')
| mv-expand part = parts
| project what = gettype(part), text = tostring(part)
| union (print parts = dynamic([]) | mv-expand part = parts | project what = "empty list", text = ""),
  (print parts = dynamic(null) | mv-expand part = parts | project what = "null", text = "")`,
        ),
      ),
  },
  {
    question: "What a list gives for an index that is null, as a text that is no number becomes",
    ask: async (cluster) =>
      summary(
        await cluster.execute(
          "query",
          `datatable(list:dynamic, at:string)[dynamic(["first", "second"]), "1", dynamic(["first", "second"]), "none"]
| project found = tostring(list[toint(at)])`,
        ),
      ),
  },
  ...[4, 10].map((size): Question => ({
    question: `A streaming request of ${size + 1} MB`,
    ask: async (cluster) => {
      const line = JSON.stringify({ name: "large", value: "x".repeat(1000) });
      const lines = Array.from({ length: (size + 1) * MEBIBYTE / line.length }, () => line);
      return summary(await stream(cluster, tableOf(cluster), lines.join("\n")));
    },
  })),
  {
    question: "Streaming into a table without the policy",
    ask: async (cluster) =>
      summary(await stream(cluster, `${tableOf(cluster)}Unstreamed`, '{"name":"a"}')),
  },
  {
    question: "Streaming into a table that is not there",
    ask: async (cluster) =>
      summary(await stream(cluster, `${tableOf(cluster)}Missing`, '{"name":"a"}')),
  },
  {
    question: "Streaming by a mapping that is not there",
    ask: async (cluster) =>
      summary(await stream(cluster, tableOf(cluster), '{"name":"a"}', "missing")),
  },
  {
    question: "WWW-Authenticate and the answer to a token that is none",
    ask: async (cluster) => {
      const answer = await cluster.execute("query", "print 1", {}, {
        authorization: "Bearer none",
      });
      return `${answer.headers.get("www-authenticate")}, ${summary(answer)}`;
    },
  },
  {
    question: "A script of which a line within a command begins with a dot",
    ask: async (cluster) => {
      const csl = ".execute database script with (ThrowOnErrors=true) <|\n" +
        `.delete table ${tableOf(cluster)} records with (whatif=true) <| ` +
        `${tableOf(cluster)} | where tostring(value\n.a) == "1"`;
      return summary(await cluster.execute("mgmt", csl));
    },
  },
  {
    question: "How often this run was throttled, and Retry-After",
    ask: ({ throttled }) =>
      Promise.resolve(`${throttled.length} times ${JSON.stringify(throttled)}`),
  },
];

/** Asks all questions; what the cluster does is what there is to learn, so that none can fail. */
export async function* answers(cluster: LiveCluster): AsyncGenerator<string> {
  await prepare(cluster);
  for (const { question, ask } of questions) {
    const answer = await ask(cluster).catch((error) => `could not be asked: ${error.message}`);
    yield `${question}: ${answer}`;
  }
}

async function prepare(cluster: LiveCluster): Promise<void> {
  const table = tableOf(cluster);
  await cluster.command(`.create-merge table ${table} (name:string, value:dynamic)`);
  await cluster.command(
    `.create-or-alter table ${table} ingestion json mapping "questions" '${MAPPING}'`,
  );
  if (!cluster.streams) return;
  await cluster.command(`.create-merge table ${table}Unstreamed (name:string, value:dynamic)`);
  await cluster.command(`.alter table ${table} policy streamingingestion enable`);
  for (const name of [table, `${table}Unstreamed`]) {
    await cluster.command(`.clear table ${name} cache streamingingestion schema`);
  }
}

function tableOf(cluster: LiveCluster): string {
  return `${cluster.prefix}Questions`;
}

function stream(
  cluster: LiveCluster,
  table: string,
  body: string,
  mapping = "questions",
): Promise<RawAnswer> {
  return cluster.stream(table, body, `streamFormat=json&mappingName=${mapping}`);
}

/** Appends rows in the way of this run. */
function ingest(cluster: LiveCluster, lines: readonly string[]): Promise<RawAnswer> {
  const table = tableOf(cluster);
  const body = lines.join("\n");
  if (cluster.streams) return stream(cluster, table, body);
  const properties = 'format="json", ingestionMappingReference="questions"';
  return cluster.execute(
    "mgmt",
    `.ingest inline into table ${table} with (${properties}) <|\n${body}`,
  );
}

/** Asks until so many rows are there, or it has taken too long. */
async function untilRows(cluster: LiveCluster, csl: string, wanted: number): Promise<RawAnswer> {
  const until = Date.now() + VISIBLE_WITHIN_MS;
  for (;;) {
    const answer = await cluster.execute("query", csl);
    if (rowsIn(answer).length >= wanted || Date.now() > until) return answer;
    await new Promise((resume) => setTimeout(resume, 1_000));
  }
}

function rowsIn({ text }: RawAnswer): unknown[] {
  const { Tables: [table] } = JSON.parse(text) as { Tables: { Rows: unknown[] }[] };
  return table?.Rows ?? [];
}

/** The rows of the first table, or the status and text of a refusal. */
function summary(answer: RawAnswer): string {
  const { status, text } = answer;
  const said = status === 200 ? JSON.stringify(rowsIn(answer)) : `${status} ${text}`;
  return said.length > LONGEST_ANSWER ? `${said.slice(0, LONGEST_ANSWER)}...` : said;
}
