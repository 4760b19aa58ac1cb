/**
 * Where tokens come from, but for a caller's own function.
 *
 * @module
 */
import { askCloud, type Cloud, PUBLIC_CLOUD, requestSignIn } from "./cloud.ts";
import type { TokenPlace } from "./auth.ts";
import type { Settings } from "../config.ts";
import { type AccessToken, Application, type TokenCredential } from "./credential.ts";
import type { CutOff } from "./cut_off.ts";
import { KustoSignInError } from "../errors.ts";
import { type CloudPlace, cloudPlace, tokenPlace } from "./shared_sign_in.ts";

/** Signs in at the cloud of one cluster. */
export class SignIn {
  readonly #settings: Settings;
  readonly #identity: TokenCredential | Application | undefined;
  readonly #known: CloudPlace;
  readonly #place: TokenPlace;
  #default: TokenCredential | undefined;

  /** @param identity Who signs in; `undefined` for whoever `@azure/identity` finds. */
  constructor(settings: Settings, identity: TokenCredential | Application | undefined) {
    this.#settings = settings;
    this.#identity = identity;
    this.#known = cloudPlace(settings);
    // Whose token a credential gives only itself knows, and that may change from call to call.
    this.#place = identity instanceof Application ? tokenPlace(settings, identity) : {};
  }

  /** Where tokens are kept: one place for all savers that sign in as the same application. */
  get place(): TokenPlace {
    return this.#place;
  }

  /**
   * Obtains a fresh token.
   *
   * @throws {KustoSignInError} If there is none.
   * @throws {KustoUnavailableError} If there is none now, but perhaps later.
   */
  async obtain(cut: CutOff): Promise<AccessToken> {
    const identity = this.#identity ?? (this.#default ??= await loadDefaultCredential());
    // A cluster without a word on it may be one whose answer was lost on the way: it is asked anew.
    this.#known.cloud ??= await askCloud(this.#settings, cut);
    const cloud = this.#known.cloud ?? PUBLIC_CLOUD;
    try {
      if (identity instanceof Application) return await this.#asApplication(identity, cloud, cut);
      const scopes = [`${cloud.resource}/.default`];
      const token = await identity.getToken(scopes, { abortSignal: cut.signal });
      if (!token) throw new KustoSignInError("Cannot sign in: the credential gave no token");
      return token;
    } catch (error) {
      this.forgetCloud();
      throw error;
    }
  }

  /** Asks the cluster anew next time: what it said long ago, or to another saver, may have changed. */
  forgetCloud(): void {
    this.#known.cloud = undefined;
  }

  /** The client-credentials flow (https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow). */
  async #asApplication(
    { id, key, tenant }: Application,
    { loginEndpoint, resource }: Cloud,
    cut: CutOff,
  ): Promise<AccessToken> {
    const url = `${loginEndpoint}/${encodeURIComponent(tenant)}/oauth2/v2.0/token`;
    const form = new URLSearchParams({
      grant_type: "client_credentials",
      client_id: id,
      client_secret: key,
      scope: `${resource}/.default`,
    });
    const init = { method: "POST", body: form };
    const { status, body } = await requestSignIn(
      "the sign-in service",
      url,
      init,
      this.#settings,
      cut,
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
    'Cannot sign in: no credential was given and @azure/identity is not there; install it ("npm install @azure/identity"), or pass the option "credential", on an edge runtime a token function or "app-id;app-key;tenant-id"',
    { cause },
  );
}
