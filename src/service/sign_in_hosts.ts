/**
 * Where a cluster may send whoever signs in, and for what tokens may be asked.
 *
 * @module
 */
import { isClusterHost, isLoopback, matches, safeUrl } from "./hosts.ts";

/** Where Entra signs in, cloud by cloud. */
const SIGN_IN_HOSTS: ReadonlySet<string> = new Set([
  "login.microsoftonline.com",
  "login.microsoftonline.us",
  "login.partner.microsoftonline.cn",
  "login.microsoftonline.eaglex.ic.gov",
  "login.microsoftonline.microsoft.scloud",
  "login.sovcloud-identity.fr",
  "login.sovcloud-identity.de",
  "login.sovcloud-identity.sg",
]);

/** Whether an application's secret may be sent to a sign-in service that a cluster names. */
export function isTrustedSignIn(endpoint: string, trusted: readonly string[]): boolean {
  const host = safeUrl(endpoint)?.hostname;
  return host !== undefined &&
    (isLoopback(host) || SIGN_IN_HOSTS.has(host) || matches(host, trusted));
}

/** Whether tokens may be asked for that are meant for this resource: they open all that it covers. */
export function isTrustedResource(resource: string, trusted: readonly string[]): boolean {
  const host = safeUrl(resource)?.hostname;
  return host !== undefined && (isLoopback(host) || isClusterHost(host, trusted));
}
