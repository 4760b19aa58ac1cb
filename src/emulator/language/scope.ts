/**
 * What names stand for while a text is compiled.
 *
 * @module
 */
import type { Catalog, Column } from "./catalog.ts";
import type { Relation, Run, Scalar } from "./scalars.ts";
import { refuse, type SyntaxNode } from "../parser/syntax.ts";

/** What a name that a `let` statement or a parameter declares stands for. */
export type Binding =
  | { readonly kind: "scalar"; readonly scalar: Scalar; readonly rowDepth?: number }
  | { readonly kind: "relation"; readonly relation: Relation; readonly rowDepth?: number }
  | { readonly kind: "function"; readonly declaration: SyntaxNode; readonly scope: Scope };

/** What compiles the nodes of a text. */
export interface Executors {
  scalar(node: SyntaxNode, scope: Scope): Scalar;
  relation(node: SyntaxNode, scope: Scope): Relation;
  operator(node: SyntaxNode, input: Relation, scope: Scope): Relation;
}

/** What all scopes of one text share. */
export interface Compilation {
  readonly catalog: Catalog;
  readonly executors: Executors;
  /** How many slots a run needs. */
  slots: number;
  /** How many calls of declared functions were compiled: the body is compiled anew for each. */
  calls: number;
  /** How many `toscalar` enclose what is being compiled. */
  depth: number;
  /** The least depth of a call whose row the names read so far depend on. */
  rowDepth: number;
}

/** The names that can be seen from one place of a text. */
export class Scope {
  readonly compilation: Compilation;
  /** The columns of the rows that expressions here see. */
  readonly columns: readonly Column[];
  /** The columns of both sides, where a join's condition is compiled. */
  readonly sides:
    | { readonly left: readonly Column[]; readonly right: readonly Column[] }
    | undefined;
  /** The rows that expressions here run over. */
  readonly input: Relation | undefined;
  /** Set by an expression that looks at the rows around the one at hand. */
  windowed = false;
  readonly #parent: Scope | undefined;
  readonly #bindings = new Map<string, Binding>();

  constructor(
    compilation: Compilation,
    columns: readonly Column[] = [],
    parent?: Scope,
    sides?: Scope["sides"],
    input?: Relation,
  ) {
    this.input = input;
    this.compilation = compilation;
    this.columns = columns;
    this.#parent = parent;
    this.sides = sides;
  }

  /** The same names, seen from rows with other columns. */
  over(columns: readonly Column[]): Scope {
    return new Scope(this.compilation, columns, this);
  }

  /** The same names, seen from the rows of a relation. */
  inside(input: Relation): Scope {
    return new Scope(this.compilation, input.columns, this, undefined, input);
  }

  /** Compiles an expression that stands for a value. */
  scalar(node: SyntaxNode): Scalar {
    return this.compilation.executors.scalar(node, this);
  }

  /** Compiles an expression that stands for rows. */
  relation(node: SyntaxNode): Relation {
    return this.compilation.executors.relation(node, this);
  }

  /** Compiles an operator over what is piped into it. */
  operator(node: SyntaxNode, input: Relation): Relation {
    return this.compilation.executors.operator(node, input, this);
  }

  /** Declares a name. */
  bind(name: string, binding: Binding): void {
    this.#bindings.set(name, binding);
  }

  /** What a declared name stands for. */
  find(name: string): Binding | undefined {
    return this.#bindings.get(name) ?? this.#parent?.find(name);
  }

  /** Notes that a name is read; `toscalar` has one value for all rows, so none outside of it may matter. */
  read(binding: Binding, node: SyntaxNode): void {
    const { compilation } = this;
    if (binding.kind === "function" || binding.rowDepth === undefined) return;
    if (binding.rowDepth < compilation.depth) {
      throw refuse(
        node,
        `'${node.text.trim()}' in toscalar(), as it depends on a row outside of it`,
      );
    }
    compilation.rowDepth = Math.min(compilation.rowDepth, binding.rowDepth);
  }

  /** What a compilation gives, and the least depth of a call whose row it depends on. */
  tracking<T>(compile: () => T): { of: T; rowDepth: number } {
    const { compilation } = this;
    const before = compilation.rowDepth;
    compilation.rowDepth = Infinity;
    const of = compile();
    const { rowDepth } = compilation;
    compilation.rowDepth = Math.min(before, rowDepth);
    return { of, rowDepth };
  }

  /** A slot of its own for a value that is computed once in a run. */
  remember<T>(compute: (run: Run) => T): (run: Run) => T {
    const slot = this.compilation.slots++;
    return (run) => {
      let value = run.slots[slot];
      if (value === undefined) run.slots[slot] = value = { of: compute(run) };
      return (value as { of: T }).of;
    };
  }
}
