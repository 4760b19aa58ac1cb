// An edge function that reads a state, for Vercel's edge runtime: the request names the cluster.
import { KustoSaver } from "../../../mod.ts";

/** Answers with the id of the thread's latest checkpoint. */
export default async function handle(request: Request): Promise<Response> {
  const { searchParams } = new URL(request.url);
  const saver = new KustoSaver({
    connection: searchParams.get("kusto")!,
    database: "NetDefaultDB",
  });
  const config = { configurable: { thread_id: searchParams.get("thread") } };
  const tuple = await saver.getTuple(config);
  return new Response(tuple?.checkpoint.id);
}
