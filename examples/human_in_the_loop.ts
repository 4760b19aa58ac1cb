/**
 * A person answers in another process than the one that asked: `deno task example:human-in-the-loop`.
 *
 * The script runs itself twice. The first process looks an order up, stops at its question and ends; the
 * second, which shares nothing with it but the thread's id, goes on with the answer.
 *
 * @module
 */
import { Annotation, Command, END, interrupt, START, StateGraph } from "@langchain/langgraph";
import { KustoEmulator } from "../src/emulator/mod.ts";
import { Kusto } from "./kusto.ts";

const State = Annotation.Root({
  order: Annotation<string>,
  amount: Annotation<number>,
  outcome: Annotation<string>,
});

const refund = new StateGraph(State)
  .addNode("look_up", ({ order }) => {
    console.log(`  looking up order ${order}`);
    return { amount: 40 };
  })
  .addNode("approve", ({ order, amount }) => {
    const answer = interrupt<string, string>(`Refund ${amount} € for order ${order}?`);
    return { outcome: answer === "yes" ? `refunded ${amount} €` : "not refunded" };
  })
  .addEdge(START, "look_up")
  .addEdge("look_up", "approve")
  .addEdge("approve", END);

const [action, thread_id = "", answer = "no"] = Deno.args;
if (action === undefined) {
  await using embedded = Deno.env.get("KUSTO_CLUSTER_URI") ? undefined : new KustoEmulator();
  const env = embedded
    ? { KUSTO_CLUSTER_URI: (await embedded.listen()).url, KUSTO_DATABASE: embedded.database }
    : {};
  const thread = `refund ${crypto.randomUUID()}`;
  for (const call of [["ask", thread], ["answer", thread, "yes"]]) {
    const args = ["run", "-A", "--quiet", import.meta.filename!, ...call];
    await new Deno.Command(Deno.execPath(), { args, env }).spawn().status;
  }
} else {
  await using kusto = await Kusto.open();
  await using saver = kusto.saver();
  const graph = refund.compile({ checkpointer: saver });
  const thread = { configurable: { thread_id } };
  if (action === "ask") {
    console.log("first process");
    await graph.invoke({ order: "4711" }, thread);
    for (const { interrupts } of (await graph.getState(thread)).tasks) {
      for (const { value } of interrupts) console.log(`  asks: ${value}`);
    }
  } else {
    console.log("second process");
    // A cluster shows others what was stored after some time.
    while (!(await graph.getState(thread)).tasks.some((task) => task.interrupts.length > 0)) {
      await new Promise((goOn) => setTimeout(goOn, 200));
    }
    const { outcome } = await graph.invoke(new Command({ resume: answer }), thread);
    console.log(`  answered "${answer}": ${outcome}`);
  }
}
