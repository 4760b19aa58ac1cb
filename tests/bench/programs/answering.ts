/**
 * The side of a program that measures: a request a line, an answer a line.
 *
 * @module
 */
import process from "node:process";
import { createInterface } from "node:readline";

/** Answers all requests and ends. */
export async function answer<Request>(
  handle: (request: Request) => Promise<object>,
): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) {
    const found = await handle(JSON.parse(line) as Request);
    process.stdout.write(`${JSON.stringify(found)}\n`);
  }
  // Peers may keep connections open.
  process.exit(0);
}

/** The processor time that this process has taken, all threads, in milliseconds. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
