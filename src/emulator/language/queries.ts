/**
 * The query language as the rest of the emulator uses it: loaded when first needed, then at hand.
 *
 * @module
 */
import type { Catalog, Column, Row } from "./catalog.ts";

/** One table of an answer. */
export interface QueryTable {
  readonly name: string;
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
}

/** What a request brings beside its text. */
export interface QueryRequest {
  /** Raw JSON values by parameter name. */
  readonly parameters: ReadonlyMap<string, unknown>;
  /** Ticks that `now()` gives. */
  readonly now: bigint;
  /** Throws when the query's time is over. */
  readonly checkTime: () => void;
}

type Language = typeof import("./language.ts");
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
      import("./language.ts"),
    ]);
    await language.loadLanguage();
    this.#language = language;
    this.#evaluate = evaluate;
  }

  /** Runs a text of one or more statements; {@linkcode load} comes first. */
  run(text: string, catalog: Catalog, request?: Partial<QueryRequest>): readonly QueryTable[] {
    if (this.#evaluate === undefined) throw new Error("The query language is not loaded");
    return this.#evaluate.runQuery(text, catalog, {
      parameters: request?.parameters ?? new Map(),
      now: request?.now ?? this.#now(),
      random: this.#random,
      ...(request?.checkTime && { checkTime: request.checkTime }),
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

  /** Runs a text that gives one table. */
  runOne(text: string, catalog: Catalog): QueryTable {
    const [table] = this.run(text, catalog);
    if (table === undefined) throw new Error("The query gave no table");
    return table;
  }
}
