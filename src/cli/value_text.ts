/**
 * Stored values as text.
 *
 * @module
 */
import { plain } from "./text.ts";

/** A value as JSON; what JSON does not know comes as what is nearest to it. */
export function jsonOf(value: unknown, indent?: number): string {
  return JSON.stringify(value, (_, field) => nearest(field), indent) ?? "null";
}

function nearest(value: unknown): unknown {
  // What is not known is there all the same, so that every field always is.
  if (value === undefined) return null;
  if (typeof value === "bigint") return String(value);
  if (value instanceof Map) return [...value];
  if (value instanceof Set) return [...value];
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  return value;
}

/** A value in one line, or one line for each where it is a list of messages. */
export function valueLines(value: unknown): string[] {
  const messages = [value].flat();
  if (messages.length > 0 && messages.every(isMessage)) {
    return messages.map((message) => plain(`${message.getType()}: ${contentOf(message)}`));
  }
  return [plain(jsonOf(value))];
}

interface Message {
  readonly content: unknown;
  getType(): string;
}

/** A message of LangChain; there may be several copies of its class. */
function isMessage(value: unknown): value is Message {
  return typeof value === "object" && value !== null && "content" in value && "getType" in value &&
    typeof value.getType === "function";
}

function contentOf({ content }: Message): string {
  return typeof content === "string" ? content : jsonOf(content);
}
