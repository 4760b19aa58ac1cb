// Deno Deploy, or here: deno serve -A examples/edge/deno_deploy.ts
import { answer } from "./agent.ts";

export default {
  fetch: (request: Request): Promise<Response> =>
    answer(request, {
      cluster: Deno.env.get("KUSTO_CLUSTER_URI")!,
      database: Deno.env.get("KUSTO_DATABASE")!,
      credential: Deno.env.get("KUSTO_CREDENTIAL"),
    }),
};
