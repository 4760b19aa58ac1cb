/**
 * What Kusto's documentation leaves open, asked of the cluster itself.
 *
 * @module
 */
import type { LiveCluster } from "./cluster.ts";

/** One question. */
export interface Question {
  readonly question: string;
  /** Resolves to what the cluster does. */
  readonly ask: (cluster: LiveCluster) => Promise<string>;
}

/** The questions. */
export const questions: readonly Question[] = [
  {
    question: "How does a query parameter read that is text within quotes",
    ask: async (cluster) => {
      const csl = "declare query_parameters(s:string); print s";
      const { text } = await cluster.execute("query", csl, { Parameters: { s: '"a"' } });
      return text.slice(0, 300);
    },
  },
];
