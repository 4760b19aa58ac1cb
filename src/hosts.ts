/**
 * Which hosts may be sent a token.
 *
 * The lists are those of Microsoft's own clients, by cloud. A host is checked before it is asked for
 * anything: one that only its own metadata vouches for is not trusted.
 *
 * @module
 */
import { KustoOptionsError } from "./errors.ts";

interface CloudHosts {
  /** Where its identities sign in. */
  readonly login: string;
  readonly suffixes: readonly string[];
  readonly hosts: readonly string[];
}

const CLOUDS: readonly CloudHosts[] = [
  {
    login: "login.microsoftonline.com",
    suffixes: [
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
    ],
    hosts: [
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
    ],
  },
  {
    login: "login.microsoftonline.us",
    suffixes: [
      ".kusto.usgovcloudapi.net",
      ".kustomfa.usgovcloudapi.net",
      ".arg.core.usgovcloudapi.net",
    ],
    hosts: monitorHosts("us"),
  },
  {
    login: "login.partner.microsoftonline.cn",
    suffixes: [
      ".kusto.azuresynapse.azure.cn",
      ".kusto.chinacloudapi.cn",
      ".kustomfa.chinacloudapi.cn",
      ".playfab.cn",
      ".arg.core.chinacloudapi.cn",
    ],
    hosts: monitorHosts("cn"),
  },
  ...["eaglex.ic.gov", "microsoft.scloud"].map((cloud) => ({
    login: `login.microsoftonline.${cloud}`,
    suffixes: [`.kusto.core.${cloud}`, `.kustomfa.core.${cloud}`, `.arg.core.${cloud}`],
    hosts: monitorHosts(cloud),
  })),
  ...["fr", "de", "sg"].map((country) => ({
    login: `login.sovcloud-identity.${country}`,
    suffixes: [`.kusto.sovcloud-api.${country}`, `.kustomfa.sovcloud-api.${country}`],
    hosts: monitorHosts(country),
  })),
];

function monitorHosts(domain: string): string[] {
  return ["applicationinsights", "loganalytics", "monitor"]
    .map((service) => `adx.${service}.azure.${domain}`);
}

/** Whether a host is this machine itself. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);
}

/**
 * Whether a host is one of Kusto's, this machine or one that the user trusts.
 *
 * @param hostname As `URL.hostname` has it.
 * @param trusted Further hosts: exact names, or suffixes that begin with a dot.
 */
export function isTrustedHost(hostname: string, trusted: readonly string[]): boolean {
  return isLoopback(hostname) || isAmong(hostname, trusted) ||
    CLOUDS.some(({ hosts, suffixes }) => isAmong(hostname, [...hosts, ...suffixes]));
}

/** Whether an application's secret may be sent to a sign-in service. */
export function isTrustedLogin({ protocol, hostname }: URL, trusted: readonly string[]): boolean {
  if (isLoopback(hostname)) return protocol === "http:" || protocol === "https:";
  return protocol === "https:" &&
    (CLOUDS.some(({ login }) => login === hostname) || isAmong(hostname, trusted));
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
  const host = url.hostname;
  if (url.username !== "" || url.password !== "") {
    throw new KustoOptionsError(
      `Cannot connect to "${host}": its address holds a user or a password, it must hold none`,
    );
  }
  if (url.protocol !== "https:" && !(url.protocol === "http:" && isLoopback(host))) {
    throw new KustoOptionsError(
      `Cannot connect to "${host}": the address begins with ${url.protocol}//, it must begin with https:// (http:// is for this machine only)`,
    );
  }
  if (!isTrustedHost(host, trusted)) {
    throw new KustoOptionsError(
      `Cannot connect to "${host}": it is no known Kusto host, add it to "trustedHosts" if tokens may be sent there`,
    );
  }
  return url.origin;
}

function isAmong(hostname: string, entries: readonly string[]): boolean {
  return entries.some((entry) => {
    const known = entry.toLowerCase();
    return known.startsWith(".")
      ? hostname.length > known.length && hostname.endsWith(known)
      : hostname === known;
  });
}
