/**
 * The JSON body of a failed request.
 *
 * Source: response-v2, response (Kusto documentation).
 *
 * @module
 */
import { formatDatetime } from "../values/datetime.ts";
import type { ServiceError } from "../errors.ts";

/** The ids and times of a request that its answer tells. */
export interface RequestIdentity {
  readonly clientRequestId: string;
  readonly activityId: string;
  /** Ticks when it began. */
  readonly startedAt: bigint;
  readonly database: string;
}

const generic: Readonly<Record<number, string>> = {
  400: "Request is invalid and cannot be executed.",
  403: "Caller is not authorized to perform this action",
  404: "Resource not found.",
  413: "Request body is too large.",
  429: "Too many requests.",
  500: "An internal error has occurred.",
  503: "Service is unavailable.",
  504: "Request timed out.",
  520: "Service error.",
};

function context(identity: RequestIdentity): Record<string, unknown> {
  return {
    timestamp: formatDatetime(identity.startedAt),
    serviceAlias: null,
    machineName: "Node0",
    processName: "EmbeddedKusto",
    processId: 1,
    threadId: 1,
    clientRequestId: identity.clientRequestId,
    activityId: identity.activityId,
    subActivityId: identity.activityId,
    activityType: "DN.FE.ExecuteQuery",
    parentActivityId: identity.activityId,
    activityStack: `(Activity stack: CRID=${identity.clientRequestId} ARID=${identity.activityId})`,
  };
}

/** What stands under `error` in a failure's body. */
export function errorObject(
  error: ServiceError,
  identity: RequestIdentity,
): Record<string, unknown> {
  const around = context(identity);
  return {
    code: error.code,
    message: generic[error.status] ?? "Request failed.",
    "@type": error.type,
    "@message": error.message,
    "@context": around,
    "@permanent": error.permanent,
    "@failureCode": error.status,
    "@database": identity.database,
    ...(error.inner && {
      innererror: {
        code: error.inner.code,
        message: generic[error.status],
        "@type": error.inner.type,
        "@message": error.inner.message,
        "@errorCode": error.inner.code,
        "@errorMessage": error.inner.message,
        "@context": around,
        "@permanent": error.permanent,
      },
    }),
  };
}

/** A failure's body. */
export function errorBody(error: ServiceError, identity: RequestIdentity): string {
  return JSON.stringify({ error: errorObject(error, identity) });
}
