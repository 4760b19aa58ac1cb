/**
 * A chat-completions server with a script, on a free port of this machine.
 *
 * @module
 */

/** A message as the API knows it. */
export interface ChatMessage {
  role: string;
  content: string | null;
  tool_call_id?: string;
  tool_calls?: { id: string; type: string; function: { name: string; arguments: string } }[];
}

/** A request as the server saw it. */
export interface ChatRequest {
  readonly authorization: string | null;
  readonly path: string;
  readonly body: {
    model: string;
    messages: ChatMessage[];
    tools?: unknown[];
    tool_choice?: string;
  };
}

/** A server and what it was asked. */
export interface ChatServer extends AsyncDisposable {
  readonly url: string;
  readonly requests: ChatRequest[];
}

/** Starts a server whose answers a function gives: a message, or a whole response. */
export function chatServer(answer: (request: ChatRequest) => ChatMessage | Response): ChatServer {
  const requests: ChatRequest[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (raw) => {
    const request: ChatRequest = {
      authorization: raw.headers.get("authorization"),
      path: new URL(raw.url).pathname,
      body: await raw.json(),
    };
    requests.push(request);
    const message = answer(request);
    return message instanceof Response ? message : Response.json({ choices: [{ message }] });
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}/v1`,
    requests,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** A model that plans two lines, searches, reads what it was told to, and cites one line too many. */
export function baker({ body }: ChatRequest): ChatMessage {
  const reply = (content: string): ChatMessage => ({ role: "assistant", content });
  const call = (id: string, name: string, args: unknown): ChatMessage => ({
    role: "assistant",
    content: null,
    tool_calls: [{ id, type: "function", function: { name, arguments: JSON.stringify(args) } }],
  });
  if (body.tools === undefined) {
    const system = body.messages[0]?.content ?? "";
    return system.includes("plan research")
      ? reply("1. the dough\n2. the opening hours")
      : reply("## In short\n\nIt rests for long [recipes/rye.md:3] and sells gold [vault.md:1].");
  }
  const answers = body.messages.filter(({ role }) => role === "tool");
  if (answers.length === 0) return call("s1", "search", { words: body.messages[1]?.content });
  if (answers.length === 1) return call("r1", "read", { path: "recipes/rye.md" });
  return reply("- It rests for sixteen hours [recipes/rye.md:3]");
}
