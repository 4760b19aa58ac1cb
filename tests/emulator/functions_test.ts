import { assertEquals } from "@std/assert";
import { print } from "./language_kit.ts";

/** Expressions, and the JSON texts of their values. */
const cases: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  "arithmetic promotes, wraps and never divides by zero": [
    ["int(1) + 2, 1 + 2.5, 7 / 2, 7 / 2.0", "3 | 3.5 | 3 | 3.5"],
    ["9223372036854775807 + 1", "-9223372036854775808"],
    ["1 / 0, 1.0 / 0", 'null | "Infinity"'],
    ["decimal(1.10) + 1", '"2.1"'],
    [
      "todecimal('1e9000'), decimal(1e4000) * decimal(1e4000), todecimal('1e-9000')",
      'null | null | "0"',
    ],
    ["decimal(12345678901234567890.1234) * 10", '"123456789012345678901.234"'],
    ["datetime(2020-01-02) - datetime(2020-01-01), 2.5 * 1h", '"1.00:00:00" | "02:30:00"'],
  ],
  "times that no type can hold are null": [
    ["datetime(9999-12-31) + 2d, datetime(0001-01-01) - 1d, 10000000d * 2", "null | null | null"],
    ["2h + dynamic(1h), 3h % 2h, 90m / 1h, 1h / 4", '"03:00:00" | "01:00:00" | 1.5 | "00:15:00"'],
  ],
  "choices and members meet in one type": [
    [
      "1 in (1.0), 1 in (dynamic([1.5])), 1 in (dynamic([[1]])), 'A' in~ (dynamic(['a']))",
      "true | false | true | true",
    ],
    ["iff(true, dynamic(3), 4), iff(false, 1.5, decimal(2))", '3 | "2"'],
  ],
  "nulls make comparisons null, except with what is not null": [
    ["int(null) == 1, int(null) != 1, int(null) > 1", "false | true | null"],
    ["int(null) == int(null), isnull(int(null)), isnull('')", "null | true | false"],
    ["bool(null) and false, bool(null) or true, not(bool(null))", "false | true | null"],
  ],
  "text is compared without case for ASCII letters alone": [
    ["'ABC' =~ 'abc', 'Ä' =~ 'ä', 'x' in~ ('X')", "true | false | true"],
    [
      "'a b-c' has 'B', 'abc' has 'b', 'abc' contains 'B', 'abc' contains_cs 'B'",
      "true | false | true | false",
    ],
    ["strcmp('ABC', 'abc'), strcmp('b', 'a'), strcmp('a', 'a')", "-1 | 1 | 0"],
    ["'a b' has_any ('b', 'c'), 'a b' has_all ('b', 'c')", "true | false"],
  ],
  "texts are taken apart and put together": [
    ["substring('abc', -2), substring('abc', 1, 1), strlen('Çé😀')", '"bc" | "b" | 3'],
    ["indexof('abcdefgabcdefg', 'cde', 1, 10, 2), indexof('abc', 'x')", "9 | -1"],
    [
      "indexof('👍a👍a', 'a'), indexof('👍a👍a', 'a', 0, -1, 2), indexof('👍a', 'a', -1), indexof('👍👍a', 'a', 0, 2)",
      "1 | 3 | 1 | -1",
    ],
    ["toupper('aßé'), tolower('AÉ')", '"AßÉ" | "aé"'],
    ["split('a,b', ','), split('a,b', ',', 1)", '["a","b"] | ["b"]'],
    [
      "strcat('a', 1, true), strcat_delim('-', 'a', 'b'), strrep('ab', 2, '/')",
      '"a1true" | "a-b" | "ab/ab"',
    ],
    [
      "replace_string('aXbX', 'X', '$&'), replace_regex('a1', @'(\\d)', @'<\\1>')",
      '"a$&b$&" | "a<1>"',
    ],
    ["replace_strings('This is', dynamic(['is', 'This']), dynamic(['was', 'x']))", '"Thwas was"'],
    ["trim('-', '-a-'), trim_start('-', '-a-'), trim_end('-', '-a-')", '"a" | "a-" | "-a"'],
    ["extract(@'(\\d+)x', 1, 'a12x'), extract(@'(\\d+)', 1, 'a12', typeof(long))", '"12" | 12'],
    ["extract_all(@'(\\d)(\\w)', '1a 2b'), countof('ababa', 'aba')", '[["1","a"],["2","b"]] | 2'],
    ["tohex(256), tohex(toint(-256), 8), url_encode('a b/')", '"100" | "ffffff00" | "a+b%2f"'],
    ["base64_encode_tostring('Kusto'), base64_decode_tostring('S3VzdG8=')", '"S3VzdG8=" | "Kusto"'],
    ["string_size('é'), isempty(''), isnotempty('a')", "2 | true | true"],
  ],
  "values are chosen": [
    ["iff(true, 1, 2.5), iif(bool(null), 'a', 'b')", '1.0 | "b"'],
    ["case(false, 1, true, 2, 3), coalesce(long(null), 5), coalesce('', 'x')", '2 | 5 | "x"'],
    [
      "max_of(1, 2.5), min_of(datetime(2020-01-01), datetime(null))",
      '2.5 | "2020-01-01T00:00:00.0000000Z"',
    ],
    ["max_of('a', 'b')", '"b"'],
  ],
  "values are converted, or become null": [
    ["toint('12'), toint('x'), tolong(1.9), tobool('true')", "12 | null | 1 | true"],
    [
      "todatetime('2020-01-02T03:04:05+02:00'), todatetime('12.02.2022'), totimespan('1.02:00:00')",
      '"2020-01-02T01:04:05.0000000Z" | "2022-12-02T00:00:00.0000000Z" | "1.02:00:00"',
    ],
    [
      "totimespan('01:02:03'), totimespan('1.02:03'), totimespan('1:02:03:04.5'), totimespan('02:03')",
      '"01:02:03" | "1.02:03:00" | "1.02:03:04.5000000" | "02:03:00"',
    ],
    ["toguid('{0123456789abcdef0123456789ABCDEF}')", '"01234567-89ab-cdef-0123-456789abcdef"'],
    [
      "gettype(1), gettype(dynamic([1])), gettype(dynamic({})), gettype(dynamic(1.5))",
      '"long" | "array" | "dictionary" | "real"',
    ],
    [
      "tostring(dynamic({'b':1,'a':[null]})), tostring(dynamic('x'))",
      '"{\\"a\\":[null],\\"b\\":1}" | "x"',
    ],
  ],
  "dynamics are read and made": [
    ["parse_json('{\"a\":[1,2]}').a[-1], parse_json('x'), parse_json('')", '2 | "x" | null'],
    [
      "dynamic({'a':1}).b, dynamic({'a':1})['a'], dynamic([9007199254740993])[0]",
      "null | 1 | 9007199254740993",
    ],
    [
      "bag_pack('b', 1, 'a', 'x'), pack_array(1, 'a'), bag_keys(dynamic({'b':1,'a':2}))",
      '{"a":"x","b":1} | [1,"a"] | ["a","b"]',
    ],
    ["bag_merge(dynamic({'a':1}), dynamic({'a':2,'b':3}))", '{"a":1,"b":3}'],
    [
      "bag_remove_keys(dynamic({'a':{'x':1,'y':2},'b':1}), dynamic(['$.a.x','b']))",
      '{"a":{"y":2}}',
    ],
    [
      "bag_set_key(dynamic({}), '$.a.b', 1), bag_has_key(dynamic({'a':{'b':1}}), '$.a.b')",
      '{"a":{"b":1}} | true',
    ],
    [
      "dynamic({'a':dynamic([1, dynamic({'b':2})])}), bag_has_key(dynamic({'a':1}), '$.a.b')",
      '{"a":[1,{"b":2}]} | false',
    ],
    [
      "set_union(dynamic([1,2]), dynamic([2,3])), set_intersect(dynamic([1,2]), dynamic([2,3]))",
      "[1,2,3] | [2]",
    ],
    [
      "set_difference(dynamic([1,2]), dynamic([2])), set_has_element(dynamic(['a']), 'a')",
      "[1] | true",
    ],
    [
      "array_length(dynamic([1,2])), array_concat(dynamic([1]), dynamic([2])), array_slice(dynamic([1,2,3]), 1, -1)",
      "2 | [1,2] | [2,3]",
    ],
    [
      "array_index_of(dynamic(['a','b']), 'b'), array_sort_desc(dynamic([1,3,2])), array_reverse(dynamic([1,2]))",
      "1 | [3,2,1] | [2,1]",
    ],
    [
      "array_iff(dynamic([true,0,null]), 1, dynamic([7,8,9])), array_split(dynamic([1,2,3]), 1)",
      "[1,8,null] | [[1],[2,3]]",
    ],
    [
      "bag_zip(dynamic(['a', 8]), dynamic([1, 2])), zip(dynamic([1,2]), dynamic([3])), repeat(1, 2)",
      '{"a":1} | [[1,3],[2,null]] | [1,1]',
    ],
    ["range(1, 3), range(1h, 3h)", '[1,2,3] | ["01:00:00","02:00:00","03:00:00"]'],
  ],
  "times are counted, cut and written": [
    ["now(), ago(1d)", '"2024-01-01T00:00:00.0000000Z" | "2023-12-31T00:00:00.0000000Z"'],
    [
      "bin(datetime(2020-01-01 10:20), 1h), bin(-7, 3), bin(2.7, 0.5)",
      '"2020-01-01T10:00:00.0000000Z" | -9 | 2.5',
    ],
    [
      "datetime_add('month', 1, datetime(2020-01-31)), datetime_diff('month', datetime(2020-03-01), datetime(2020-01-31))",
      '"2020-02-29T00:00:00.0000000Z" | 2',
    ],
    [
      "datetime_diff('week', datetime(2017-10-29), datetime(2017-09-30)), datetime_part('week_of_year', datetime(2020-01-01))",
      "5 | 1",
    ],
    [
      "startofweek(datetime(2020-01-01)), endofmonth(datetime(2020-02-01))",
      '"2019-12-29T00:00:00.0000000Z" | "2020-02-29T23:59:59.9999999Z"',
    ],
    [
      "format_datetime(datetime(2017-01-29 09:00:05.1234567), 'yy-MM-dd HH:mm:ss.fff')",
      '"17-01-29 09:00:05.123"',
    ],
    [
      "format_timespan(time(29.09:00:05), 'dd.hh:mm:ss'), make_datetime(2020, 1, 2), dayofweek(datetime(2020-01-01))",
      '"29.09:00:05" | "2020-01-02T00:00:00.0000000Z" | "3.00:00:00"',
    ],
    [
      "unixtime_seconds_todatetime(0), datetime(2020-01-01) between (datetime(2019-12-31) .. 2d)",
      '"1970-01-01T00:00:00.0000000Z" | true',
    ],
  ],
  "numbers are rounded and combined": [
    [
      "round(2.345, 2), round(-2.5), round(15, -1), ceiling(1.2), abs(-3), sign(-2.0)",
      "2.35 | -3.0 | 20 | 2.0 | 3 | -1.0",
    ],
    [
      "sqrt(4), pow(2, 10), log10(1000), isnan(real(nan)), rand(10)",
      "2.0 | 1024.0 | 3.0 | true | 5.0",
    ],
    ["binary_and(6, 3), binary_shift_left(1, 4), -7 % 3, bitset_count_ones(7)", "2 | 16 | 2 | 3"],
  ],
};

for (const [title, rows] of Object.entries(cases)) {
  Deno.test(`scalar functions: ${title}`, async () => {
    for (const [expressions, expected] of rows) {
      assertEquals(await print(expressions), expected, expressions);
    }
  });
}
