/**
 * Where a cluster's identities live, and the requests about sign-in.
 *
 * @module
 */
import { isTransient, retryAfterMs } from "./backoff.ts";
import type { Settings } from "../config.ts";
import type { CutOff } from "./cut_off.ts";
import { KustoSignInError, KustoUnavailableError } from "../errors.ts";
import { isTrustedResource, isTrustedSignIn } from "./sign_in_hosts.ts";

/** Where a cluster's identities live. */
export interface Cloud {
  readonly loginEndpoint: string;
  readonly resource: string;
}

/** What holds where a cluster says nothing else. */
export const PUBLIC_CLOUD: Cloud = {
  loginEndpoint: "https://login.microsoftonline.com",
  resource: "https://kusto.kusto.windows.net",
};

/** An answer about sign-in; one that is no JSON says nothing beside its status. */
export interface SignInAnswer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

/**
 * Asks the cluster, whose host has been checked; what it names is checked too.
 *
 * @returns `undefined` if the cluster has no word on it.
 * @throws {KustoSignInError} If it names what is not trusted.
 */
export async function askCloud(settings: Settings, cut: CutOff): Promise<Cloud | undefined> {
  const { origin, trustedHosts } = settings;
  const url = `${origin}/v1/rest/auth/metadata`;
  const init = { headers: { Accept: "application/json" } };
  const { status, body } = await requestSignIn("the cluster", url, init, settings, cut);
  if (status === 404 || (status === 200 && !body.AzureAD)) return undefined;
  if (status !== 200) {
    throw new KustoSignInError(
      `Cannot sign in: the cluster answered ${status} when asked where to sign in, pass a token function as "credential"`,
      { status },
    );
  }
  const named = body.AzureAD as Record<string, unknown>;
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

/**
 * One request about sign-in.
 *
 * @throws {KustoUnavailableError} If no answer came, or one that may be another later.
 */
export async function requestSignIn(
  whom: string,
  url: string,
  init: RequestInit,
  { fetch, now }: Settings,
  cut: CutOff,
): Promise<SignInAnswer> {
  let response: Response;
  let text: string;
  try {
    // Secrets and trust do not follow a redirect.
    response = await fetch(url, { ...init, redirect: "manual", signal: cut.signal });
    text = await response.text();
  } catch (cause) {
    throw new KustoUnavailableError(`Cannot sign in: ${whom} could not be reached`, { cause });
  }
  const { status } = response;
  if (isTransient({ status })) {
    const wait = retryAfterMs(response.headers.get("Retry-After"), now());
    throw new KustoUnavailableError(
      `Cannot sign in: ${whom} answered ${status}`,
      { status, ...(wait !== undefined && { retryAfterMs: wait }) },
    );
  }
  return { status, body: readObject(text) };
}

function readObject(text: string): Record<string, unknown> {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === "object" && body !== null ? body as Record<string, unknown> : {};
  } catch {
    return {};
  }
}

function withoutSlash(address: unknown): string {
  return String(address).replace(/\/+$/, "");
}
