/**
 * The materialized view: whether it is there, works, and knows all rows.
 *
 * @module
 */
import type { KustoClient } from "../service/client.ts";
import type { DatabaseSchema, ShownView } from "./database_schema.ts";
import type { SchemaProblem } from "../errors.ts";
import { rowsOf } from "../service/frames.ts";
import { tableNames } from "../schema.ts";

/** Whether a view is there and works. */
export function checkView({ views }: DatabaseSchema, view: string, mend: string): SchemaProblem[] {
  const found = views.get(view);
  if (!found) {
    return [{
      kind: "view",
      severity: "error",
      entity: view,
      message: `the materialized view ${view} is missing`,
      mend,
    }];
  }
  const trouble = troubleOf(found);
  return trouble ? [{ kind: "view", severity: "warning", entity: view, ...trouble }] : [];
}

/** A view that does not work still answers correctly, from the table alone. */
function troubleOf(
  { Name, IsEnabled, IsHealthy, MaterializedTo }: ShownView,
): Pick<SchemaProblem, "message" | "mend"> | undefined {
  const slower = "so reads slow down as the table grows";
  if (!IsEnabled) {
    return {
      message: `the materialized view ${Name} is disabled, ${slower}`,
      mend: `.enable materialized-view ${Name}`,
    };
  }
  if (IsHealthy) return undefined;
  return {
    message:
      `the materialized view ${Name} is not healthy, it is materialized up to ${MaterializedTo}, ${slower}`,
    mend: `.show materialized-view ${Name} failures tells why`,
  };
}

/**
 * A view that was made after its rows does not know them, or points at younger rows with smaller ids:
 * where it knows none, reads fall back to the table.
 */
export async function checkViewCoverage(
  client: KustoClient,
  tablePrefix: string,
  { tables, views }: DatabaseSchema,
  commands: readonly string[],
): Promise<SchemaProblem[]> {
  const { checkpoints, latest } = tableNames(tablePrefix);
  if (!tables.has(checkpoints) || !views.has(latest)) return [];
  const [rows] = await client.query(
    `${checkpoints} | summarize head = max(revision) by thread_id, checkpoint_ns, incarnation | join kind=leftouter ${latest} on thread_id, checkpoint_ns, incarnation | where revision != head | take 1 | count`,
    {},
  );
  if ((rowsOf<{ Count: number }>(rows)[0]?.Count ?? 0) === 0) return [];
  // A view that is made anew has none of the policies of the one that it replaces.
  const remake = commands.filter((command) => command.includes(` materialized-view ${latest} `))
    .map((command) =>
      command.replace(
        ".create ifnotexists materialized-view",
        ".create async materialized-view with (backfill=true)",
      )
    );
  return [{
    kind: "view",
    severity: "warning",
    entity: latest,
    message:
      `the materialized view ${latest} is younger than some of its rows, so reading those threads is slower, or gives an older checkpoint`,
    mend: [`.drop materialized-view ${latest}`, ...remake].join(", then "),
  }];
}
