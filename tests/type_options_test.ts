import { assert } from "@std/assert";

const ROOT = new URL("../", import.meta.url);

Deno.test("the sources pass under the options of whoever imports them, the defaults", async () => {
  const { imports, exports } = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  const standIn = (name: string) => new URL(`tests/stand-ins/${name}/mod.ts`, ROOT).href;
  const config = await Deno.makeTempFile({ suffix: ".json" });
  try {
    await Deno.writeTextFile(
      config,
      JSON.stringify({
        nodeModulesDir: "none",
        imports: { ...imports, "@std/assert": standIn("assert"), "@std/async": standIn("async") },
      }),
    );
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "check",
        "--quiet",
        "--no-lock",
        "--config",
        config,
        ...Object.values<string>(exports),
      ],
      cwd: ROOT,
      env: { NO_COLOR: "1" },
    }).output();
    assert(success, new TextDecoder().decode(stderr));
  } finally {
    await Deno.remove(config);
  }
});
