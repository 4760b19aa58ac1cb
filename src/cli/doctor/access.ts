/**
 * Who signs in, to which database, and whether they may read it. One query tells all three.
 *
 * @module
 */
import { KustoPermissionError, KustoSchemaError, KustoSignInError } from "../../../mod.ts";
import { KustoClient } from "../../service/client.ts";
import type { Settings } from "../../config.ts";
import { rowsOf } from "../../service/frames.ts";
import type { Check } from "./examination.ts";
import { grant } from "./grant.ts";
import type { Patient } from "./patient.ts";
import { failed, ok, type Result } from "./verdict.ts";

/** Whether there is a token, and the cluster takes it. */
const signIn: Check = {
  name: "sign-in",
  needs: ["connect"],
  async run(patient) {
    const error = await patient.reading();
    if (error instanceof KustoSignInError) return refused(error, patient);
    const isKnown = !error || error instanceof KustoSchemaError ||
      error instanceof KustoPermissionError;
    if (isKnown) return ok(patient.signsIn ? "the cluster takes it" : "none is needed");
    throw error;
  },
};

function refused(error: KustoSignInError, { signsIn }: Patient): Result {
  // The cluster itself has refused what has a request's id.
  if (error.clientRequestId !== undefined) {
    return failed(
      error.message,
      signsIn
        ? "check that the credential is of the cluster's tenant, or of one that the cluster trusts"
        : 'no token was sent: set KUSTO_CREDENTIAL to "app-id;app-key;tenant-id", or KUSTO_CLUSTER_URI to a full connection string with an Application Token',
    );
  }
  return failed(
    error.message,
    'sign in with "az login", or set KUSTO_CREDENTIAL to "app-id;app-key;tenant-id"',
  );
}

/** Whether the database is there. */
const database: Check = {
  name: "database",
  needs: ["sign-in"],
  async run(patient) {
    const error = await patient.reading();
    const { settings } = patient;
    const name = settings.database;
    if (!error) return ok(`${name} is there`);
    // Who may not read may not be told either.
    if (!(error instanceof KustoSchemaError)) {
      return ok(`the cluster does not say that ${name} is missing`);
    }
    const names = await databaseNames(settings);
    return failed(
      `there is no database ${name}`,
      names.length > 0
        ? `pass --database with one of these: ${names.join(", ")}`
        : "check --database; the Azure portal lists the databases of the cluster",
    );
  },
};

/** The databases that the identity may know of; none where asking fails, as the portal lists them too. */
async function databaseNames(settings: Settings): Promise<string[]> {
  // A cluster has this one whatever is in it, for commands that are about none.
  const client = new KustoClient({ ...settings, database: "NetDefaultDB" });
  try {
    const [rows] = await client.command(".show databases");
    return rowsOf<{ DatabaseName: string }>(rows).map((row) => row.DatabaseName);
  } catch {
    return [];
  }
}

/** Whether the identity may read. */
const reading: Check = {
  name: "reading",
  needs: ["database"],
  async run(patient) {
    const error = await patient.reading();
    if (!error) return ok("queries are allowed");
    if (!(error instanceof KustoPermissionError)) throw error;
    return failed(
      "who signs in may not read: the role Database Viewer is missing",
      grant(patient.settings, "viewers", error),
    );
  },
};

/** The checks, in their order. */
export const access: readonly Check[] = [signIn, database, reading];
