import { assertEquals, assertRejects } from "@std/assert";
import { sleep } from "../src/sleep.ts";

for (const persistent of [true, false]) {
  const how = persistent ? "" : " that is not persistent";

  Deno.test(`sleep()${how} ends with the reason of a signal that aborts, and its timer with it`, async () => {
    const controller = new AbortController();
    const waiting = assertRejects(
      () => sleep(60_000, { signal: controller.signal, persistent }),
      RangeError,
      "enough",
    );
    controller.abort(new RangeError("enough"));
    await waiting;
  });

  Deno.test(`sleep()${how} does not begin for a signal that has aborted`, async () => {
    const signal = AbortSignal.abort(new RangeError("enough"));
    await assertRejects(() => sleep(60_000, { signal, persistent }), RangeError, "enough");
  });
}

const PROCESSES: [title: string, wait: string, output: string][] = [
  ["ends before a wait that is not persistent", "sleep(3_600_000, { persistent: false })", "begun"],
  ["ends after a wait that is", "sleep(1).then(() => console.log('waited'))", "begun waited"],
];

for (const [title, wait, output] of PROCESSES) {
  Deno.test(`A process ${title}`, async () => {
    const script = `
      import { sleep } from ${JSON.stringify(import.meta.resolve("../src/sleep.ts"))};
      ${wait};
      console.log("begun");
    `;
    const { stdout, success } = await new Deno.Command(Deno.execPath(), {
      args: ["eval", "--ext=ts", "--quiet", script],
      cwd: new URL("..", import.meta.url),
      stdout: "piped",
      // It would stay for an hour.
      signal: AbortSignal.timeout(300_000),
    }).output();
    const words = new TextDecoder().decode(stdout).trim().split(/\s+/).join(" ");
    assertEquals([success, words], [true, output]);
  });
}
