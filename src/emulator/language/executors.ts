/**
 * What compiles each kind of node of the parser, and what is refused.
 *
 * The tables are exhaustive: a kind without an entry does not type-check, and a test holds the kinds
 * against those of the parser.
 *
 * @module
 */
import { negate } from "./arithmetic.ts";
import { compileBinary } from "./binary.ts";
import { compileCall, compileToScalar } from "./calls.ts";
import {
  compileExtend,
  compileGetSchema,
  compileProject,
  compileRename,
  compileSerialize,
  keepColumns,
} from "./columns.ts";
import { compileBetween } from "./comparison.ts";
import { compileFilter } from "./filter.ts";
import { compileJoin, compileLookup } from "./join.ts";
import type { OperatorKind, ScalarKind, SourceKind } from "../parser/kinds.ts";
import { compileLiteral, dynamicLiteral } from "./literals.ts";
import { compileHasSome, compileIn } from "./membership.ts";
import { compileMvApply, compileMvExpand } from "./mv_expand.ts";
import { compileElement, compileName, compilePath } from "./names.ts";
import { compileSample, compileSort, compileTake, compileTop } from "./order.ts";
import { compileParse } from "./parse.ts";
import { constantScalar, convertTo, type Relation, type Scalar } from "./scalars.ts";
import type { Executors, Scope } from "./scope.ts";
import {
  compileAs,
  compileDatatable,
  compileInvoke,
  compileMaterialize,
  compilePrint,
  compileRange,
  compileTable,
  compileTabularCall,
} from "./sources.ts";
import { compileCount, compileDistinct, compileSummarize } from "./summarize.ts";
import { part, refuse, type SyntaxNode } from "../parser/syntax.ts";
import { compileUnion } from "./union.ts";

type CompileScalar = (node: SyntaxNode, scope: Scope) => Scalar;
type CompileSource = (node: SyntaxNode, scope: Scope) => Relation;
type CompileOperator = (node: SyntaxNode, input: Relation, scope: Scope) => Relation;

/** Scalar expressions. */
export const scalars: Readonly<Record<ScalarKind, CompileScalar | "refused">> = {
  BetweenExpression: compileBetween,
  BinaryExpression: compileBinary,
  BracketedExpression: "refused",
  CompoundNamedExpression: "refused",
  CompoundStringLiteralExpression: compileLiteral,
  DynamicExpression: (node) => constantScalar("dynamic", dynamicLiteral(part(node, "Expression"))),
  ElementExpression: compileElement,
  FunctionCallExpression: compileCall,
  HasAllExpression: compileHasSome,
  HasAnyExpression: compileHasSome,
  InExpression: compileIn,
  LiteralExpression: compileLiteral,
  NameReference: compileName,
  ParenthesizedExpression: (node, scope) => scope.scalar(part(node, "Expression")),
  PathExpression: compilePath,
  PrefixUnaryExpression: (node, scope) => {
    const operand = scope.scalar(part(node, "Expression"));
    return part(node, "Operator").text.trim() === "-" ? negate(node, operand) : operand;
  },
  SimpleNamedExpression: (node, scope) => scope.scalar(part(node, "Expression")),
  StarExpression: "refused",
  ToScalarExpression: compileToScalar,
  TypeOfLiteralExpression: (node) =>
    constantScalar("string", node.text.replace(/^\s*typeof\s*\(\s*|\s*\)\s*$/g, "")),
};

/** What rows come from, where nothing is piped into it. */
export const sources: Readonly<Record<SourceKind, CompileSource | "refused">> = {
  ContextualDataTableExpression: "refused",
  DataScopeExpression: "refused",
  DataTableExpression: compileDatatable,
  ExternalDataExpression: "refused",
  FunctionCallExpression: compileTabularCall,
  MaterializedViewCombineExpression: "refused",
  MaterializeExpression: compileMaterialize,
  NameReference: compileTable,
  ParenthesizedExpression: (node, scope) => scope.relation(part(node, "Expression")),
  PathExpression: "refused",
  PipeExpression: (node, scope) =>
    scope.operator(part(node, "Operator"), scope.relation(part(node, "Expression"))),
  PrintOperator: compilePrint,
  RangeOperator: compileRange,
  ToTableExpression: "refused",
  UnionOperator: (node, scope) => compileUnion(node, undefined, scope),
};

