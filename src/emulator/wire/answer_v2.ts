/**
 * Answers of the v2 query endpoint: a JSON array of frames.
 *
 * Sources: response-v2, partial-query-failures (Kusto documentation).
 *
 * @module
 */
import type { Column } from "../language/catalog.ts";
import { formatDatetime } from "../values/datetime.ts";
import { errorObject, type RequestIdentity } from "./error_body.ts";
import type { ServiceError } from "../errors.ts";
import type { RequestProperties } from "./options.ts";
import type { QueryTable } from "../language/queries.ts";
import { allowanceOf, writeRows } from "./result_rows.ts";

const visualization = JSON.stringify({
  Visualization: null,
  Title: null,
  XColumn: null,
  Series: null,
  YColumns: null,
  AnomalyColumns: null,
  XTitle: null,
  YTitle: null,
  XAxis: null,
  YAxis: null,
  Legend: null,
  YSplit: null,
  Accumulate: false,
  IsQuerySorted: false,
  Kind: null,
  Ymin: "NaN",
  Ymax: "NaN",
  Xmin: null,
  Xmax: null,
});

const propertyColumns: readonly Column[] = [
  { name: "TableId", type: "int" },
  { name: "Key", type: "string" },
  { name: "Value", type: "dynamic" },
];

const completionColumns: readonly Column[] = [
  { name: "Timestamp", type: "datetime" },
  { name: "ClientRequestId", type: "string" },
  { name: "ActivityId", type: "guid" },
  { name: "SubActivityId", type: "guid" },
  { name: "ParentActivityId", type: "guid" },
  { name: "Level", type: "int" },
  { name: "LevelName", type: "string" },
  { name: "StatusCode", type: "int" },
  { name: "StatusCodeName", type: "string" },
  { name: "EventType", type: "int" },
  { name: "EventTypeName", type: "string" },
  { name: "Payload", type: "string" },
];

const columnTexts = new WeakMap<readonly Column[], string>();

/** The `Columns` of a table frame. */
function columnsText(columns: readonly Column[]): string {
  let text = columnTexts.get(columns);
  if (text === undefined) {
    text = JSON.stringify(
      columns.map(({ name, type }) => ({ ColumnName: name, ColumnType: type })),
    );
    columnTexts.set(columns, text);
  }
  return text;
}

function tableStart(
  frame: "DataTable" | "TableHeader",
  id: number,
  kind: string,
  name: string,
  columns: readonly Column[],
): string {
  return `{"FrameType":"${frame}","TableId":${id},"TableKind":"${kind}","TableName":${
    JSON.stringify(name)
  },"Columns":${columnsText(columns)}`;
}

function dataTable(
  id: number,
  kind: string,
  name: string,
  columns: readonly Column[],
  rows: readonly string[],
): string {
  return `${tableStart("DataTable", id, kind, name, columns)},"Rows":[${rows.join(",")}]}`;
}

/** Writes the frames of an answer. */
export function answerV2(
  tables: readonly QueryTable[],
  properties: RequestProperties,
  identity: RequestIdentity,
  finishedAt: bigint,
): string {
  const { progressive, fragmented, errorPlacement, deferErrors } = properties;
  const inParts = progressive || fragmented;
  const frames = [headerFrame(properties)];
  frames.push(dataTable(
    0,
    "QueryProperties",
    "@ExtendedProperties",
    propertyColumns,
    tables.map((_table, at) => JSON.stringify([at + 1, "Visualization", visualization])),
  ));
  const allowance = allowanceOf(properties);
  let error: ServiceError | undefined;
  for (const [at, table] of tables.entries()) {
    const written = writeRows(table, properties, allowance);
    error = written.error;
    const told = error && !deferErrors ? oneApiErrors(error, identity) : undefined;
    const rows = told !== undefined && errorPlacement === "in_data"
      ? [...written.rows, `{"OneApiErrors":${told}}`]
      : written.rows;
    const atEnd = told !== undefined && errorPlacement === "end_of_table" ? told : undefined;
    if (inParts || atEnd !== undefined) {
      frames.push(...partFrames(at + 1, table, rows, written.rows.length, atEnd, progressive));
    } else frames.push(dataTable(at + 1, "PrimaryResult", table.name, table.columns, rows));
    if (error) break;
  }
  const failed = error !== undefined && !deferErrors;
  if (!failed) {
    frames.push(dataTable(
      tables.length + 1,
      "QueryCompletionInformation",
      "QueryCompletionInformation",
      completionColumns,
      completionRows(identity, finishedAt, error),
    ));
  }
  frames.push(
    `{"FrameType":"DataSetCompletion","HasErrors":${failed},"Cancelled":false${
      failed ? `,"OneApiErrors":${oneApiErrors(error!, identity)}` : ""
    }}`,
  );
  return properties.newlines ? `[${frames.join("\n,")}\n]` : `[${frames.join(",")}]`;
}

