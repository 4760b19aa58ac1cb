/**
 * The query language as the rest of the emulator uses it: loaded when first needed, then at hand.
 *
 * @module
 */
import type { Catalog } from "./catalog.ts";
import type { QueryRequest, QueryTable } from "./evaluate.ts";
import { type Setting, settingsOf } from "./settings.ts";

export type { QueryTable };

type Language = typeof import("../parser/parser.ts");
type Evaluate = typeof import("./evaluate.ts");

/** Runs queries. */
export class Queries {
  #evaluate: Evaluate | undefined;
  #language: Language | undefined;
  readonly #now: () => bigint;
  readonly #random: () => number;

  constructor(now: () => bigint, random: () => number) {
    this.#now = now;
    this.#random = random;
  }

  /** Loads the language; a second call costs nothing. */
  async load(): Promise<void> {
    if (this.#evaluate) return;
    const [evaluate, language] = await Promise.all([
      import("./evaluate.ts"),
      import("../parser/parser.ts"),
    ]);
    await language.loadLanguage();
    this.#language = language;
    this.#evaluate = evaluate;
  }

  /** Runs a text of one or more statements; {@linkcode load} comes first. */
  run(text: string, catalog: Catalog, request?: Partial<QueryRequest>): readonly QueryTable[] {
    if (this.#evaluate === undefined) throw new Error("The query language is not loaded");
    return this.#evaluate.runQuery(text, catalog, {
      parameters: new Map(),
      now: this.#now(),
      random: this.#random,
      ...request,
    });
  }

  /**
   * Parses and binds a text without running it.
   *
   * @throws ServiceError with the service's code where it has an error.
   */
  check(text: string, catalog: Catalog): void {
    if (this.#language === undefined) throw new Error("The query language is not loaded");
    this.#language.analyze(text, catalog);
  }

  /** The options that a text sets by statements. */
  settings(text: string, catalog: Catalog, checkTime: () => void): readonly Setting[] {
    if (this.#language === undefined) throw new Error("The query language is not loaded");
    return settingsOf(this.#language.analyze(text, catalog, checkTime));
  }

  /** Runs a text that gives one table. */
  runOne(text: string, catalog: Catalog, checkTime: () => void = () => {}): QueryTable {
    const [table] = this.run(text, catalog, { checkTime });
    if (table === undefined) throw new Error("The query gave no table");
    return table;
  }
}
