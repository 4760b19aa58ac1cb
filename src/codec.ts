/**
 * Bytes of a serializer ↔ text in cells, byte for byte.
 *
 * A Kusto string holds well-formed Unicode up to 1 MB, so bytes that are such text are stored as
 * they are, readable for people, and all others as base64. Inside a `dynamic` the service takes
 * strings that look like dates, numbers, guids or JSON for these things
 * (https://learn.microsoft.com/kusto/query/scalar-data-types/dynamic), so text in there is guarded.
 *
 * @module
 */
import { KustoInputError } from "./errors.ts";

const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** Bytes in memory that no other thread shares: what WebCrypto takes. */
export type Bytes = Uint8Array<ArrayBuffer>;

/** What a serializer made of a value: its own name for the form, and the bytes. */
export interface TypedBytes {
  readonly type: string;
  readonly bytes: Uint8Array;
  /** The bytes as text, where they are known to be text. */
  readonly text?: string;
}

/** What is stored as text and hardly ever wanted as bytes. */
export class TypedText implements TypedBytes {
  readonly type: string;
  readonly text: string;

  constructor(type: string, text: string) {
    this.type = type;
    this.text = text;
  }

  get bytes(): Uint8Array {
    return encoder.encode(this.text);
  }
}

/**
 * Whether a serializer had no form for a value, as JSON has none for functions and symbols: it made no
 * bytes, which it could not load.
 */
export function isNothing({ type, bytes }: TypedBytes): boolean {
  return type === "json" && bytes.length === 0;
}

/** How bytes are spelled in a cell. */
export interface EncodedText {
  readonly encoding: "text" | "base64";
  readonly text: string;
}

/** The longest text of one chunk of a blob, in bytes: half of what a string cell holds. */
export const CHUNK_BYTES: number = 512 * 1024;

// Characters below space, tab and line ends aside, triple in JSON; U+FEFF may be taken for a byte
// order mark. Text with them is rare and goes as base64, so no cell more than doubles when escaped.
// deno-lint-ignore no-control-regex
const UNSAFE_TEXT = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufeff]/;

/** Spells bytes as text where they are clean UTF-8, else as base64. */
export function encodeBytes(bytes: Uint8Array): EncodedText {
  const text = cleanText(bytes);
  if (text !== undefined) return { encoding: "text", text };
  return { encoding: "base64", text: toBase64(bytes) };
}

/** The bytes that {@link encodeBytes} spelled. */
export function decodeBytes({ encoding, text }: EncodedText): Uint8Array {
  return encoding === "text" ? encoder.encode(text) : fromBase64(text);
}

function cleanText(bytes: Uint8Array): string | undefined {
  try {
    const text = strictDecoder.decode(bytes);
    return UNSAFE_TEXT.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}

/**
 * Splits bytes into texts of at most `limit` bytes each, never inside a code point.
 *
 * @returns One encoding for all chunks, and at least one chunk.
 */
export function splitBytes(
  bytes: Uint8Array,
  limit: number,
): { encoding: EncodedText["encoding"]; chunks: string[] } {
  const texts = splitText(bytes, limit);
  if (texts) return { encoding: "text", chunks: texts };
  const step = Math.floor(limit / 4) * 3;
  const chunks: string[] = [];
  for (let start = 0; start < bytes.length; start += step) {
    chunks.push(toBase64(bytes.subarray(start, start + step)));
  }
  return { encoding: "base64", chunks };
}

/** The chunks of clean text; part by part, as no string can hold the largest values. */
function splitText(bytes: Uint8Array, limit: number): string[] | undefined {
  const chunks: string[] = [];
  let start = 0;
  do {
    let end = Math.min(start + limit, bytes.length);
    // No code point takes more than four bytes: what goes on longer is no text.
    for (let back = 0; back < 3 && isContinuation(bytes[end]); back++) end--;
    const text = cleanText(bytes.subarray(start, end));
    if (text === undefined) return undefined;
    chunks.push(text);
    start = end;
  } while (start < bytes.length);
  return chunks;
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}

/** Puts the chunks of {@link splitBytes} together again. */
export function joinBytes(
  encoding: EncodedText["encoding"],
  chunks: readonly string[],
): Uint8Array {
  const parts = chunks.map((text) => decodeBytes({ encoding, text }));
  return parts.length === 1 ? parts[0]! : concatBytes(...parts);
}

/** Puts byte strings one behind the other. */
export function concatBytes(...parts: readonly Uint8Array[]): Bytes {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** The name of a blob: `sha256-` and the hash of its bytes, 64 hexadecimal digits. */
export async function blobId(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", bytes as Bytes);
  return "sha256-" +
    Array.from(new Uint8Array(digest), (b) => b.toString(16).padStart(2, "0")).join("");
}

/** Marks text so that no engine takes it for a date, a number, a guid or JSON. */
export function guardText(text: string): string {
  return "'" + text;
}

/** Takes the mark of {@link guardText} off again. */
export function unguardText(text: string): string {
  return text.slice(1);
}

/**
 * The longest id or name that is taken, in bytes of JSON, where a control character takes six: a row
 * has six of them, and all of it must fit one request.
 */
const LONGEST_NAME_BYTES = 256 * 1024;

/**
 * Text from a caller that is to stand in a cell as it is.
 *
 * @throws {KustoInputError} If it is no text, not well-formed Unicode or too long: the service would
 * store another text.
 */
export function requireWellFormed(field: string, text: string): string {
  if (typeof text !== "string") {
    throw new KustoInputError(`Cannot use "${field}": it is of type ${typeof text}, not text`);
  }
  if (text.length > LONGEST_NAME_BYTES / 6 - 1 && jsonLength(text) > LONGEST_NAME_BYTES) {
    throw new KustoInputError(
      `Cannot use "${field}": it takes ${
        jsonLength(text)
      } bytes in JSON, it may take ${LONGEST_NAME_BYTES}`,
    );
  }
  if (!/\p{Surrogate}/u.test(text)) return text;
  throw new KustoInputError(
    `Cannot use "${field}": it holds half a surrogate pair, which no Kusto string can hold`,
  );
}

/** The length of a text in UTF-8, in bytes. */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    // Each half of a surrogate pair counts two bytes of the pair's four.
    bytes += unit < 0x800 || (unit >= 0xd800 && unit < 0xe000) ? 1 : 2;
  }
  return bytes;
}

/** The length of a text in JSON, in bytes: a control character of one byte takes six. */
export function jsonLength(text: string): number {
  return utf8Length(JSON.stringify(text));
}

interface NativeBase64 {
  toBase64?(this: Uint8Array): string;
}

function toBase64(bytes: Uint8Array): string {
  const native = (bytes as NativeBase64).toBase64;
  if (native) return native.call(bytes);
  let binary = "";
  for (let i = 0; i < bytes.length; i += 0x8000) {
    binary += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  }
  return btoa(binary);
}

function fromBase64(text: string): Uint8Array {
  const native = (Uint8Array as { fromBase64?(text: string): Uint8Array }).fromBase64;
  if (native) return native.call(Uint8Array, text);
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}
