import {
  assert,
  assertEquals,
  assertExists,
  assertInstanceOf,
  AssertionError,
  assertMatch,
  assertNotEquals,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
  equal,
  fail,
  unreachable,
} from "@std/assert";

/** Whether an assertion fails; checked without the assertions that are under test. */
function fails(assertion: () => unknown): boolean {
  try {
    assertion();
    return false;
  } catch (error) {
    if (error instanceof AssertionError) return true;
    throw error;
  }
}

async function failsLater(assertion: () => Promise<unknown>): Promise<boolean> {
  try {
    await assertion();
    return false;
  } catch (error) {
    if (error instanceof AssertionError) return true;
    throw error;
  }
}

function check(condition: boolean): void {
  if (!condition) throw new TypeError("The stand-in is wrong");
}

class Point {
  x = 1;
}
const symbol = Symbol();
const loop: Record<string, unknown> = { a: 1 };
loop.self = loop;
const otherLoop: Record<string, unknown> = { a: 1 };
otherLoop.self = otherLoop;

const EQUAL: [title: string, a: unknown, b: unknown][] = [
  ["numbers", 1, 1],
  ["NaN", NaN, NaN],
  ["0 and -0", 0, -0],
  ["bigints", 1n, 1n],
  ["objects, whatever their order", { a: 1, b: [2] }, { b: [2], a: 1 }],
  ["objects with and without a prototype", Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
  ["symbol keys", { [symbol]: 1 }, { [symbol]: 1 }],
  ["dates", new Date(5), new Date(5)],
  ["invalid dates", new Date(NaN), new Date(NaN)],
  ["patterns", /a/g, /a/g],
  ["addresses", new URL("https://a/b"), new URL("https://a/b")],
  ["errors", new RangeError("a"), new RangeError("a")],
  ["bytes", new Uint8Array([1, 2]), new Uint8Array([1, 2])],
  ["bytes in larger buffers", new Uint8Array([0, 1, 2]).subarray(1), new Uint8Array([1, 2])],
  ["buffers", new Uint8Array([1]).buffer, new Uint8Array([1]).buffer],
  ["floats with NaN", new Float64Array([NaN, 0]), new Float64Array([NaN, -0])],
  ["sets, whatever their order", new Set([1, { a: 1 }]), new Set([{ a: 1 }, 1])],
  ["maps, whatever their order", new Map([[1, 2], [3, 4]]), new Map([[3, 4], [1, 2]])],
  ["maps with objects as keys", new Map([[{ a: 1 }, 2]]), new Map([[{ a: 1 }, 2]])],
  ["things that contain themselves", loop, otherLoop],
];

for (const [title, a, b] of EQUAL) {
  Deno.test(`assertEquals() holds for ${title}`, () => {
    check(equal(a, b) && equal(b, a));
    check(!fails(() => assertEquals(a, b)));
    check(fails(() => assertNotEquals(a, b)));
  });
}

const DIFFERENT: [title: string, a: unknown, b: unknown][] = [
  ["numbers", 1, 2],
  ["a number and its text", 1, "1"],
  ["a number and a bigint", 1, 1n],
  ["null and undefined", null, undefined],
  ["null and an object", null, {}],
  ["an absent and an undefined property", {}, { a: undefined }],
  ["one property with another name", { a: undefined }, { b: undefined }],
  ["an array and an object", [], {}],
  ["an array with a hole", [, 1], [undefined, 1]],
  ["classes", new Point(), { x: 1 }],
  ["dates", new Date(5), new Date(6)],
  ["patterns", /a/g, /a/i],
  ["addresses", new URL("https://a/b"), new URL("https://a/c")],
  ["errors with other texts", new Error("a"), new Error("b")],
  ["errors of other classes", new Error("a"), new TypeError("a")],
  ["bytes", new Uint8Array([1, 2]), new Uint8Array([1, 3])],
  ["numbers of bytes", new Uint8Array([1]), new Uint8Array([1, 0])],
  ["bytes and an array", new Uint8Array([1]), [1]],
  ["buffers", new Uint8Array([1]).buffer, new Uint8Array([2]).buffer],
  ["sets", new Set([1]), new Set([2])],
  ["sets that repeat", new Set([{ a: 1 }, { a: 2 }]), new Set([{ a: 1 }, { b: 2 }])],
  ["maps with other values", new Map([[1, 2]]), new Map([[1, 3]])],
  ["maps with other keys", new Map([[1, undefined]]), new Map([[2, undefined]])],
  ["symbol keys", { [symbol]: 1 }, { [symbol]: 2 }],
  ["things that contain themselves", loop, { a: 1, self: { a: 2 } }],
];

for (const [title, a, b] of DIFFERENT) {
  Deno.test(`assertEquals() fails for different ${title}`, () => {
    check(!equal(a, b) && !equal(b, a));
    check(fails(() => assertEquals(a, b)));
    check(!fails(() => assertNotEquals(a, b)));
  });
}

Deno.test("equal() refuses weak collections", () => {
  let message = "";
  try {
    equal(new WeakMap(), new WeakMap());
  } catch (error) {
    if (error instanceof TypeError) message = error.message;
  }
  check(message === "cannot compare WeakMap instances");
});

Deno.test("assertEquals() shows both values and the note", () => {
  let message = "";
  try {
    assertEquals({ a: [1] }, { a: [2] }, "a note");
  } catch (error) {
    message = (error as Error).message;
  }
  for (const part of ["Values are not equal: a note", "{ a: [ 1 ] }", "{ a: [ 2 ] }"]) {
    check(message.includes(part));
  }
});

const SIMPLE: [title: string, holds: () => unknown, breaks: () => unknown][] = [
  ["assert()", () => assert("a"), () => assert(0)],
  ["assertStrictEquals()", () => assertStrictEquals(NaN, NaN), () => assertStrictEquals(0, -0)],
  [
    "assertStrictEquals() of objects",
    () => assertStrictEquals(loop, loop),
    () => assertStrictEquals({}, {}),
  ],
  ["assertExists()", () => assertExists(0), () => assertExists(null)],
  [
    "assertInstanceOf()",
    () => assertInstanceOf(new Point(), Point),
    () => assertInstanceOf({}, Point),
  ],
  ["assertMatch()", () => assertMatch("abc", /b/), () => assertMatch("abc", /d/)],
  [
    "assertStringIncludes()",
    () => assertStringIncludes("abc", "bc"),
    () => assertStringIncludes("abc", "cb"),
  ],
  ["assertThrows()", () => assertThrows(() => fail()), () => assertThrows(() => 1)],
  [
    "assertThrows() of a class",
    () => assertThrows(() => fail("x"), AssertionError, "x"),
    () => assertThrows(() => fail("x"), RangeError),
  ],
  [
    "assertThrows() of a text",
    () => assertThrows(() => fail("xyz"), Error, "y"),
    () => assertThrows(() => fail("xyz"), Error, "q"),
  ],
  ["assertThrows() of what is no error", () =>
    assertThrows(() => {
      throw 1;
    }), () =>
    assertThrows(() => {
      throw 1;
    }, Error)],
];

for (const [title, holds, breaks] of SIMPLE) {
  Deno.test(`${title} holds where it should and fails where it should`, () => {
    check(!fails(holds));
    check(fails(breaks));
  });
}

Deno.test("fail() and unreachable() always fail", () => {
  check(fails(() => fail("a")));
  check(fails(() => unreachable()));
});

Deno.test("assertThrows() gives back what was thrown", () => {
  const error = new RangeError("a");
  check(
    assertThrows(() => {
      throw error;
    }, RangeError) === error,
  );
});

Deno.test("assertRejects() gives back the reason", async () => {
  const error = new RangeError("abc");
  check(await assertRejects(() => Promise.reject(error), RangeError, "b") === error);
  check(await assertRejects(() => Promise.reject(1)) === 1);
});

const REJECTIONS: [title: string, assertion: () => Promise<unknown>][] = [
  ["a promise that resolves", () => assertRejects(() => Promise.resolve())],
  ["a function that throws at once", () =>
    assertRejects(() => {
      throw new Error("a");
    })],
  ["another class", () => assertRejects(() => Promise.reject(new Error("a")), RangeError)],
  ["another text", () => assertRejects(() => Promise.reject(new Error("a")), Error, "b")],
  ["what is no error", () => assertRejects(() => Promise.reject(1), Error)],
];

for (const [title, assertion] of REJECTIONS) {
  Deno.test(`assertRejects() fails for ${title}`, async () => {
    check(await failsLater(assertion));
  });
}
