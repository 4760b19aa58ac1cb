// Provisions and reads as whoever DefaultAzureCredential says; the cluster is an embedded Kusto at the
// address that is the argument, under a name that tokens may be sent to.
import process from "node:process";
import { KustoSaver } from "../../mod.ts";

const cluster = "https://agents.kusto.windows.net";
const kusto = process.argv[2]!;

const saver = KustoSaver.fromConnectionString(cluster, {
  database: "NetDefaultDB",
  fetch: (input, init) => fetch(String(input).replace(cluster, kusto), init),
});
await saver.setup({ provision: true });
await Promise.all(
  ["ada", "bob", "eve"].map((thread_id) => saver.getTuple({ configurable: { thread_id } })),
);
await saver.close();
console.log("signed in");
