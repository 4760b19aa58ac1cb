/**
 * Asking before something is changed for good.
 *
 * @module
 */
import { type Options, UsageError } from "./arguments.ts";
import type { Call } from "./command.ts";
import { CommandError } from "./failure.ts";

/** The options of commands that ask. */
export const consentOptions: Options = {
  "dry-run": { about: "tell what would be done, and do nothing" },
  yes: { about: "do not ask" },
};

/**
 * Makes sure that somebody can be asked, before anything is looked up.
 *
 * @throws {UsageError} If nobody can, and it was not said beforehand.
 */
export function requireConsent({ args, terminal }: Call): void {
  if (args.has("dry-run") || args.has("yes") || terminal.ask) return;
  throw new UsageError("Nobody is there to ask: add --yes, or --dry-run to see what would be done");
}

/**
 * Asks, unless it was said beforehand.
 *
 * @param what What will be done, as sentences.
 * @throws {CommandError} If the answer is not yes.
 */
export async function ask({ args, terminal }: Call, what: string): Promise<void> {
  if (args.has("yes")) return;
  const answer = await terminal.ask?.(`${what} Go on? [y/N] `) ?? "";
  if (!/^y(es)?$/i.test(answer.trim())) throw new CommandError("DECLINED", "Nothing was changed");
}
