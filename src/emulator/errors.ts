/**
 * The errors that the embedded Kusto answers with, in the service's own terms.
 *
 * @module
 */

/** What the service says of a failure; see the "error" object of the v2 response format. */
export interface ServiceErrorFields {
  /** HTTP status of the answer. */
  readonly status: number;
  /** The service's code, such as `General_BadRequest`. */
  readonly code: string;
  /** The .NET type that the service names, such as `Kusto.Data.Exceptions.KustoBadRequestException`. */
  readonly type: string;
  /** What went wrong, with names and positions: becomes `@message`. */
  readonly message: string;
  /** Whether the same request would fail again. */
  readonly permanent: boolean;
  /** The inner error of a semantic or syntax error, such as `SEM0100`. */
  readonly inner?: { readonly code: string; readonly type: string; readonly message: string };
}

/** A failure that becomes an error body of the service's shape. */
export class ServiceError extends Error {
  override readonly name = "ServiceError";
  readonly status: number;
  readonly code: string;
  readonly type: string;
  readonly permanent: boolean;
  readonly inner: ServiceErrorFields["inner"];

  constructor(fields: ServiceErrorFields) {
    super(fields.message);
    this.status = fields.status;
    this.code = fields.code;
    this.type = fields.type;
    this.permanent = fields.permanent;
    this.inner = fields.inner;
  }
}
