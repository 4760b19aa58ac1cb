/**
 * Whether the address leads to a Kusto.
 *
 * @module
 */
import { KustoOptionsError } from "../../../mod.ts";
import { UsageError } from "../arguments.ts";
import type { Settings } from "../../config.ts";
import { cutOff } from "../../service/cut_off.ts";
import { isLoopback } from "../../service/hosts.ts";
import type { Check } from "./examination.ts";
import { type NetworkFailure, networkFailure } from "./network_failure.ts";
import { failed, ok, type Result } from "./verdict.ts";

const LONGEST_MS = 10_000;
const FORM = "https://<cluster>.<region>.kusto.windows.net";

/** The options, and whether tokens may be sent to the host. */
export const address: Check = {
  name: "address",
  needs: [],
  run(patient) {
    try {
      const { origin, database, tablePrefix } = patient.settings;
      const prefix = tablePrefix === "" ? "" : `, tables ${tablePrefix}...`;
      return ok(`${origin}, database ${database}${prefix}`);
    } catch (error) {
      if (!(error instanceof KustoOptionsError || error instanceof UsageError)) throw error;
      const isUntrusted = error.message.includes("trustedHosts");
      return failed(
        error.message,
        isUntrusted
          ? `correct the host, or add --trusted-host HOST if tokens may be sent there`
          : "change what the message names, see kusto-checkpoint doctor --help",
      );
    }
  },
};

/** An anonymous request to the endpoint that tells where to sign in, which every Kusto has. */
export const connect: Check = {
  name: "connect",
  needs: ["address"],
  async run({ settings }) {
    const { origin, fetch, queryTimeoutMs } = settings;
    const { hostname } = new URL(origin);
    if (hostname.startsWith("ingest-")) {
      return failed(
        `${hostname} is the endpoint for queued ingestion`,
        `use the one for queries: ${origin.replace("ingest-", "")}`,
      );
    }
    const cut = cutOff(undefined, Math.min(queryTimeoutMs, LONGEST_MS));
    try {
      const url = `${origin}/v1/rest/auth/metadata`;
      const init: RequestInit = { redirect: "manual", signal: cut.signal };
      const response = await cut.wait(fetch(url, init));
      return judge(settings, response, await cut.wait(response.text()));
    } catch (error) {
      return unreachable(hostname, networkFailure(error));
    } finally {
      cut.release();
    }
  },
};

function judge({ origin, ingestion }: Settings, response: Response, text: string): Result {
  const { status, headers } = response;
  const { hostname } = new URL(origin);
  if (status === 200 && isMetadata(text)) return ok("the host answers as a Kusto does");
  // Microsoft's own emulator need not have the endpoint.
  if (status === 404 && isLoopback(hostname) && ingestion === "inline") {
    return ok("the host answers");
  }
  if (response.type === "opaqueredirect" || (status >= 300 && status < 400)) {
    return failed(
      `${hostname} redirects to another address, which is never followed`,
      `use that address, which must be of the form ${FORM}`,
    );
  }
  // What stands before the engine answers in its place.
  if (status >= 500 && !headers.has("x-ms-activity-id")) {
    return failed(
      `${hostname} answers ${status}, but no Kusto does: the cluster is stopped, starting or in maintenance`,
      startingCluster(hostname),
    );
  }
  return failed(
    `${hostname} answers ${status}, but not as a Kusto does`,
    `check the address, it must be of the form ${FORM}`,
  );
}

function isMetadata(text: string): boolean {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === "object" && body !== null && ("AzureAD" in body || "dSTS" in body);
  } catch {
    return false;
  }
}

function unreachable(hostname: string, failure: NetworkFailure): Result {
  switch (failure) {
    case "no such name":
      return failed(
        `there is no host ${hostname}: the name is mistyped, or the cluster is stopped or deleted`,
        `check the address; ${startingCluster(hostname)}`,
      );
    case "refused":
      return failed(
        `nothing listens at ${hostname}`,
        isLoopback(hostname)
          ? "start it there, the embedded Kusto with kusto-checkpoint emulator, and check the port"
          : "check the address and its port, and whether a firewall refuses",
      );
    case "no answer in time":
      return failed(
        `${hostname} gives no answer`,
        `check firewalls, private endpoints and the allowed networks of the cluster; ${
          startingCluster(hostname)
        }`,
      );
    case "no TLS":
      return failed(
        `${hostname} does not prove by TLS that it is who it is`,
        "check the address and its port, and whether a proxy stands in between",
      );
    case "broken":
      return failed(
        `the connection to ${hostname} breaks`,
        "check the address, the network and whether a proxy stands in between",
      );
  }
}

/** A cluster of Azure Data Explorer that nobody uses stops after some days, and starts when told to alone. */
function startingCluster(hostname: string): string {
  const [, name] = /^([a-z\d-]+)\.[a-z\d-]+\.kusto\.windows\.net$/.exec(hostname) ?? [];
  return "if it is stopped, as an idle cluster of Azure Data Explorer is after 5 days, start it: " +
    `Azure portal, the cluster, Start; or az kusto cluster start --cluster-name ${
      name ?? "<cluster>"
    } --resource-group <group>`;
}
