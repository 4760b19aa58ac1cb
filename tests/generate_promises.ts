/**
 * `docs/promises.md`: what is promised, which tests guard it, and which faults they caught.
 *
 * @module
 */
import { CONTRACT, type ContractPoint } from "./contract_points.ts";
import type { Mutation } from "./mutation_kit.ts";

/** What a user is promised. */
export const PROMISES: Readonly<Record<string, string>> = {
  P1:
    "Contract. Whatever LangGraph does with its saver in memory or with the one on Postgres it can do with `KustoSaver`, with equal results.",
  P2:
    "Durable on resolve. When `put`, `putWrites` or `deleteThread` resolves, the service has acknowledged the rows.",
  P3: "Read your writes. A saver sees its own writes at once, whatever the service shows.",
  P4: "Once in effect. Resent, doubled and reordered rows never change what is read.",
  P5:
    "No silent loss at a limit. A value comes back byte for byte, or its call fails with a typed error.",
  P6:
    "Whole for as long as it lives. The latest checkpoint of an active thread is complete, even when older rows have aged out.",
  P7: "Deleted means gone for readers, at once, and it wins over writers still in flight.",
  P8: "Flat cost. Requests and bytes do not grow with the length of the thread.",
  P9:
    "Nobody gets in. No value becomes query text; a token goes to trusted hosts alone, and shows nowhere.",
  P10: "Runs anywhere `fetch` runs. One source, no runtime sniffing, no Node built-ins.",
};

/** The page. */
export function promisesPage(mutations: readonly Mutation[]): string {
  const harsh = new Set(
    mutations.map(({ guards }) => guards).filter((name) => !(name in PROMISES)),
  );
  const section = (title: string, guards: string) => {
    const lines = mutations.filter((mutation) => mutation.guards === guards).map(guardLine).sort();
    return `${title}\n\n${lines.join("\n")}`;
  };
  const promises = Object.entries(PROMISES)
    .map(([name, text]) => section(`## ${name}: ${text}`, name));
  const behaviours = [...harsh].sort().map((name) => section(`### ${capital(name)}`, name));
  return [
    "<!-- deno-fmt-ignore-file -->",
    "# What is promised, and the tests that guard it",
    "A test proves something only if it can fail. Each line below names a test and a fault that was put into the code on " +
    "purpose; with the fault the test fails. `deno task test:mutations` does all of it again; the faults are in " +
    "`tests/mutations/`, and `deno task generate` writes this page.",
    ...promises,
    "## LangGraph's contract, point by point",
    "LangGraph's own kit runs too: `deno task test:conformance`.",
    CONTRACT.map(pointLines).join("\n"),
    ...(behaviours.length > 0 ? ["## How harsh the embedded Kusto is", ...behaviours] : []),
  ].join("\n\n") + "\n";
}

function guardLine({ fault, test, title }: Mutation): string {
  return `- ${testLink(test, title)} fails when the code ${fault}.`;
}

function pointLines({ point, tests }: ContractPoint): string {
  const lines = tests.map(([test, title]) => `  - ${testLink(test, title)}`);
  return [`- ${point}:`, ...lines].join("\n");
}

/** A test by its name, or by a part of it, with a space where it goes on. */
function testLink(test: string, title: string): string {
  const name = title.replace(/^ +/, "… ").replace(/ +$/, " …");
  return `*${name}* ([${test}](../${test}))`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