function headerFrame({ progressive, fragmented, errorPlacement }: RequestProperties): string {
  const names = { in_data: "InData", end_of_table: "EndOfTable", end_of_dataset: "EndOfDataset" };
  const more = fragmented || errorPlacement !== "in_data"
    ? { IsFragmented: fragmented, ErrorReportingPlacement: names[errorPlacement] }
    : {};
  return JSON.stringify({
    FrameType: "DataSetHeader",
    IsProgressive: progressive,
    Version: "v2.0",
    ...more,
  });
}

const fragmentRows = 5_000;

function partFrames(
  id: number,
  table: QueryTable,
  rows: readonly string[],
  count: number,
  errors: string | undefined,
  progressive: boolean,
): string[] {
  const frames = [
    `${tableStart("TableHeader", id, "PrimaryResult", table.name, table.columns)}}`,
  ];
  for (let start = 0; start < rows.length; start += fragmentRows) {
    const part = rows.slice(start, start + fragmentRows).join(",");
    frames.push(
      `{"FrameType":"TableFragment","TableFragmentType":"DataAppend","TableId":${id},"Rows":[${part}]}`,
    );
    if (progressive) {
      const done = Math.min(100, (100 * (start + fragmentRows)) / rows.length);
      frames.push(`{"FrameType":"TableProgress","TableId":${id},"TableProgress":${done}}`);
    }
  }
  frames.push(
    `{"FrameType":"TableCompletion","TableId":${id},"RowCount":${count}${
      errors === undefined ? "" : `,"OneApiErrors":${errors}`
    }}`,
  );
  return frames;
}

function oneApiErrors(error: ServiceError, identity: RequestIdentity): string {
  return JSON.stringify([{
    error: {
      ...errorObject(error, identity),
      message: "Request is invalid and cannot be executed.",
    },
  }]);
}

function completionRows(
  identity: RequestIdentity,
  finishedAt: bigint,
  error: ServiceError | undefined,
): string[] {
  const start = [
    formatDatetime(finishedAt),
    identity.clientRequestId,
    identity.activityId,
    identity.activityId,
    identity.activityId,
  ];
  const seconds = Number(finishedAt - identity.startedAt) / 1e7;
  const outcome = error === undefined
    ? [
      4,
      "Info",
      0,
      "S_OK (0)",
      4,
      "QueryInfo",
      '{"Count":1,"Text":"Query completed successfully"}',
    ]
    : [
      2,
      "Error",
      -2133196797,
      "E_QUERY_RESULT_SET_TOO_LARGE (80DA0003)",
      3,
      "QueryLimitsExceeded",
      JSON.stringify({ Count: 1, Text: error.message }),
    ];
  const stats = JSON.stringify({ ExecutionTime: seconds });
  return [
    JSON.stringify([...start, ...outcome]),
    JSON.stringify([...start, 6, "Stats", 0, "S_OK (0)", 0, "QueryResourceConsumption", stats]),
  ];
}
