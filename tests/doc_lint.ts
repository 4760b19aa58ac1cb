/**
 * Lints the public documentation: `deno task doc:lint`.
 *
 * A class that extends an npm class must name types of `@langchain/*`, which `deno doc` calls private;
 * nothing else is let pass.
 *
 * @module
 */

const ALLOWED = new Set([
  "BaseCheckpointSaver",
  "ChannelVersions",
  "Checkpoint",
  "CheckpointListOptions",
  "CheckpointMetadata",
  "CheckpointTuple",
  "DeltaChannelHistory",
  "PendingWrite",
  "RunnableConfig",
  "SerializerProtocol",
]);

const { stderr } = await new Deno.Command(Deno.execPath(), {
  args: [
    "doc",
    "--quiet",
    "--lint",
    "mod.ts",
    "src/cli/mod.ts",
    "src/emulator/mod.ts",
    "src/encryption/mod.ts",
  ],
  env: { NO_COLOR: "1" },
}).output();

const findings = new TextDecoder().decode(stderr).split(/\n(?=error)/)
  .filter((text) => text.startsWith("error["));
const faults = findings.filter((text) => {
  const name = /references private type '(\w+)'/.exec(text)?.[1];
  return name === undefined || !ALLOWED.has(name);
});
for (const fault of faults) console.error(fault);
console.log(
  `doc lint: ${faults.length} faults, ${findings.length - faults.length} types of @langchain`,
);
Deno.exit(faults.length === 0 ? 0 : 1);
