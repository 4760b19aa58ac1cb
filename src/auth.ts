/**
 * Tokens for the cluster: where they come from, and how long they are used.
 *
 * @module
 */
import type { Settings } from "./config.ts";
import { KustoError, KustoOptionsError, KustoSignInError } from "./errors.ts";
import { isLoopback } from "./hosts.ts";

/** A token and when it ends, as `@azure/core-auth` has it. */
export interface AccessToken {
  /** The token itself. */
  readonly token: string;
  /** Milliseconds since 1970. */
  readonly expiresOnTimestamp: number;
}

/** The part of `@azure/identity`'s credentials that is used here. */
export interface TokenCredential {
  /** Gives a token for a resource; `null` where it cannot. */
  getToken(scopes: string | string[]): Promise<AccessToken | null>;
}

/** A function that gives a token; a bare text is asked for anew after five minutes. */
export type TokenFunction = () => Promise<string | AccessToken>;

/** Who signs in; text is `"app-id;app-key;tenant-id"` or `"none"`. */
export type Credential = TokenCredential | TokenFunction | string;

/** Where a cluster's identities live. */
interface Cloud {
  readonly loginEndpoint: string;
  readonly resource: string;
}

const PUBLIC_CLOUD: Cloud = {
  loginEndpoint: "https://login.microsoftonline.com",
  resource: "https://kusto.kusto.windows.net",
};
/** Tokens are renewed this long before they end, in milliseconds. */
const RENEW_EARLY_MS = 2 * 60_000;
const BARE_TOKEN_MS = 5 * 60_000;

/** Gives the tokens of one saver, asking for each only once. */
export class TokenSource {
  readonly #settings: Settings;
  readonly #obtain: (() => Promise<AccessToken>) | undefined;
  #current: AccessToken | undefined;
  #renewal: Promise<AccessToken> | undefined;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#obtain = this.#chooseSource(settings.credential);
  }

  /**
   * A token that is good for a while yet; `undefined` where none is needed.
   *
   * @param refused The token that the cluster did not accept, so that it is not given again.
   * @throws {KustoSignInError} If none can be had.
   */
  async token(refused?: string): Promise<string | undefined> {
    if (!this.#obtain) return undefined;
    const current = this.#current;
    const fresh = current && current.token !== refused &&
      current.expiresOnTimestamp - RENEW_EARLY_MS > this.#settings.now();
    if (fresh) return current.token;
    this.#renewal ??= this.#renew(this.#obtain).finally(() => this.#renewal = undefined);
    return (await this.#renewal).token;
  }

  async #renew(obtain: () => Promise<AccessToken>): Promise<AccessToken> {
    try {
      return this.#current = await obtain();
    } catch (cause) {
      if (cause instanceof KustoError) throw cause;
      throw new KustoSignInError("Cannot sign in: the credential gave no token", { cause });
    }
  }

  #chooseSource(credential: Credential | undefined): (() => Promise<AccessToken>) | undefined {
    if (credential === "none") return undefined;
    if (credential === undefined) {
      if (isLoopback(new URL(this.#settings.origin).hostname)) return undefined;
      let found: Promise<TokenCredential> | undefined;
      return async () => await this.#fromCredential(await (found ??= defaultCredential()));
    }
    if (typeof credential === "string") {
      const [id, key, tenant] = credential.split(";");
      if (!id || !key || !tenant) {
        throw new KustoOptionsError(
          'Cannot use the option "credential": it is text of another form, it must be "app-id;app-key;tenant-id" or "none"',
        );
      }
      return () => this.#fromApplication(id, key, tenant);
    }
    if (typeof credential === "function") return () => this.#fromFunction(credential);
    if (typeof credential.getToken === "function") return () => this.#fromCredential(credential);
    throw new KustoOptionsError(
      'Cannot use the option "credential": it is an object without getToken, it must be a TokenCredential, a function or text',
    );
  }

  async #fromFunction(obtain: TokenFunction): Promise<AccessToken> {
    const token = await obtain();
    if (typeof token !== "string") return token;
    return { token, expiresOnTimestamp: this.#settings.now() + RENEW_EARLY_MS + BARE_TOKEN_MS };
  }

  async #fromCredential(credential: TokenCredential): Promise<AccessToken> {
    const { resource } = await this.#cloud();
    const token = await credential.getToken([`${resource}/.default`]);
    if (!token) throw new KustoSignInError("Cannot sign in: the credential gave no token");
    return token;
  }

  /** The client-credentials flow (https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow). */
  async #fromApplication(id: string, key: string, tenant: string): Promise<AccessToken> {
    const { loginEndpoint, resource } = await this.#cloud();
    const response = await this.#settings.fetch(
      `${loginEndpoint}/${encodeURIComponent(tenant)}/oauth2/v2.0/token`,
      {
        method: "POST",
        redirect: "error",
        signal: AbortSignal.timeout(this.#settings.queryTimeoutMs),
        body: new URLSearchParams({
          grant_type: "client_credentials",
          client_id: id,
          client_secret: key,
          scope: `${resource}/.default`,
        }),
      },
    );
    const body = await response.json().catch(() => ({})) as {
      access_token?: string;
      expires_in?: number;
      error?: string;
    };
    if (!response.ok || !body.access_token) {
      throw new KustoSignInError(
        `Cannot sign in as an application: the sign-in service answered ${response.status} ${
          body.error ?? ""
        }, check the id, the key and the tenant`,
        { status: response.status },
      );
    }
    return {
      token: body.access_token,
      expiresOnTimestamp: this.#settings.now() + (body.expires_in ?? 3600) * 1000,
    };
  }

  /** Asks the cluster, whose host has been checked, which cloud it belongs to. */
  async #cloud(): Promise<Cloud> {
    const { origin, fetch, queryTimeoutMs } = this.#settings;
    const response = await fetch(`${origin}/v1/rest/auth/metadata`, {
      headers: { Accept: "application/json" },
      redirect: "error",
      signal: AbortSignal.timeout(queryTimeoutMs),
    });
    if (response.status === 404) return PUBLIC_CLOUD;
    if (!response.ok) {
      throw new KustoSignInError(
        `Cannot sign in: the cluster answered ${response.status} when asked where to sign in`,
        { status: response.status },
      );
    }
    const body = await response.json() as {
      AzureAD?: {
        LoginEndpoint?: string;
        KustoServiceResourceId?: string;
        LoginMfaRequired?: boolean;
      };
    };
    const resource = body.AzureAD?.KustoServiceResourceId ?? PUBLIC_CLOUD.resource;
    return {
      loginEndpoint: body.AzureAD?.LoginEndpoint ?? PUBLIC_CLOUD.loginEndpoint,
      resource: body.AzureAD?.LoginMfaRequired
        ? resource.replace(".kusto.", ".kustomfa.")
        : resource,
    };
  }
}

/** Loads `@azure/identity` only now: it is large, and many never need it. */
async function defaultCredential(): Promise<TokenCredential> {
  const name = ["@azure", "identity"].join("/");
  type Identity = { DefaultAzureCredential: new () => TokenCredential };
  let cause: unknown;
  // The bare name is for Node, Bun and import maps, the other for Deno without one.
  for (const specifier of [name, `npm:${name}@^4`]) {
    try {
      const { DefaultAzureCredential } = await import(specifier) as Identity;
      return new DefaultAzureCredential();
    } catch (error) {
      cause ??= error;
    }
  }
  throw new KustoSignInError(
    'Cannot sign in: no credential was given and @azure/identity is not installed, install it or pass the option "credential"',
    { cause },
  );
}
