/**
 * Who signs in: what a caller may give, and how it is held.
 *
 * @module
 */
import type { Connection } from "./connection.ts";
import { KustoOptionsError } from "../errors.ts";

/** A token and when it ends, as `@azure/core-auth` has it. */
export interface AccessToken {
  /** The token itself. */
  readonly token: string;
  /** Milliseconds since 1970. */
  readonly expiresOnTimestamp: number;
}

/** The part of `@azure/identity`'s credentials that is used here. */
export interface TokenCredential {
  /**
   * Gives a token for what the scopes name.
   *
   * @param options `abortSignal`: aborts once nobody waits for the token any more.
   */
  getToken(
    scopes: string | string[],
    options?: { readonly abortSignal?: AbortSignal },
  ): Promise<AccessToken | null>;
}

/** A function that gives a token; a bare text is asked for anew after five minutes. */
export type TokenFunction = () => Promise<string | AccessToken>;

/** Who signs in; text is `"app-id;app-key;tenant-id"` or `"none"`. */
export type Credential = TokenCredential | TokenFunction | string;

/** An application's own identity; its key shows neither when it is printed nor as JSON. */
export class Application {
  /** The application's id. */
  readonly id: string;
  /** The tenant that knows it. */
  readonly tenant: string;
  readonly #key: string;

  constructor(id: string, key: string, tenant: string) {
    this.id = id;
    this.#key = key;
    this.tenant = tenant;
  }

  /** Its secret. */
  get key(): string {
    return this.#key;
  }
}

/** Who signs in, told apart. */
export type Identity = TokenCredential | TokenFunction | Application | "none";

/**
 * Who signs in: as the option says, else as the connection string says, else `undefined`.
 *
 * @throws {KustoOptionsError} If the option is none of the ways to sign in.
 */
export function identityFrom(
  given: Credential | undefined,
  { application, token }: Connection,
): Identity | undefined {
  if (given === undefined) {
    if (token !== undefined) return () => Promise.resolve(token);
    return application && new Application(application.id, application.key, application.tenant);
  }
  if (given === "none" || typeof given === "function") return given;
  if (typeof given === "string") {
    // A key may hold semicolons, the other two do not.
    const [, id, key, tenant] = /^([^;]+);(.+);([^;]+)$/s.exec(given) ?? [];
    if (id && key && tenant) return new Application(id, key, tenant);
  } else if (typeof given?.getToken === "function") {
    return given;
  }
  const is = typeof given === "string" ? "text of another form" : "something else";
  throw new KustoOptionsError(
    `Cannot use the option "credential": it is ${is}, it must be a TokenCredential, a function that gives a token, "app-id;app-key;tenant-id" or "none"`,
  );
}
