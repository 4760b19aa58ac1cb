/**
 * Rows as the texts that a durable store keeps, exact for every type.
 *
 * @module
 */
import { Decimal } from "../values/decimal.ts";
import type { Column } from "../language/catalog.ts";
import { type Dynamic, DynamicScalar } from "../values/dynamic.ts";
import type { ScalarType, Value } from "../values/values.ts";

/** A row's cells as one text. */
export function cellsText(columns: readonly Column[], row: readonly Value[]): string {
  return JSON.stringify(columns.map(({ type }, at) => stored(type, row[at]!)));
}

/** The cells of a text. */
export function cellsOf(columns: readonly Column[], text: string): Value[] {
  const cells = JSON.parse(text) as unknown[];
  return columns.map(({ type }, at) => restored(type, cells[at]));
}

function stored(type: ScalarType, value: Value): unknown {
  if (value === null) return null;
  switch (type) {
    case "long":
    case "datetime":
    case "timespan":
      return String(value);
    case "real":
      return Number.isFinite(value) ? value : String(value);
    case "decimal":
      return (value as Decimal).toFixed();
    case "dynamic":
      return storedDynamic(value);
    default:
      return value;
  }
}

function restored(type: ScalarType, cell: unknown): Value {
  if (cell === null || cell === undefined) return type === "string" ? "" : null;
  switch (type) {
    case "long":
    case "datetime":
    case "timespan":
      return BigInt(cell as string);
    case "real":
      return Number(cell);
    case "decimal":
      return new Decimal(cell as string);
    case "dynamic":
      return restoredDynamic(cell);
    default:
      return cell as Value;
  }
}

/** What JSON has no form for stands in an array of its own, led by a mark: plain arrays are led by `0`. */
function storedDynamic(value: Dynamic): unknown {
  if (typeof value === "bigint") return ["l", String(value)];
  if (typeof value === "number" && !Number.isFinite(value)) return ["n", String(value)];
  if (value instanceof Decimal) return ["d", value.toFixed()];
  if (value instanceof DynamicScalar) return [value.type, String(value.value)];
  if (Array.isArray(value)) return [0, ...value.map((item: Dynamic) => storedDynamic(item))];
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, storedDynamic(item as Dynamic)]),
    );
  }
  return value;
}

function restoredDynamic(stored: unknown): Dynamic {
  if (!Array.isArray(stored)) {
    if (typeof stored !== "object" || stored === null) return stored as Dynamic;
    return Object.fromEntries(
      Object.entries(stored).map(([key, item]) => [key, restoredDynamic(item)]),
    );
  }
  const [mark, text] = stored as [unknown, string];
  switch (mark) {
    case "l":
      return BigInt(text);
    case "n":
      return Number(text);
    case "d":
      return new Decimal(text);
    case "guid":
      return new DynamicScalar("guid", text);
    case "datetime":
    case "timespan":
      return new DynamicScalar(mark, BigInt(text));
    default:
      return stored.slice(1).map(restoredDynamic);
  }
}
