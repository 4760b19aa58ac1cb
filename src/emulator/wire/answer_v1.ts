/**
 * Answers of the v1 endpoints: tables in one JSON object.
 *
 * Source: response (Kusto documentation).
 *
 * @module
 */
import type { Column } from "../language/catalog.ts";
import { formatDatetime } from "../values/datetime.ts";
import type { RequestIdentity } from "./error_body.ts";
import type { ServiceError } from "../errors.ts";
import type { RequestProperties } from "./options.ts";
import type { QueryTable } from "../language/queries.ts";
import { allowanceOf, writeRows, type WrittenRows } from "./result_rows.ts";
import type { ScalarType } from "../values/values.ts";

const dataTypes: Readonly<Record<ScalarType, string>> = {
  bool: "Boolean",
  int: "Int32",
  long: "Int64",
  real: "Double",
  decimal: "SqlDecimal",
  datetime: "DateTime",
  timespan: "TimeSpan",
  guid: "Guid",
  string: "String",
  dynamic: "Object",
};

function tableText(name: string, columns: readonly Column[], rows: readonly string[]): string {
  const described = columns.map((column) => ({
    ColumnName: column.name,
    DataType: dataTypes[column.type],
    ColumnType: column.type,
  }));
  return `{"TableName":${JSON.stringify(name)},"Columns":${JSON.stringify(described)},"Rows":[${
    rows.join(",")
  }]}`;
}

function columns(text: string): readonly Column[] {
  return text.split(",").map((part) => {
    const [name, type] = part.split(":");
    return { name: name!, type: type as ScalarType };
  });
}

/** A table's rows, led out by an exception where the limits of the request cut them. */
function limited(written: WrittenRows, properties: RequestProperties): readonly string[] {
  return written.error && !properties.deferErrors
    ? [...written.rows, JSON.stringify({ Exceptions: [written.error.message] })]
    : written.rows;
}

function exceptions(error: ServiceError | undefined, properties: RequestProperties): string {
  return error && !properties.deferErrors ? `,"Exceptions":${JSON.stringify([error.message])}` : "";
}

/** A command's answer: its one table. */
export function answerCommand(table: QueryTable, properties: RequestProperties): string {
  const written = writeRows(table, properties, allowanceOf(properties));
  const text = tableText(table.name, table.columns, limited(written, properties));
  return `{"Tables":[${text}]${exceptions(written.error, properties)}}`;
}

const statusColumns = columns(
  "Timestamp:datetime,Severity:int,SeverityName:string,StatusCode:int,StatusDescription:string,Count:int,RequestId:guid,ActivityId:guid,SubActivityId:guid,ClientActivityId:string",
);
const contentsColumns = columns("Ordinal:long,Kind:string,Name:string,Id:string,PrettyName:string");

/** A query's answer: its results, then properties, status and a table of contents. */
export function answerV1(
  tables: readonly QueryTable[],
  properties: RequestProperties,
  identity: RequestIdentity,
  finishedAt: bigint,
): string {
  const allowance = allowanceOf(properties);
  const texts: string[] = [];
  const contents: (readonly [string, string, string])[] = [];
  let error: ServiceError | undefined;
  for (const [at, table] of tables.entries()) {
    const written = writeRows(table, properties, allowance);
    error = written.error;
    texts.push(tableText(`Table_${at}`, table.columns, limited(written, properties)));
    contents.push(["QueryResult", table.name, identity.activityId]);
    if (error) break;
  }
  const extended = tables.map(() => JSON.stringify([JSON.stringify({ Visualization: null })]));
  texts.push(tableText(`Table_${texts.length}`, columns("Value:string"), extended));
  contents.push(["QueryProperties", "@ExtendedProperties", identity.activityId]);
  texts.push(
    tableText(`Table_${texts.length}`, statusColumns, [
      JSON.stringify([
        formatDatetime(finishedAt),
        error ? 2 : 4,
        error ? "Error" : "Info",
        error ? -2133196797 : 0,
        error ? error.message : "Query completed successfully",
        1,
        identity.activityId,
        identity.activityId,
        identity.activityId,
        identity.clientRequestId,
      ]),
    ]),
  );
  contents.push(["QueryStatus", "QueryStatus", "00000000-0000-0000-0000-000000000000"]);
  texts.push(
    tableText(
      `Table_${texts.length}`,
      contentsColumns,
      contents.map(([kind, name, id], at) => JSON.stringify([at, kind, name, id, ""])),
    ),
  );
  return `{"Tables":[${texts.join(",")}]${exceptions(error, properties)}}`;
}
