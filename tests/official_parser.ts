/**
 * Microsoft's Kusto parser, used by tests alone and without the embedded Kusto in between: it knows
 * the schema from `provision.kql` and says what the service would refuse.
 *
 * @module
 */
import { splitScript } from "../src/setup/script.ts";

/** What the parser says of a text; none means that it parses and binds. */
export interface OfficialDiagnostic {
  readonly code: string;
  readonly message: string;
  /** The text that the diagnostic points at. */
  readonly at: string;
}

// The package is a transpiled .NET library that hangs its namespaces on the global object; there
// are no types to be had for what is used here.
// deno-lint-ignore no-explicit-any
type Bridge = any;

let loaded: Promise<Bridge> | undefined;

function load(): Promise<Bridge> {
  loaded ??= (async () => {
    await import("@kusto/language-service-next/bridge.min.js");
    await import("@kusto/language-service-next/Kusto.Language.Bridge.min.js");
    return (globalThis as { Kusto?: Bridge }).Kusto.Language;
  })();
  return loaded;
}

/** A database schema read from a script of commands, to check texts against. */
export class OfficialSchema {
  readonly #language: Bridge;
  readonly #symbols: Bridge[] = [];

  private constructor(language: Bridge) {
    this.#language = language;
  }

  /** Reads the tables, views and functions that a script creates. */
  static async fromScript(script: string): Promise<OfficialSchema> {
    const schema = new OfficialSchema(await load());
    for (const command of splitScript(script)) schema.grow(command);
    return schema;
  }

  /** Adds what a command creates, after checking the command. */
  grow(command: string): OfficialDiagnostic[] {
    const found = this.check(command);
    const { FunctionSymbol, TableSymbol, MaterializedViewSymbol } = this.#language.Symbols;
    const table = /^\.create(?:-merge)? table (\S+) (\(.*\))/s.exec(command);
    if (table) this.#symbols.push(TableSymbol.From(table[2]).WithName(table[1]));
    const view = /materialized-view (\S+) on table \S+ \{(.*)\}/s.exec(command);
    if (view && command.startsWith(".create")) {
      const code = this.#analyze(view[2]!.trim());
      this.#symbols.push(
        new MaterializedViewSymbol.$ctor2(view[1], code.ResultType.Columns, view[2]!.trim()),
      );
    }
    const stored = /^\.create-or-alter function with \([^)]*\) (\w+)(\(.*?\)) (\{.*\})$/s.exec(
      command,
    );
    if (stored) {
      this.#symbols.push(new FunctionSymbol.$ctor16(stored[1], stored[2], stored[3]));
    }
    return found;
  }

  /** What the parser has against a query or a command, unknown commands included. */
  check(text: string): OfficialDiagnostic[] {
    const code = this.#analyze(text);
    const found: OfficialDiagnostic[] = [];
    const diagnostics = code.GetDiagnostics();
    for (let i = 0; i < diagnostics.Count; i++) {
      const diagnostic = diagnostics.getItem(i);
      found.push({
        code: diagnostic.Code,
        message: diagnostic.Message,
        at: text.slice(diagnostic.Start, diagnostic.Start + diagnostic.Length),
      });
    }
    if (code.Kind === "Command" && String(code.Syntax.toString()).length > 0) {
      const kinds = new Set<string>();
      this.#walk(code.Syntax, (node) => kinds.add(String(node.Kind)));
      const unknown = this.#language.Syntax.SyntaxKind.UnknownCommand;
      if (kinds.has(String(unknown))) {
        found.push({ code: "UNKNOWN", message: "The parser does not know the command", at: text });
      }
    }
    return found;
  }

  /** What the literals in a query stand for, in their order: texts, numbers, truth values, dates. */
  literals(text: string): unknown[] {
    const values: unknown[] = [];
    this.#walk(this.#analyze(text).Syntax, (node) => {
      if (!String(node.constructor.$$name).endsWith(".LiteralExpression")) return;
      const value = node.LiteralValue;
      // Truth values and 64-bit numbers are .NET objects here: boxed ones and `Int64`s.
      const unboxed = value?.$boxed ? value.v : value;
      const digits = typeof unboxed === "object" && /^-?\d+$/.exec(String(unboxed));
      values.push(digits ? BigInt(digits[0]) : unboxed);
    });
    return values;
  }

  #analyze(text: string): Bridge {
    const { GlobalState, KustoCode, Symbols } = this.#language;
    const database = new Symbols.DatabaseSymbol.$ctor1("db", this.#symbols.slice(), false);
    const globals = GlobalState.Default.WithDatabase(database);
    return KustoCode.ParseAndAnalyze(text, globals);
  }

  #walk(node: Bridge, visit: (node: Bridge) => void): void {
    visit(node);
    for (let i = 0; i < node.ChildCount; i++) {
      const child = node.GetChild(i);
      if (child != null && typeof child.ChildCount === "number") this.#walk(child, visit);
    }
  }
}
