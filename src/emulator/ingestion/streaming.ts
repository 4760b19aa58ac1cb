/**
 * Streaming ingestion: the body of one request into the rows of one table.
 *
 * Sources: streaming-ingest, ingest-data-streaming, streaming-ingestion-policy (Kusto documentation).
 *
 * @module
 */
import type { Row } from "../language/catalog.ts";
import type { Database } from "../storage/database.ts";
import { notSupported, unknownEntity } from "../entity_errors.ts";
import { ServiceError } from "../errors.ts";
import { formatOf, mappingKind, readRows } from "./ingest.ts";
import type { QueryTable } from "../language/queries.ts";
import { refitting } from "../storage/refitting.ts";
import type { SchemaCache } from "../storage/schema_cache.ts";

/** The most bytes that a streaming request may hold, unpacked. */
export const streamingLimit = 4 * 1_048_576;

/** A streaming request, read. */
export interface StreamingRequest {
  readonly table: string;
  readonly format: string;
  /** The name of a mapping. */
  readonly mapping: string | undefined;
  readonly body: string;
  /** Ticks before queries see the rows. */
  readonly delay: bigint;
  /** How often the rows arrive: twice where a duplicate is wanted. */
  readonly copies: number;
}

/** The error for a table that lets no streamed rows in. */
function policyNotEnabled(table: string): ServiceError {
  const code = "BadRequest_StreamingIngestionPolicyNotEnabled";
  const type = "Kusto.DataNode.Exceptions.StreamingIngestionRequestException";
  const message =
    `Bad streaming ingestion request: streaming ingestion policy is not enabled for table '${table}'`;
  return new ServiceError({
    status: 400,
    code: "BadRequest",
    type,
    message,
    permanent: true,
    inner: { code, type, message },
  });
}

/**
 * Takes the rows of a streaming request.
 *
 * @returns The number of rows.
 * @throws ServiceError for a table, policy or mapping that streaming ingestion does not know (yet), and for bad data.
 */
export function ingestStream(
  request: StreamingRequest,
  database: Database,
  cache: SchemaCache,
): number {
  const known = cache.table(request.table);
  if (known === undefined || database.tables.get(request.table) !== known.table) {
    throw unknownEntity(
      "Table",
      request.table,
      ` A table made a moment ago is known after '.clear table ${request.table} cache streamingingestion schema' or within five minutes.`,
    );
  }
  if (!known.allowed) throw policyNotEnabled(request.table);
  const format = formatOf(request.format);
  if (format === undefined) throw notSupported(`Stream format '${request.format}'`);
  const kind = mappingKind(format);
  const mapping = request.mapping === undefined
    ? undefined
    : cache.mapping(known, kind, request.mapping);
  if (request.mapping !== undefined && mapping === undefined) {
    throw unknownEntity(
      "MappingPersistent",
      request.mapping,
      ` The table '${request.table}' has no mapping of the kind '${kind}' with this name, or one made a moment ago.`,
    );
  }
  const rows = readRows(request.body, format, known, mapping);
  const { table } = known;
  // Rows are made for the columns that streaming ingestion knows.
  const fitted = table.columns === known.columns
    ? rows
    : rows.map(refitting(known.columns, table.columns));
  const visibleAt = request.delay > 0n ? database.now() + request.delay : undefined;
  for (let copy = 0; copy < request.copies; copy++) {
    const cells = copy === 0 ? fitted : fitted.map((row) => [...row]);
    database.ingest(table, table.prepare(cells), visibleAt);
  }
  return rows.length;
}

const answerColumns: QueryTable["columns"] = [
  { name: "ConsumedRecordsCount", type: "long" },
  { name: "UpdatePolicyStatus", type: "string" },
  { name: "UpdatePolicyFailureCode", type: "string" },
  { name: "UpdatePolicyFailureReason", type: "string" },
];

/** What a streaming request answers. */
export function streamingAnswer(count: number): QueryTable {
  const row: Row = [BigInt(count), "Inactive", "Unknown", null];
  return { name: "Table_0", columns: answerColumns, rows: [row] };
}
