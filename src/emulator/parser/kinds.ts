/**
 * The parser's kinds of nodes that an expression or an operator can be.
 *
 * @module
 */

/** Nodes that stand for a value. */
// deno-fmt-ignore
export type ScalarKind =
  | "BetweenExpression" | "BinaryExpression" | "BracketedExpression" | "CompoundNamedExpression"
  | "CompoundStringLiteralExpression" | "DynamicExpression" | "ElementExpression"
  | "FunctionCallExpression" | "HasAllExpression" | "HasAnyExpression" | "InExpression"
  | "LiteralExpression" | "NameReference" | "ParenthesizedExpression" | "PathExpression"
  | "PrefixUnaryExpression" | "SimpleNamedExpression" | "StarExpression" | "ToScalarExpression"
  | "TypeOfLiteralExpression";

/** Nodes that stand for rows with nothing piped into them. */
// deno-fmt-ignore
export type SourceKind =
  | "ContextualDataTableExpression" | "DataScopeExpression" | "DataTableExpression"
  | "ExternalDataExpression" | "FunctionCallExpression" | "MaterializedViewCombineExpression"
  | "MaterializeExpression" | "NameReference" | "ParenthesizedExpression" | "PathExpression"
  | "PipeExpression" | "PrintOperator" | "RangeOperator" | "ToTableExpression" | "UnionOperator";

/** Operators. */
// deno-fmt-ignore
export type OperatorKind =
  | "AsOperator" | "AssertSchemaOperator" | "BadQueryOperator" | "ConsumeOperator"
  | "CountOperator" | "DistinctOperator" | "EvaluateOperator" | "ExecuteAndCacheOperator"
  | "ExtendOperator" | "FacetOperator" | "FilterOperator" | "FindOperator" | "ForkOperator"
  | "GetSchemaOperator" | "GraphMarkComponentsOperator" | "GraphMatchOperator"
  | "GraphShortestPathsOperator" | "GraphToTableOperator" | "GraphWhereEdgesOperator"
  | "GraphWhereNodesOperator" | "InlineExternalTableExpression" | "InvokeOperator"
  | "JoinOperator" | "LookupOperator" | "MacroExpandOperator" | "MakeGraphOperator"
  | "MakeSeriesOperator" | "MvApplyOperator" | "MvExpandOperator" | "ParseKvOperator"
  | "ParseOperator" | "ParseWhereOperator" | "PartitionByOperator" | "PartitionOperator"
  | "PrintOperator" | "ProjectAwayOperator" | "ProjectByNamesOperator" | "ProjectKeepOperator"
  | "ProjectOperator" | "ProjectRenameOperator" | "ProjectReorderOperator" | "RangeOperator"
  | "ReduceByOperator" | "RenderOperator" | "SampleDistinctOperator" | "SampleOperator"
  | "ScanOperator" | "SearchOperator" | "SerializeOperator" | "SortOperator"
  | "SummarizeOperator" | "TakeOperator" | "TopHittersOperator" | "TopNestedOperator"
  | "TopOperator" | "UnionOperator";
