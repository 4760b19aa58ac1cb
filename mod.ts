/**
 * A LangGraph.js checkpoint saver on Azure Data Explorer, Fabric Eventhouse or a free Kusto cluster.
 *
 * @module
 */
export { KustoSaver } from "./src/saver.ts";
