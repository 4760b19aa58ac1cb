/**
 * Tokens for the cluster: where they come from, and how long they are used.
 *
 * @module
 */
import { isTransient, retryAfterMs } from "./backoff.ts";
import type { Settings } from "./config.ts";
import { cutOff } from "./cut_off.ts";
import { KustoError, KustoSignInError, KustoUnavailableError } from "./errors.ts";
import { isLoopback, isTrustedResource, isTrustedSignIn } from "./hosts.ts";

/** A token and when it ends, as `@azure/core-auth` has it. */
export interface AccessToken {
  /** The token itself. */
  readonly token: string;
  /** Milliseconds since 1970. */
  readonly expiresOnTimestamp: number;
}

/** The part of `@azure/identity`'s credentials that is used here. */
export interface TokenCredential {
  /** Gives a token for what the scopes name. */
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

/** What holds where a cluster says nothing else. */
const PUBLIC_CLOUD: Cloud = {
  loginEndpoint: "https://login.microsoftonline.com",
  resource: "https://kusto.kusto.windows.net",
};
/** Tokens are renewed this long before they end, short-lived ones at half their time. */
const RENEW_EARLY_MS = 2 * 60_000;
const BARE_TOKEN_MS = 5 * 60_000;

interface HeldToken extends AccessToken {
  readonly renewAt: number;
}

/** Gives the tokens of one saver, asking for each only once. */
export class TokenSource {
  readonly #settings: Settings;
  readonly #obtain: (() => Promise<AccessToken>) | undefined;
  #current: HeldToken | undefined;
  #renewal: Promise<HeldToken> | undefined;
  #cloud: Promise<Cloud> | undefined;
  #default: Promise<TokenCredential> | undefined;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#obtain = this.#chooseSource(settings.credential);
  }

  /**
   * A token that is good for a while yet; `undefined` where none is needed.
   *
   * @param refused The token that the cluster did not accept, so that it is not given again.
   * @throws {KustoSignInError} If none can be had.
   * @throws {KustoUnavailableError} If none can be had now, but perhaps later.
   */
  async token(refused?: string): Promise<string | undefined> {
    if (!this.#obtain) return undefined;
    const now = this.#settings.now();
    const current = this.#current?.token === refused ? undefined : this.#current;
    if (current && now < current.renewAt) return current.token;
    this.#renewal ??= this.#renew(this.#obtain).finally(() => this.#renewal = undefined);
    try {
      return (await this.#renewal).token;
    } catch (error) {
      // It was early: the old one is good for a while yet.
      if (current && now < current.expiresOnTimestamp) return current.token;
      throw error;
    }
  }

  async #renew(obtain: () => Promise<AccessToken>): Promise<HeldToken> {
    let obtained: AccessToken;
    try {
      obtained = await obtain();
    } catch (cause) {
      if (cause instanceof KustoError) throw cause;
      throw new KustoSignInError("Cannot sign in: the credential failed to give a token", {
        cause,
      });
    }
    const { token, expiresOnTimestamp } = checkToken(obtained);
    const now = this.#settings.now();
    const life = expiresOnTimestamp - now;
    const renewAt = now + Math.max(life - RENEW_EARLY_MS, life / 2);
    return this.#current = { token, expiresOnTimestamp, renewAt };
  }

  #chooseSource(credential: Credential | undefined): (() => Promise<AccessToken>) | undefined {
    if (credential === "none") return undefined;
    if (credential === undefined) {
      if (isLoopback(new URL(this.#settings.origin).hostname)) return undefined;
      return async () => await this.#fromCredential(await this.#defaultCredential());
    }
    if (typeof credential === "string") {
      // A key may hold semicolons, the other two do not.
      const [, id = "", key = "", tenant = ""] = /^([^;]*);(.*);([^;]*)$/s.exec(credential) ?? [];
      return () => this.#fromApplication(id, key, tenant);
    }
    if (typeof credential === "function") return () => this.#fromFunction(credential);
    return () => this.#fromCredential(credential);
  }

  async #fromFunction(obtain: TokenFunction): Promise<AccessToken> {
    const token = await obtain();
    if (typeof token !== "string") return token;
    return { token, expiresOnTimestamp: this.#settings.now() + RENEW_EARLY_MS + BARE_TOKEN_MS };
  }

  async #fromCredential(credential: TokenCredential): Promise<AccessToken> {
    const { resource } = await this.#cloudOnce();
    const token = await credential.getToken([`${resource}/.default`]);
    if (!token) throw new KustoSignInError("Cannot sign in: the credential gave no token");
    return token;
  }

  /** The client-credentials flow (https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow). */
  async #fromApplication(id: string, key: string, tenant: string): Promise<AccessToken> {
    const { loginEndpoint, resource } = await this.#cloudOnce();
    const { status, body } = await this.#request(
      "the sign-in service",
      `${loginEndpoint}/${encodeURIComponent(tenant)}/oauth2/v2.0/token`,
      {
        method: "POST",
        body: new URLSearchParams({
          grant_type: "client_credentials",
          client_id: id,
          client_secret: key,
          scope: `${resource}/.default`,
        }),
      },
    );
    if (status !== 200 || typeof body.access_token !== "string") {
      const reason = /^\w{1,60}$/.exec(String(body.error ?? ""));
      throw new KustoSignInError(
        `Cannot sign in as an application: the sign-in service answered ${status}${
          reason ? ` ${reason[0]}` : ""
        }, check the id, the key and the tenant`,
        { status },
      );
    }
    const seconds = Number(body.expires_in ?? 3600);
    return {
      token: body.access_token,
      expiresOnTimestamp: this.#settings.now() + seconds * 1000,
    };
  }

