/**
 * Answers before they are sent: results with their headers, and the refusals of the endpoints.
 *
 * Source: response (Kusto documentation).
 *
 * @module
 */
import { ServiceError } from "../errors.ts";
import { engineLimit } from "../exhausted.ts";
import { errorBody, type RequestIdentity } from "./error_body.ts";
import { clientRequestHeader } from "./plain_request.ts";

/** An answer before it is sent. */
export interface PlainAnswer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** A result. */
export function ok(body: string, identity: RequestIdentity): PlainAnswer {
  return { status: 200, headers: headersOf(identity), body };
}

/** What a streaming request is told where the cluster's switch for it is off. */
export function streamingIsOff(identity: RequestIdentity): PlainAnswer {
  return { status: 404, headers: headersOf(identity), body: "" };
}

/** The answer to a request without a token that is known. */
export function unauthorized(identity: RequestIdentity): PlainAnswer {
  return {
    status: 401,
    headers: {
      ...headersOf(identity),
      "www-authenticate":
        'Bearer authorization_uri="https://login.microsoftonline.com/organizations"',
    },
    body: JSON.stringify({ Message: "Authorization has been denied for this request." }),
  };
}

/** The answer to a path that is none of the service's. */
export function notFound(identity: RequestIdentity): PlainAnswer {
  const error = plainError(404, "NotFound", "There is no such endpoint.");
  return { status: 404, headers: headersOf(identity), body: errorBody(error, identity) };
}

/** The answer to a method that an endpoint does not take. */
export function notAllowed(identity: RequestIdentity, allowed: string): PlainAnswer {
  const error = plainError(405, "MethodNotAllowed", `The endpoint takes ${allowed} requests.`);
  return {
    status: 405,
    headers: { ...headersOf(identity), allow: allowed },
    body: errorBody(error, identity),
  };
}

/** The answer to a request that failed: the error in the service's terms, whatever it was. */
export function failure(
  error: unknown,
  identity: RequestIdentity,
  retryAfter?: number,
): PlainAnswer {
  const refusal = error instanceof ServiceError ? error : engineLimit(error);
  const known = refusal ?? new ServiceError({
    status: 500,
    code: "General_InternalServerError",
    type: "Kusto.Data.Exceptions.KustoServiceException",
    message: `The embedded Kusto failed: ${error instanceof Error ? error.message : error}`,
    permanent: true,
  });
  return {
    status: known.status,
    headers: {
      ...headersOf(identity),
      ...(retryAfter !== undefined && { "retry-after": String(retryAfter) }),
    },
    body: errorBody(known, identity),
  };
}

function headersOf(identity: RequestIdentity): Record<string, string> {
  return {
    "content-type": "application/json; charset=utf-8",
    // Headers hold no characters beyond Latin-1.
    [clientRequestHeader]: identity.clientRequestId.replace(/[^\x20-\x7e]/g, "?"),
    "x-ms-activity-id": identity.activityId,
  };
}

function plainError(status: number, code: string, message: string): ServiceError {
  const type = "Kusto.Data.Exceptions.KustoBadRequestException";
  return new ServiceError({ status, code, type, message, permanent: true });
}
