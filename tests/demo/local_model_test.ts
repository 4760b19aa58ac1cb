import { assert, assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import { MemorySaver } from "@langchain/langgraph-checkpoint";
import { ask, createAgent } from "../../examples/demo/graph.ts";
import { LocalModel } from "../../examples/demo/local_model.ts";
import type { Finding, PlanRequest } from "../../examples/demo/model.ts";
import { BAKERY, folderOf } from "./kit.ts";

const model = new LocalModel();

async function topics(request: Partial<PlanRequest>): Promise<string[]> {
  const inquiries = await model.plan({
    question: "",
    feedback: "",
    earlier: [],
    files: [],
    ...request,
  });
  return inquiries.map(({ topic }) => topic);
}

Deno.test("plan() makes a line of inquiry of each clause", async () => {
  assertEquals(await topics({ question: "How is bread baked, and when does the shop open?" }), [
    "How is bread baked",
    "When does the shop open",
  ]);
});

Deno.test("plan() looks into the code where there is code beside prose", async () => {
  const [, code] = await model.plan({
    question: "How are prices kept?",
    feedback: "",
    earlier: [],
    files: ["README.md", "till.py"],
  });
  assertEquals(code, { name: "B", topic: "In the code: How are prices kept?", files: "*.py" });
});

Deno.test("plan() takes a question without telling words as one about the question before", async () => {
  assertEquals(
    (await topics({ question: "And why?", earlier: ["How is bread baked?"] }))[0],
    "How is bread baked",
  );
});

Deno.test("plan() follows the wish to change a draft first", async () => {
  assertEquals(
    (await topics({ question: "How is bread baked?", feedback: "say more about rye" }))[0],
    "say more about rye",
  );
});

Deno.test("write() shortens when asked for less", async () => {
  const notes = ["one", "two", "three", "four"].map((word) => `- ${word} [a.md:1]`).join("\n");
  const findings: Finding[] = [{
    inquiry: { name: "A", topic: "Words", files: "" },
    notes,
    citations: [],
  }];
  const long = await model.write({ question: "Words?", feedback: "", findings });
  const short = await model.write({ question: "Words?", feedback: "shorter, please", findings });
  assert(short.length < long.length);
  assertStringIncludes(long, "four");
});

Deno.test("the same question over the same files gives the same report, with quotes that exist", async () => {
  await using folder = await folderOf(BAKERY);
  const draft = async (question: string): Promise<string> => {
    const agent = createAgent({ model, checkpointer: new MemorySaver(), reports: "/nowhere" });
    const config = { configurable: { thread_id: "t" } };
    await agent.invoke(ask(folder.path, question), config);
    return String((await agent.getState(config)).values.draft);
  };
  const question = "How long does the sourdough rest, and when is the shop closed?";
  const first = await draft(question);
  assertEquals(await draft(question), first);
  assertNotEquals(await draft("How are prices kept?"), first);
  assertStringIncludes(
    first,
    "The sourdough rests for sixteen hours before the dough is kneaded. [recipes/rye.md:3]",
  );
  assertStringIncludes(
    first,
    "On Sundays the shop stays closed, because the bakers sleep. [README.md:8]",
  );
});

Deno.test("a question about the whole is answered with how the README begins", async () => {
  await using folder = await folderOf(BAKERY);
  const agent = createAgent({ model, checkpointer: new MemorySaver(), reports: "/nowhere" });
  const config = { configurable: { thread_id: "t" } };
  await agent.invoke(ask(folder.path, "What is this about, and how is it used?"), config);
  const { draft } = (await agent.getState(config)).values;
  assertStringIncludes(draft, "- A bakery for people who like rye bread. [README.md:3]");
});

Deno.test("a question that the files do not answer is answered with just that", async () => {
  assertEquals(
    await model.write({ question: "Submarines?", feedback: "", findings: [] }),
    "The files say nothing about this; other words may find more.",
  );
});
