/**
 * Faults in the query language of the embedded Kusto.
 *
 * @module
 */
import type { Mutation } from "./mutation.ts";

const types = "expressions have the types that Microsoft's parser infers";
const nulls = "null logic, overflow and division are the service's own";
const refusals = "what is not supported is refused by name and place, never guessed or ignored";
const regexes =
  "regular expressions are the documented ones, and take time by the length of the text alone";
const functions = "tests/emulator/functions_test.ts";
const operators = "tests/emulator/operators_test.ts";

/** The faults. */
export const language: readonly Mutation[] = [
  {
    guards: types,
    fault: "gives expressions the types that the evaluator thinks of",
    file: "src/emulator/language/executors.ts",
    find: "return node.type === undefined ? scalar : convertTo(scalar, node.type);",
    replace: "return scalar;",
    test: "tests/emulator/types_test.ts",
    title: "expressions have the types that the parser infers",
  },
  {
    guards: types,
    fault: "lets a datetime grow beyond the year 9999",
    file: "src/emulator/language/arithmetic.ts",
    find: 'const held = type === "datetime" ? isDatetime(value)',
    replace: 'const held = type === "datetime" ? true',
    test: functions,
    title: "scalar functions: ",
  },
  {
    guards: types,
    fault: "hands arguments to a declared function as they are",
    file: "src/emulator/language/user_functions.ts",
    find: "const scalar = convertTo(given, type);",
    replace: "const scalar = given;",
    test: operators,
    title: "one query each: ",
  },
  {
    guards: nulls,
    fault: "takes two nulls for equal",
    file: "src/emulator/language/comparison.ts",
    find: "(x, y) => x === null && y === null ? null : equalValues(x, y) !== negated",
    replace: "(x, y) => x === null && y === null ? !negated : equalValues(x, y) !== negated",
    test: functions,
    title: "scalar functions: ",
  },
  {
    guards: nulls,
    fault: "takes a fraction inside a dynamic for the whole number in it",
    file: "src/emulator/language/membership.ts",
    find: "isLossy(member, type) ? null :",
    replace: "",
    test: functions,
    title: "scalar functions: ",
  },
  {
    guards: "columns of a union keep their names",
    fault: "gives a column that is split a name that another one has",
    file: "src/emulator/language/union.ts",
    find: "for (let suffix = 1; taken.has(free); suffix++)",
    replace: "for (let suffix = 1; free === name; suffix++)",
    test: operators,
    title: "one query each: ",
  },
  {
    guards: "conditional aggregates count the rows that their condition wants",
    fault: "takes the last argument of an aggregate for its condition",
    file: "src/emulator/functions/aggregates.ts",
    find: "args.splice(Math.min(1, args.length - 1), 1)",
    replace: "args.splice(args.length - 1, 1)",
    test: operators,
    title: "one query each: ",
  },
  {
    guards: refusals,
    fault: "compares values of types that have nothing in common",
    file: "src/emulator/language/comparison.ts",
    find:
      "if (common === undefined) throw refuse(node, `a comparison of ${a} with ${b}`);\n    return common;",
    replace: 'return common ?? "string";',
    test: "tests/emulator/language_test.ts",
    title: "query errors: what is not supported is refused by name: ",
  },
  {
    guards: refusals,
    fault: "ignores options that a command's query sets",
    file: "src/emulator/language/evaluate.ts",
    find: "if (setting && !request.honoursSettings)",
    replace: "if (false)",
    test: "tests/emulator/settings_test.ts",
    title: "set: commands refuse it, for nobody there would honour it",
  },
  {
    guards: refusals,
    fault: "lets a statement set what only a request can",
    file: "src/emulator/wire/options.ts",
    find: "if (requestOnly.has(name)) {",
    replace: "if (false) {",
    test: "tests/emulator/settings_test.ts",
    title: "set: what is not honoured is refused: ",
  },
  {
    guards: refusals,
    fault: "forgets an operator of the parser",
    file: "src/emulator/language/executors.ts",
    find: '  TopHittersOperator: "refused",\n',
    replace: "",
    test: "tests/emulator/kinds_test.ts",
    title: "every operator of the parser has an executor or is refused by name",
  },
  {
    guards: regexes,
    fault: "counts ASCII letters alone among those of words",
    file: "src/emulator/functions/regex_syntax.ts",
    find: "  w: wordClasses,",
    replace: '  w: "\\\\w",',
    test: "tests/emulator/regex_test.ts",
    title: "regular expressions: ",
  },
  {
    guards: regexes,
    fault: "counts an empty match right behind another",
    file: "src/emulator/functions/pattern.ts",
    find: "if (start === end && start === from) continue;",
    replace: "",
    test: "tests/emulator/regex_test.ts",
    title: "expressions find what JavaScript's own engine finds where both have the same syntax",
  },
  {
    guards: regexes,
    fault: "looks for all matches without a look at the clock",
    file: "src/emulator/functions/pattern.ts",
    find: "budget.look();",
    replace: "",
    test: "tests/emulator/regex_test.ts",
    title: "a search for all matches looks at the clock between two of them",
  },
  {
    guards: regexes,
    fault: "compiles expressions of any size",
    file: "src/emulator/functions/regex_syntax.ts",
    find:
      'if (size > mostInstructions) throw new BadArgument("a regular expression of this size");',
    replace: "",
    test: "tests/emulator/regex_test.ts",
    title: "expressions and texts that are too large together are refused before they are tried",
  },
  {
    guards: "limits in bytes count those of UTF-8",
    fault: "counts the characters of a result for its bytes",
    file: "src/emulator/wire/result_rows.ts",
    find: "allowance.bytes -= byteLength(text);",
    replace: "allowance.bytes -= text.length;",
    test: "tests/emulator/answers_test.ts",
    title: "a limit in bytes counts those of UTF-8",
  },
  {
    guards: "a request that ends with its time has changed nothing",
    fault: "lets a command's query take any time",
    file: "src/emulator/commands/data.ts",
    find:
      " queries.runOne(text, catalog, checkTime);\n  const result = run(query, securedCatalog(database, run));\n  checkTime();",
    replace:
      " queries.runOne(text, catalog);\n  const result = run(query, securedCatalog(database, run));",
    test: "tests/emulator/bounds_test.ts",
    title: "a command whose time is over has changed nothing",
  },
];
