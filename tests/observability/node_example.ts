/**
 * What `examples/observability/node.ts` prints, wherever it runs.
 *
 * @module
 */
import { assertEquals, assertMatch } from "@std/assert";

const PRINTED: readonly RegExp[] = [
  /^the agent was told: better not$/,
  ...[2, 1, 0, -1].map((step) => new RegExp(`^step ${step}$`)),
  /^span checkpoint\.setup went well, requests: \d+$/,
  /^span checkpoint\.get_tuple went well, requests: 1$/,
  ...["put", "put_writes", "put", "put_writes", "put_writes", "put"].map(span),
  /^span checkpoint\.get_tuple went well, requests: 1$/,
  ...["put_writes", "put_writes", "put", "list"].map(span),
  /^span checkpoint\.delete_thread went well, requests: 3$/,
  /^metric checkpoint\.batch_queue_size \(\{row\}\): 0$/,
  /^metric checkpoint\.recent_rows_bytes \(By\): 0$/,
  /^metric checkpoint\.requests \(\{request\}\): \d+$/,
  /^metric checkpoint\.bytes_sent \(By\): \d+$/,
  /^metric checkpoint\.setup\.duration_seconds \(s\): 1$/,
  /^metric checkpoint\.get_tuple\.duration_seconds \(s\): 2$/,
  /^metric checkpoint\.rows_per_request \(\{row\}\): \d+$/,
  /^metric checkpoint\.put\.duration_seconds \(s\): 4$/,
  /^metric checkpoint\.put_writes\.duration_seconds \(s\): 5$/,
  /^metric checkpoint\.list\.duration_seconds \(s\): 1$/,
  /^metric checkpoint\.delete_thread\.duration_seconds \(s\): 1$/,
];

function span(name: string): RegExp {
  return new RegExp(`^span checkpoint\\.${name} went well, requests: \\d+$`);
}

/** Checks what was printed; calls of LangGraph that run at once may end in any order. */
export function assertPrinted(output: string): void {
  const left = output.trimEnd().split("\n");
  assertEquals(left.length, PRINTED.length, output);
  for (const line of PRINTED) {
    const found = left.findIndex((text) => line.test(text));
    assertMatch(left[found] ?? "", line, output);
    left.splice(found, 1);
  }
}