  /** What cloud the cluster belongs to, asked once. */
  #cloudOnce(): Promise<Cloud> {
    this.#cloud ??= this.#askCloud().catch((error) => {
      this.#cloud = undefined;
      throw error;
    });
    return this.#cloud;
  }

  /** Asks the cluster, whose host has been checked; what it names is checked too. */
  async #askCloud(): Promise<Cloud> {
    const { origin, trustedHosts } = this.#settings;
    const { status, body } = await this.#request("the cluster", `${origin}/v1/rest/auth/metadata`, {
      headers: { Accept: "application/json" },
    });
    if (status === 404) return PUBLIC_CLOUD;
    if (status !== 200) {
      throw new KustoSignInError(
        `Cannot sign in: the cluster answered ${status} when asked where to sign in, pass a token function as "credential"`,
        { status },
      );
    }
    const named = (body.AzureAD ?? {}) as Record<string, unknown>;
    const loginEndpoint = withoutSlash(named.LoginEndpoint ?? PUBLIC_CLOUD.loginEndpoint);
    const resource = withoutSlash(named.KustoServiceResourceId ?? PUBLIC_CLOUD.resource);
    if (!isTrustedSignIn(loginEndpoint, trustedHosts)) {
      throw new KustoSignInError(
        'Cannot sign in: the cluster names a sign-in service that is not known, add its host to "trustedHosts" if secrets may be sent there',
      );
    }
    // A token for anything but Kusto would give the cluster rights elsewhere.
    if (resource !== origin && !isTrustedResource(resource, trustedHosts)) {
      throw new KustoSignInError(
        "Cannot sign in: the cluster asks for a token of another service than Kusto",
      );
    }
    return {
      loginEndpoint,
      resource: named.LoginMfaRequired === true
        ? resource.replace(".kusto.", ".kustomfa.")
        : resource,
    };
  }

  /** One request about sign-in; what may pass is thrown as such. */
  async #request(
    whom: string,
    url: string,
    init: RequestInit,
  ): Promise<{ status: number; body: Record<string, unknown> }> {
    const { fetch, queryTimeoutMs, now } = this.#settings;
    const cut = cutOff(undefined, queryTimeoutMs);
    let response: Response;
    let text: string;
    try {
      // Secrets and trust do not follow a redirect.
      response = await cut.wait(fetch(url, { ...init, redirect: "manual", signal: cut.signal }));
      text = await cut.wait(response.text());
    } catch (cause) {
      throw new KustoUnavailableError(`Cannot sign in: ${whom} could not be reached`, { cause });
    } finally {
      cut.release();
    }
    const { status } = response;
    if (isTransient({ status })) {
      const wait = retryAfterMs(response.headers.get("Retry-After"), now());
      throw new KustoUnavailableError(
        `Cannot sign in: ${whom} answered ${status}`,
        { status, ...(wait !== undefined && { retryAfterMs: wait }) },
      );
    }
    try {
      const body: unknown = JSON.parse(text);
      if (typeof body === "object" && body !== null) {
        return { status, body: body as Record<string, unknown> };
      }
    } catch {
      // An answer that is no JSON says nothing beside its status.
    }
    return { status, body: {} };
  }

  #defaultCredential(): Promise<TokenCredential> {
    this.#default ??= loadDefaultCredential().catch((error) => {
      this.#default = undefined;
      throw error;
    });
    return this.#default;
  }
}

/** A token that a header can hold; `fetch` would show any other one in its error. */
function checkToken(obtained: AccessToken): AccessToken {
  const { token, expiresOnTimestamp } = (obtained ?? {}) as Partial<AccessToken>;
  const trimmed = typeof token === "string" ? token.trim() : "";
  if (!/^[\x21-\x7e]+$/.test(trimmed) || !isTime(expiresOnTimestamp)) {
    throw new KustoSignInError(
      "Cannot sign in: what the credential gave is no token, it must be text or { token, expiresOnTimestamp }",
    );
  }
  return { token: trimmed, expiresOnTimestamp };
}

function isTime(value: unknown): value is number {
  return typeof value === "number" && !Number.isNaN(value);
}

/** Loads `@azure/identity` only now: it is large, and many never need it. */
async function loadDefaultCredential(): Promise<TokenCredential> {
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

function withoutSlash(address: unknown): string {
  return String(address).replace(/\/+$/, "");
}
