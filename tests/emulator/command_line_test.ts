import { assertEquals, assertThrows } from "@std/assert";
import { readCommandLine } from "../../src/emulator/command_line.ts";

Deno.test("a command line without arguments asks for port 8080, in memory", () => {
  assertEquals(readCommandLine([]), { help: false, port: 8080, options: {} });
});

Deno.test("every argument becomes an option of the emulator", () => {
  const args = ["--port", "0", "--data", "D", "--database", "X", "--token", "a=b=viewer,ingestor"];
  const trouble = '{"kind":"throttle","on":"query","times":2,"retryAfter":1}';
  assertEquals(readCommandLine([...args, "--token", "c=admin", "--trouble", trouble]), {
    help: false,
    port: 0,
    options: {
      folder: "D",
      database: "X",
      tokens: { "a=b": ["viewer", "ingestor"], c: ["admin"] },
      trouble: [{ kind: "throttle", on: "query", times: 2, retryAfter: 1 }],
    },
  });
});

const refused: readonly (readonly [readonly string[], string])[] = [
  [["--port", "65536"], "from 0 to 65535"],
  [["--port", ""], "from 0 to 65535"],
  [["--token", "secret"], "viewer,ingestor,user,admin"],
  [["--token", "=admin"], "viewer,ingestor,user,admin"],
  [["--token", "secret=owner"], "viewer,ingestor,user,admin"],
  [["--trouble", "throttle"], "JSON object"],
  [["--trouble", "{}"], '"kind"'],
  [["--trouble", '{"kind":"nothing"}'], '"kind" cannot be "nothing"'],
  [["--trouble", '{"kind":"reset","on":"all"}'], '"on" cannot be "all"'],
  [["--trouble", '{"kind":"reset","often":1}'], 'no part "often"'],
  [["--trouble", '{"kind":"serviceError","status":200}'], '"status" cannot be 200'],
];

for (const [args, said] of refused) {
  Deno.test(`the arguments ${args.join(" ")} are refused with their reason`, () => {
    assertThrows(() => readCommandLine(args), TypeError, said);
  });
}
