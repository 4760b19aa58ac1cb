import { assertEquals, assertThrows } from "@std/assert";
import { readCommandLine } from "../../src/emulator/command_line.ts";

Deno.test("a command line without arguments asks for port 8080, in memory", () => {
  assertEquals(readCommandLine([]), { help: false, port: 8080, options: {} });
});

Deno.test("every argument becomes an option of the emulator", () => {
  const args = ["--port", "0", "--data", "D", "--database", "X", "--token", "a=b=viewer,ingestor"];
  const trouble = '{"kind":"throttle","on":"query","times":2,"retryAfter":1}';
  const more = ["--token", "c=admin", "--trouble", trouble, "--login-endpoint", "http://[::1]:9"];
  more.push("--visibility-delay", "5", "--view-lag", "7", "--cores", "2", "--no-streaming");
  assertEquals(readCommandLine([...args, ...more]), {
    help: false,
    port: 0,
    options: {
      folder: "D",
      database: "X",
      tokens: { "a=b": ["viewer", "ingestor"], c: ["admin"] },
      loginEndpoint: "http://[::1]:9",
      streaming: false,
      trouble: [{ kind: "throttle", on: "query", times: 2, retryAfter: 1 }],
      visibilityDelayMs: 5,
      viewLagMs: 7,
      cores: 2,
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
  [["--trouble", "{}"], "'kind' must be one of throttle"],
  [["--trouble", '{"kind":"reset","often":1}'], "'often'"],
  [["--view-lag=-1"], "'viewLagMs' must be a number from 0 on"],
  [["--visibility-delay", ""], "'visibilityDelayMs' must be a number from 0 on"],
  [["--cores", "many"], "'cores' must be a whole number from 1 on"],
];

for (const [args, said] of refused) {
  Deno.test(`the arguments ${args.join(" ")} are refused with their reason`, () => {
    assertThrows(() => readCommandLine(args), Error, said);
  });
}
