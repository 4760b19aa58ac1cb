/**
 * Which hosts may be sent a token.
 *
 * The lists are those of Microsoft's own clients. A host is checked before it is asked for anything:
 * one that only its own metadata vouches for is not trusted.
 *
 * @module
 */
import { KustoOptionsError } from "./errors.ts";

const SUFFIXES = [
  // Public cloud.
  ".dxp.aad.azure.com",
  ".dxp-dev.aad.azure.com",
  ".kusto.azuresynapse.net",
  ".kusto.windows.net",
  ".kustodev.azuresynapse-dogfood.net",
  ".kustodev.windows.net",
  ".kustomfa.windows.net",
  ".playfabapi.com",
  ".azureplayfab.com",
  ".playfab.com",
  ".kusto.data.microsoft.com",
  ".kusto.fabric.microsoft.com",
  ".api.securityplatform.microsoft.com",
  ".securitycenter.windows.com",
  ".arg-int.core.windows.net",
  ".arg-df.core.windows.net",
  ".arg.core.windows.net",
  // US government.
  ".kusto.usgovcloudapi.net",
  ".kustomfa.usgovcloudapi.net",
  ".arg.core.usgovcloudapi.net",
  // China.
  ".kusto.azuresynapse.azure.cn",
  ".kusto.chinacloudapi.cn",
  ".kustomfa.chinacloudapi.cn",
  ".playfab.cn",
  ".arg.core.chinacloudapi.cn",
  // National partner clouds.
  ".kusto.sovcloud-api.fr",
  ".kustomfa.sovcloud-api.fr",
  ".kusto.sovcloud-api.de",
  ".kustomfa.sovcloud-api.de",
  ".kusto.sovcloud-api.sg",
  ".kustomfa.sovcloud-api.sg",
] as const;

const HOSTS: ReadonlySet<string> = new Set([
  "ade.applicationinsights.io",
  "ade.loganalytics.io",
  "adx.aimon.applicationinsights.azure.com",
  "adx.applicationinsights.azure.com",
  "adx.int.applicationinsights.azure.com",
  "adx.int.loganalytics.azure.com",
  "adx.int.monitor.azure.com",
  "adx.loganalytics.azure.com",
  "adx.monitor.azure.com",
  "kusto.aria.microsoft.com",
  "eu.kusto.aria.microsoft.com",
]);

/** Whether a host is this machine itself. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);
}

/**
 * Checks the address of a cluster.
 *
 * @param trusted Further hosts: exact names, or suffixes that begin with a dot.
 * @returns The origin: scheme, host and port.
 * @throws {KustoOptionsError} If it is no https address (http is for loopback), or of an unknown host.
 */
export function trustedOrigin(clusterUri: string, trusted: readonly string[]): string {
  let url: URL;
  try {
    url = new URL(clusterUri);
  } catch {
    throw new KustoOptionsError(
      'Cannot connect: the cluster\'s address is no URL, it must look like "https://<cluster>.<region>.kusto.windows.net"',
    );
  }
  const host = url.hostname.toLowerCase();
  if (url.protocol !== "https:" && !(url.protocol === "http:" && isLoopback(host))) {
    throw new KustoOptionsError(
      `Cannot connect to "${host}": the address begins with ${url.protocol}//, it must begin with https:// (http:// is for this machine only)`,
    );
  }
  const known = isLoopback(host) || HOSTS.has(host) ||
    SUFFIXES.some((suffix) => ends(host, suffix)) ||
    trusted.some((entry) =>
      entry.startsWith(".") ? ends(host, entry) : host === entry.toLowerCase()
    );
  if (!known) {
    throw new KustoOptionsError(
      `Cannot connect to "${host}": it is no known Kusto host, add it to "trustedHosts" if tokens may be sent there`,
    );
  }
  return url.origin;
}

function ends(host: string, suffix: string): boolean {
  return host.length > suffix.length && host.endsWith(suffix.toLowerCase());
}
