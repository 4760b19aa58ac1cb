// The same function for Deno and Cloudflare's workerd.
import fetch from "./edge_function.ts";

export default { fetch };