/** Operators, with what is piped into them. */
export const operators: Readonly<Record<OperatorKind, CompileOperator | "refused">> = {
  AsOperator: compileAs,
  AssertSchemaOperator: "refused",
  BadQueryOperator: "refused",
  ConsumeOperator: "refused",
  CountOperator: compileCount,
  DistinctOperator: compileDistinct,
  EvaluateOperator: "refused",
  ExecuteAndCacheOperator: "refused",
  ExtendOperator: compileExtend,
  FacetOperator: "refused",
  FilterOperator: compileFilter,
  FindOperator: "refused",
  ForkOperator: "refused",
  GetSchemaOperator: compileGetSchema,
  GraphMarkComponentsOperator: "refused",
  GraphMatchOperator: "refused",
  GraphShortestPathsOperator: "refused",
  GraphToTableOperator: "refused",
  GraphWhereEdgesOperator: "refused",
  GraphWhereNodesOperator: "refused",
  InlineExternalTableExpression: "refused",
  InvokeOperator: compileInvoke,
  JoinOperator: compileJoin,
  LookupOperator: compileLookup,
  MacroExpandOperator: "refused",
  MakeGraphOperator: "refused",
  MakeSeriesOperator: "refused",
  MvApplyOperator: compileMvApply,
  MvExpandOperator: compileMvExpand,
  ParseKvOperator: "refused",
  ParseOperator: compileParse,
  ParseWhereOperator: compileParse,
  PartitionByOperator: "refused",
  PartitionOperator: "refused",
  PrintOperator: "refused",
  ProjectAwayOperator: keepColumns,
  ProjectByNamesOperator: "refused",
  ProjectKeepOperator: keepColumns,
  ProjectOperator: compileProject,
  ProjectRenameOperator: compileRename,
  ProjectReorderOperator: keepColumns,
  RangeOperator: "refused",
  ReduceByOperator: "refused",
  // How rows are drawn is for the client.
  RenderOperator: (_node, input) => input,
  SampleDistinctOperator: "refused",
  SampleOperator: compileSample,
  ScanOperator: "refused",
  SearchOperator: "refused",
  SerializeOperator: compileSerialize,
  SortOperator: compileSort,
  SummarizeOperator: compileSummarize,
  TakeOperator: compileTake,
  TopHittersOperator: "refused",
  TopNestedOperator: "refused",
  TopOperator: compileTop,
  UnionOperator: compileUnion,
};

function executorOf<E>(
  table: Readonly<Record<string, E | "refused">>,
  node: SyntaxNode,
  what: string,
): E {
  const found = Object.hasOwn(table, node.kind) ? table[node.kind] : undefined;
  if (found === undefined || found === "refused") throw refuse(node, what);
  return found;
}

/** A relation whose rows are paid for when they are read. */
function paidFor(relation: Relation): Relation {
  return {
    ...relation,
    rows: (run) => {
      const rows = relation.rows(run);
      run.budget.spendRows(rows.length, relation.columns.length);
      return rows;
    },
  };
}

function start(node: SyntaxNode): string {
  return node.text.trim().slice(0, 40);
}

/** The executors, as scopes hand nodes to them. */
export const executors: Executors = {
  scalar: (node, scope) => {
    const compile = executorOf(scalars, node, `the expression '${start(node)}'`);
    const scalar = compile(node, scope);
    // The parser knows best which type the service gives an expression.
    return node.type === undefined ? scalar : convertTo(scalar, node.type);
  },
  relation: (node, scope) => executorOf(sources, node, `'${start(node)}'`)(node, scope),
  operator: (node, input, scope) => {
    const name = node.text.trim().split(/\s/)[0];
    const compile = executorOf(operators, node, `the operator '${name}'`);
    return compile(node, paidFor(input), scope);
  },
};
