// A function of Vercel's edge runtime, such as api/agent.ts of a project.
import { answer } from "./agent.ts";

declare const process: { readonly env: Readonly<Record<string, string | undefined>> };

/** Tells Vercel which runtime to use. */
export const config = { runtime: "edge" };

export default function handler(request: Request): Promise<Response> {
  return answer(request, {
    cluster: process.env.KUSTO_CLUSTER_URI!,
    database: process.env.KUSTO_DATABASE!,
    credential: process.env.KUSTO_CREDENTIAL,
  });
}
