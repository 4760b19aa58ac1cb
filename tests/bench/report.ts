/**
 * What was measured, as tables.
 *
 * @module
 */
import { GROUPS, holds, type Target, type TargetKey, TARGETS } from "./catalogue.ts";

/** The values by the keys of {@link TARGETS}. */
export type Values = Partial<Readonly<Record<TargetKey, number>>>;

/** A table in Markdown; the first row names the columns. */
export function table(rows: readonly (readonly string[])[]): string {
  const [head, ...body] = rows.map((cells) => `| ${cells.join(" | ")} |`);
  const line = `|${" --- |".repeat(rows[0]!.length)}`;
  return [head, line, ...body].join("\n");
}

/** A number with three digits that count, or all before the point. */
export function figure(value: number): string {
  if (Number.isInteger(value) || value >= 100) return value.toFixed(0);
  return value.toFixed(Math.max(0, 2 - Math.floor(Math.log10(value))));
}

/** The table of all targets that were measured. */
export function targetTable(values: Values): string {
  const rows = Object.entries(TARGETS as Record<string, Target>).map(([key, target]) => {
    const value = values[key as TargetKey];
    if (value === undefined) return undefined;
    return [
      GROUPS[target.group],
      target.what,
      withUnit(figure(value), target.unit),
      boundText(target),
      verdict(target, value),
    ];
  });
  return table([
    ["", "what", "measured", "bound", "holds"],
    ...rows.filter((row) => row !== undefined),
  ]);
}

function withUnit(text: string, unit: string): string {
  if (unit === "x") return `${text}x`;
  return `${text} ${text === "1" ? unit.replace(/^(request|time)s\b/, "$1") : unit}`;
}

function boundText({ bound, unit }: Target): string {
  if (!bound) return "";
  return "most" in bound
    ? `at most ${withUnit(String(bound.most), unit)}`
    : `at least ${withUnit(String(bound.least), unit)}`;
}

function verdict(target: Target, value: number): string {
  const kept = holds(target, value);
  return kept === undefined ? "" : kept ? "yes" : "**no**";
}
