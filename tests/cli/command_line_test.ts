import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { VERSION } from "../../src/version.ts";
import { cli, CliLab } from "./kit.ts";

const SECRET = "se-cr-et";

Deno.test("help names each command, and each command has help of its own", async () => {
  for (const args of [["--help"], ["help"], ["-h"]]) {
    const { code, output, errors } = await cli(args);
    assertEquals([code, errors], [0, ""]);
    const names = [...output.matchAll(/^ {2}(\w+) {2,}\S/gm)].map(([, name]) => name!);
    assert(names.includes("setup") && names.includes("emulator"));
    for (const name of names) {
      const help = await cli([name, "--help"]);
      assertEquals([help.code, help.errors], [0, ""]);
      assertStringIncludes(help.output, `Usage: kusto-checkpoint ${name} `);
    }
  }
});

Deno.test("--version tells the version", async () => {
  const { code, output, errors } = await cli(["--version"]);
  assertEquals([code, output, errors], [0, `kusto-checkpoint ${VERSION}\n`, ""]);
});

/** Command lines that are wrong, with what is said of them. */
const misused: readonly (readonly [readonly string[], string])[] = [
  [[], "No command is named"],
  [["stup"], "There is no command stup"],
  [["constructor"], "There is no command constructor"],
  [
    [`Data Source=http://localhost/db;AppKey=${SECRET}`, "setup"],
    "The first argument is no command",
  ],
  [["setup"], "pass --cluster"],
  [["setup", "--cluster", "http://localhost"], '"database"'],
  [["setup", "--cluster", "https://evil.example/db"], "trustedHosts"],
  [["setup", "--cluster", "http://localhost/db", "--ingestion", "queued"], '"ingestion"'],
  [["setup", "--cluster", "http://localhost/db", "--table-prefix", "a-b"], '"tablePrefix"'],
  [["setup", "--cluster", "http://localhost/db", "--retention-days", "1.5"], "--retention-days"],
  [["setup", "--cluster"], "--cluster"],
  [
    ["setup", `--credentail=${SECRET}`],
    "Unknown option '--credentail', and whatever else begins with a dash goes behind --; see ",
  ],
  [["setup", "--credential", "none", SECRET], "nothing but options"],
  [["setup", `-k${SECRET}`], "-k"],
  [["setup", "--cluster", `Data Source=http://localhost/db;AppKey=a;${SECRET}`], "part 3"],
  [["setup", "--cluster", "http://localhost/db", "--credential", SECRET], '"credential"'],
];

for (const [args, said] of misused) {
  Deno.test(`the command line ${JSON.stringify(args)} is refused with 2, and shows no value`, async () => {
    const { code, output, errors } = await cli(args);
    assertEquals([code, output], [2, ""]);
    assertStringIncludes(errors, said);
    assert(!errors.includes(SECRET), errors);
  });
}

Deno.test("an option goes before its variable, and an empty variable is none", async () => {
  await using lab = new CliLab({ database: "agents" });
  const variables = { KUSTO_DATABASE: "other", KUSTO_TABLE_PREFIX: "", KUSTO_CREDENTIAL: "none" };
  const { code, errors } = await lab.cli(["setup", "--provision", "--database", "agents"], {
    variables,
  });
  assertEquals([code, errors], [0, ""]);
});

Deno.test("a failure is told with its code to programs, and ends with 1", async () => {
  await using lab = new CliLab({ tokens: { [SECRET]: ["viewer"] } });
  const cluster = `Data Source=http://localhost;User Token=${SECRET}`;
  const args = ["setup", "--provision", "--cluster", cluster];
  const { code, value, output, errors } = await lab.json(args);
  assertEquals(code, 1);
  const { code: kind, message } = (value as { error: Record<string, string> }).error;
  assertEquals(kind, "PERMISSION_REFUSED");
  assertStringIncludes(message!, "Database Admin");
  assertEquals(errors, `${message}\n`);
  assert(!(output + errors).includes(SECRET));
});

Deno.test("emulator listens until it is told to end", async () => {
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  let status = 0;
  const onOutput = async (text: string) => {
    const url = /^Listening on (\S+)\n$/.exec(text)?.[1];
    const body = JSON.stringify({ db: "agents", csl: "print 1" });
    const answer = await fetch(`${url}/v1/rest/query`, { method: "POST", body });
    await answer.text();
    status = answer.status;
    end();
  };
  const args = ["emulator", "--port", "0", "--database", "agents"];
  const { code, errors } = await cli(args, { ended, onOutput });
  assertEquals([code, errors, status], [0, "", 200]);
  const refused = await cli(["emulator", "--port", "none"]);
  assertEquals(refused.code, 2);
  assertStringIncludes(refused.errors, "Usage: kusto-checkpoint emulator ");
});

Deno.test("emulator ends with 1 and the reason where another program listens on its port", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const { code, output, errors } = await cli(["emulator", "--port", String(port)]);
  listener.close();
  assertEquals([code, output], [1, ""]);
  assertStringIncludes(errors, `Cannot listen on port ${port}: another program does`);
});
