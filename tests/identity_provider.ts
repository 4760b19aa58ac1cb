/**
 * A sign-in service on this machine: the client-credentials flow of Entra, with tokens known beforehand.
 *
 * Source: https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
 *
 * @module
 */

/** Who may sign in, and what they are given. */
export interface IdentityProviderOptions {
  readonly tenant: string;
  readonly appId: string;
  readonly appKey: string;
  /** The tokens that are issued, in their order; the last one again and again. */
  readonly tokens: readonly string[];
  /** How long a token lives, in seconds. */
  readonly lifetime?: number;
}

/** A sign-in service that is listening. */
export class IdentityProvider implements AsyncDisposable {
  /** How many tokens were issued. */
  issued = 0;
  /** How many requests were refused. */
  refused = 0;
  readonly #options: IdentityProviderOptions;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  /** Begins to listen on a free port. */
  constructor(options: IdentityProviderOptions) {
    this.#options = options;
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      (request) => this.#answer(request),
    );
  }

  /** The address that a cluster's metadata name. */
  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /** What the saver's option `credential` takes. */
  get credential(): string {
    const { appId, appKey, tenant } = this.#options;
    return `${appId};${appKey};${tenant}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }

  async #answer(request: Request): Promise<Response> {
    const { tenant, appId, appKey, tokens, lifetime = 3600 } = this.#options;
    const form = new URLSearchParams(await request.text());
    const reason = new URL(request.url).pathname !== `/${tenant}/oauth2/v2.0/token`
      ? "invalid_tenant"
      : form.get("grant_type") !== "client_credentials"
      ? "unsupported_grant_type"
      : form.get("client_id") !== appId || form.get("client_secret") !== appKey
      ? "invalid_client"
      : form.get("scope") !== "https://kusto.kusto.windows.net/.default"
      ? "invalid_scope"
      : undefined;
    if (reason) {
      this.refused++;
      return Response.json({ error: reason, error_description: "refused" }, { status: 401 });
    }
    const token = tokens[Math.min(this.issued++, tokens.length - 1)];
    return Response.json({ token_type: "Bearer", expires_in: lifetime, access_token: token });
  }
}
