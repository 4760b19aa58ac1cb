import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { MemorySaver } from "@langchain/langgraph-checkpoint";
import { ask, createAgent } from "../../examples/demo/graph.ts";
import { chooseModel } from "../../examples/demo/model.ts";
import { OpenAIModel } from "../../examples/demo/openai_model.ts";
import { baker, type ChatMessage, chatServer } from "./chat_server.ts";
import { BAKERY, folderOf } from "./kit.ts";

const plan = { question: "How?", feedback: "", earlier: [], files: [] };

Deno.test("chooseModel() takes the chat model when there is a key, else the local one", () => {
  const choose = (variables: Record<string, string>) => chooseModel((name) => variables[name]).name;
  assertStringIncludes(choose({}), "local model");
  assertStringIncludes(choose({ OPENAI_API_KEY: "" }), "local model");
  assertEquals(choose({ OPENAI_API_KEY: "k" }), "gpt-4.1-mini at api.openai.com");
  assertEquals(
    choose({ OPENAI_API_KEY: "k", OPENAI_MODEL: "m", OPENAI_BASE_URL: "http://localhost:1/v1" }),
    "m at localhost:1",
  );
});

Deno.test("a chat model researches with tool calls, and invented places are named as such", async () => {
  await using folder = await folderOf(BAKERY);
  await using server = chatServer(baker);
  const model = new OpenAIModel({ key: "secret", model: "m", baseUrl: server.url });
  const agent = createAgent({ model, checkpointer: new MemorySaver(), reports: "/nowhere" });
  const config = { configurable: { thread_id: "t" } };
  await agent.invoke(ask(folder.path, "What about the dough?"), config);
  const { draft, inquiries } = (await agent.getState(config)).values;

  assertEquals(inquiries.map(({ topic }: { topic: string }) => topic), [
    "the dough",
    "the opening hours",
  ]);
  assertStringIncludes(draft, "[recipes/rye.md:3] “The sourdough rests for sixteen hours");
  assertStringIncludes(draft, "These places are cited but do not exist: [vault.md:1]");
  // A plan, a report, and for each of two researchers: a search, a read, a conclusion.
  assertEquals(server.requests.length, 8);
  for (const { authorization, path, body } of server.requests) {
    assertEquals([authorization, path, body.model], ["Bearer secret", "/v1/chat/completions", "m"]);
  }
});

Deno.test("tool calls and their answers go back to the chat model in its own form", async () => {
  await using folder = await folderOf(BAKERY);
  await using server = chatServer(baker);
  const model = new OpenAIModel({ key: "k", model: "m", baseUrl: `${server.url}/` });
  const agent = createAgent({ model, checkpointer: new MemorySaver(), reports: "/nowhere" });
  await agent.invoke(ask(folder.path, "What?"), { configurable: { thread_id: "t" } });

  const last = server.requests.filter(({ body }) => body.tools !== undefined).at(-1)?.body.messages;
  assertEquals(last?.map(({ role }) => role), [
    "system",
    "user",
    "assistant",
    "tool",
    "assistant",
    "tool",
  ]);
  assertEquals(last?.[2]?.content, null);
  assertEquals(last?.[2]?.tool_calls?.[0]?.function.name, "search");
  assertEquals([last?.[2]?.tool_calls?.[0]?.id, last?.[3]?.tool_call_id], ["s1", "s1"]);
  assertStringIncludes(last?.[5]?.content ?? "", "3| The sourdough rests");
});

Deno.test("a chat model that never concludes is made to", async () => {
  await using folder = await folderOf(BAKERY);
  await using server = chatServer((request): ChatMessage => {
    if (request.body.tools === undefined) return baker(request);
    if (request.body.tool_choice === "none") return { role: "assistant", content: "- enough" };
    const list = { name: "list", arguments: "no JSON" };
    return {
      role: "assistant",
      content: null,
      tool_calls: [{ id: "l", type: "function", function: list }],
    };
  });
  const model = new OpenAIModel({ key: "k", model: "m", baseUrl: server.url });
  const agent = createAgent({ model, checkpointer: new MemorySaver(), reports: "/nowhere" });
  const config = { configurable: { thread_id: "t" } };
  await agent.invoke(ask(folder.path, "What?"), config);
  const { findings } = (await agent.getState(config)).values;
  assertEquals(findings.map(({ notes }: { notes: string }) => notes), ["- enough", "- enough"]);
});

Deno.test("a refusal of the API is told with its status and words, and without the key", async () => {
  const cases: [Response, string][] = [
    [new Response("no such model", { status: 404 }), "it answered 404: no such model"],
    [Response.json({ choices: [] }), "its answer holds no message"],
  ];
  for (const [response, text] of cases) {
    await using server = chatServer(() => response);
    const model = new OpenAIModel({ key: "secret", model: "m", baseUrl: server.url });
    const error = await assertRejects(() => model.plan(plan), Error, text);
    assert(error instanceof Error && !error.message.includes("secret"));
  }
});
