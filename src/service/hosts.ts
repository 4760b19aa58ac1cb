/**
 * Which hosts may be sent a token.
 *
 * The lists are those of Microsoft's own clients. A host is checked before it is asked for anything:
 * one that only its own metadata vouches for is not trusted.
 *
 * @module
 */
import { KustoOptionsError } from "../errors.ts";

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
  // US government, air-gapped.
  ".kusto.core.eaglex.ic.gov",
  ".kustomfa.core.eaglex.ic.gov",
  ".arg.core.eaglex.ic.gov",
  ".kusto.core.microsoft.scloud",
  ".kustomfa.core.microsoft.scloud",
  ".arg.core.microsoft.scloud",
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
  // Azure Monitor as a cluster, in the other clouds.
  ...["us", "cn", "eaglex.ic.gov", "microsoft.scloud", "fr", "de", "sg"].flatMap((cloud) =>
    ["applicationinsights", "loganalytics", "monitor"].map((part) => `adx.${part}.azure.${cloud}`)
  ),
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
  const url = parseUrl(clusterUri);
  if (!url) {
    throw new KustoOptionsError(
      'Cannot connect: the cluster\'s address is no URL, it must look like "https://<cluster>.<region>.kusto.windows.net"',
    );
  }
  const host = url.hostname;
  if (!isSafe(url)) {
    throw new KustoOptionsError(
      `Cannot connect to "${host}": the address begins with ${url.protocol}//, it must begin with https:// (http:// is for this machine only)`,
    );
  }
  if (url.username !== "" || url.password !== "") {
    throw new KustoOptionsError(
      `Cannot connect to "${host}": the address holds a user name or a password, it must not; pass the option "credential"`,
    );
  }
  if (!isLoopback(host) && !isClusterHost(host, trusted)) {
    throw new KustoOptionsError(
      `Cannot connect to "${host}": it is no known Kusto host, add it to "trustedHosts" if tokens may be sent there`,
    );
  }
  return url.origin;
}

/** An address that may be asked: https, or this machine; `undefined` for any other. */
export function safeUrl(text: string): URL | undefined {
  const url = parseUrl(text);
  return url && isSafe(url) ? url : undefined;
}

/** Whether a host is one of Kusto's, or trusted. */
export function isClusterHost(host: string, trusted: readonly string[]): boolean {
  return HOSTS.has(host) || matches(host, SUFFIXES) || matches(host, trusted);
}

/** Whether a host is among names and suffixes that begin with a dot. */
export function matches(host: string, entries: readonly string[]): boolean {
  return entries.some((entry) => {
    const name = entry.toLowerCase();
    return name.startsWith(".") ? host.length > name.length && host.endsWith(name) : host === name;
  });
}

function isSafe({ protocol, hostname }: URL): boolean {
  return protocol === "https:" || (protocol === "http:" && isLoopback(hostname));
}

/** `localhost:8080` is a URL of the scheme `localhost:`, which nobody means: a host is asked for. */
function parseUrl(text: string): URL | undefined {
  if (!/^[a-z][a-z\d+.-]*:\/\//i.test(text)) return undefined;
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}
