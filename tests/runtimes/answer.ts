// The edges run the smoke when they are asked: the address of the embedded Kusto comes with the request.
import { smoke } from "./smoke.ts";

/** Answers with what the smoke says. */
export async function answer(request: Request): Promise<Response> {
  const kusto = new URL(request.url).searchParams.get("kusto")!;
  try {
    return new Response(await smoke(kusto));
  } catch (error) {
    return new Response(error instanceof Error ? error.stack : String(error), { status: 500 });
  }
}
