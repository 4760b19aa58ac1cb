// A Cloudflare Worker: `main` of its wrangler.toml, with the three as variables and a secret.
import { answer } from "./agent.ts";

interface Environment {
  readonly KUSTO_CLUSTER_URI: string;
  readonly KUSTO_DATABASE: string;
  readonly KUSTO_CREDENTIAL?: string;
}

export default {
  fetch: (request: Request, environment: Environment): Promise<Response> =>
    answer(request, {
      cluster: environment.KUSTO_CLUSTER_URI,
      database: environment.KUSTO_DATABASE,
      credential: environment.KUSTO_CREDENTIAL,
    }),
};
