/**
 * All ways to sign in, each with tokens that a test names.
 *
 * @module
 */
import type { AccessToken, KustoSaverOptions, TokenCredential } from "../../mod.ts";
import { IdentityProvider } from "../identity_provider.ts";

/** What a way to sign in is made with. */
export interface Issuer {
  /** The sign-in service; it issues the tokens one after the other. */
  readonly identities: IdentityProvider;
  /** The saver's clock. */
  readonly now: () => number;
}

/** The cluster, as everybody but the test's `fetch` sees it. */
export const CLUSTER = "https://agents.kusto.windows.net";
const APPLICATION = { tenant: "contoso", appId: "agents", appKey: "se;cret" };

/** A sign-in service on this machine whose tokens live an hour. */
export function identityProvider(tokens: readonly string[]): IdentityProvider {
  return new IdentityProvider({ ...APPLICATION, tokens });
}

/** Obtains a token as an application does, without this library. */
async function ask({ identities, now }: Issuer, scope: string): Promise<AccessToken> {
  const answer = await fetch(`${identities.url}/contoso/oauth2/v2.0/token`, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "client_credentials",
      client_id: APPLICATION.appId,
      client_secret: APPLICATION.appKey,
      scope,
    }),
  });
  const { access_token, expires_in } = await answer.json();
  return { token: access_token, expiresOnTimestamp: now() + expires_in * 1_000 };
}

const SCOPE = "https://kusto.kusto.windows.net/.default";

/** Shaped as `ManagedIdentityCredential` of `@azure/identity`: methods that need their object. */
class ManagedIdentity implements TokenCredential {
  readonly #issuer: Issuer;

  constructor(issuer: Issuer) {
    this.#issuer = issuer;
  }

  async getToken(scopes: string | string[]): Promise<AccessToken> {
    return await ask(this.#issuer, [scopes].flat().join(" "));
  }
}

/** The options by which a saver signs in, by the name of the way. */
export const WAYS: Readonly<Record<string, (issuer: Issuer) => Partial<KustoSaverOptions>>> = {
  "a TokenCredential object": (issuer) => ({
    credential: { getToken: (scopes) => ask(issuer, String(scopes)) },
  }),
  "a managed identity": (issuer) => ({ credential: new ManagedIdentity(issuer) }),
  "a token function": (issuer) => ({ credential: () => ask(issuer, SCOPE) }),
  "a function that gives bare text": (issuer) => ({
    credential: async () => (await ask(issuer, SCOPE)).token,
  }),
  "an application as text": ({ identities }) => ({ credential: identities.credential }),
  "an application in the connection string": () => ({
    connection:
      `Data Source=${CLUSTER};Application Client Id=agents;Application Key="se;cret";Authority Id=contoso`,
  }),
};
