/**
 * An agent for edge functions: one request is one turn, and what was said before lies in Kusto.
 *
 * @module
 */
import { Annotation, END, START, StateGraph } from "@langchain/langgraph/web";
import { KustoSaver } from "../../mod.ts";

/** What a function must be told of its cluster. */
export interface ClusterSettings {
  /** Such as `https://mycluster.westeurope.kusto.windows.net`. */
  readonly cluster: string;
  readonly database: string;
  /** `app-id;app-key;tenant-id`: signs in with `fetch` alone. */
  readonly credential?: string | undefined;
}

const State = Annotation.Root({
  said: Annotation<string[]>({ reducer: (all, more) => [...all, ...more], default: () => [] }),
  reply: Annotation<string>,
});

const agent = new StateGraph(State)
  .addNode("answer", ({ said }) => ({
    reply: said.length === 1
      ? `Hello! You said "${said[0]}".`
      : `That was your message ${said.length}; the first was "${said[0]}".`,
  }))
  .addEdge(START, "answer")
  .addEdge("answer", END);

/**
 * Answers `POST {"thread": "...", "message": "..."}`.
 *
 * A saver for each request: on edges no request may wait for what another one sends. The token that an
 * isolate's first saver is given is there for all that follow. Once the turn is done all of it is stored,
 * so nothing is pending when the response goes out.
 */
export async function answer(request: Request, settings: ClusterSettings): Promise<Response> {
  const { thread, message } = await request.json() as { thread: string; message: string };
  const saver = KustoSaver.fromConnectionString(settings.cluster, {
    database: settings.database,
    ...(settings.credential !== undefined && { credential: settings.credential }),
  });
  const { said, reply } = await agent.compile({ checkpointer: saver }).invoke(
    { said: [message] },
    { configurable: { thread_id: thread } },
  );
  return Response.json({ reply, messages: said.length });
}
