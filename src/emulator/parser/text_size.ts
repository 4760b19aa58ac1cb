/**
 * How large and how deep a query's text may be: beyond that the parser takes minutes, and cannot be stopped.
 *
 * @module
 */
import { exhausted } from "../exhausted.ts";

const mostTokens = 100_000;
const deepest = 300;

const tokenPattern =
  /"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|@"[^"]*"|@'[^']*'|```[\s\S]*?```|~~~[\s\S]*?~~~|\/\/[^\n]*|[\p{L}\p{N}_]+|\s+|[^]/gu;

/**
 * Checks a text's size.
 *
 * @throws ServiceError that says which measure it exceeds.
 */
export function checkTextSize(text: string): void {
  if (text.length <= deepest * 2) return;
  let tokens = 0;
  let depth = 0;
  for (const [token] of text.matchAll(tokenPattern)) {
    if (/^\s/.test(token)) continue;
    if (++tokens > mostTokens) {
      throw exhausted(`The query's text has more than ${mostTokens} words and signs`);
    }
    if (token === "(" || token === "[" || token === "{") depth++;
    else if (token === ")" || token === "]" || token === "}") depth--;
    if (depth > deepest) {
      throw exhausted(`The query's text is nested more than ${deepest} brackets deep`);
    }
  }
}
