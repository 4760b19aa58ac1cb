/**
 * A service whose answers hold less than usual, so that small states need pages.
 *
 * @module
 */
import type { KustoEmulator } from "../../src/emulator/mod.ts";

/** What one answer may hold; the service's own limits are 64 MiB and 500 000 rows. */
export interface AnswerLimits {
  readonly truncationmaxsize?: number;
  readonly truncationmaxrecords?: number;
}

/** The emulator's `fetch`, every query limited; counts the queries that were refused for it. */
export class NarrowService {
  refusals = 0;
  readonly #emulator: KustoEmulator;
  readonly #limits: AnswerLimits;

  constructor(emulator: KustoEmulator, limits: AnswerLimits) {
    this.#emulator = emulator;
    this.#limits = limits;
  }

  readonly fetch = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    if (!String(input).includes("/rest/query")) return await this.#emulator.fetch(input, init);
    const request = JSON.parse(new TextDecoder().decode(init?.body as Uint8Array));
    Object.assign(request.properties.Options, this.#limits);
    const response = await this.#emulator.fetch(input, { ...init, body: JSON.stringify(request) });
    const text = await response.text();
    if (text.includes("LimitsExceeded")) this.refusals++;
    return new Response(text, response);
  };
}
