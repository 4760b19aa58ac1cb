/**
 * The errors of this library, by what their reader can do about them.
 *
 * No message and no field holds a stored value, a token or the text of a query.
 *
 * @module
 */

/** A stable name for each kind of error. */
export type KustoErrorCode =
  | "BAD_OPTIONS"
  | "BAD_INPUT"
  | "SIGN_IN_FAILED"
  | "PERMISSION_REFUSED"
  | "SCHEMA_INCOMPLETE"
  | "UNAVAILABLE"
  | "LIMIT_EXCEEDED"
  | "REQUEST_REFUSED"
  | "PROTOCOL_BROKEN"
  | "STATE_INCOMPLETE"
  | "ROWS_UNSTORED"
  | "DECRYPTION_FAILED"
  | "CLOSED";

/** What is known of a failure beside its message; each field is there where it applies. */
export interface KustoErrorDetails {
  /** The error that led to this one. */
  readonly cause?: unknown;
  /** HTTP status of the last answer. */
  readonly status?: number;
  /** The service's own code, such as `General_BadRequest` or `SEM0100`. */
  readonly serviceCode?: string;
  /** Whether the service says that the same request would fail again. */
  readonly permanent?: boolean;
  /** How many requests were made. */
  readonly attempts?: number;
  /** The request id that was sent: `x-ms-client-request-id`. */
  readonly clientRequestId?: string;
  /** The service's id for the last answer, to quote in a support case: `x-ms-activity-id`. */
  readonly activityId?: string;
  /** How long the service asked to be left alone, in milliseconds. */
  readonly retryAfterMs?: number;
  /** What was to be done, such as `run a query`. */
  readonly action?: string;
  /** The table that the call was about. */
  readonly table?: string;
}

/** What all errors of this library have in common. */
export abstract class KustoError extends Error {
  /** Tells kinds apart where `instanceof` cannot, such as across two copies of the module. */
  abstract readonly code: KustoErrorCode;
  /** HTTP status of the last answer, if there was one. */
  readonly status: number | undefined;
  /** The service's own code, if it gave one. */
  readonly serviceCode: string | undefined;
  /** Whether the service says that the same request would fail again. */
  readonly permanent: boolean | undefined;
  /** How many requests were made. */
  readonly attempts: number | undefined;
  /** The request id that was sent. */
  readonly clientRequestId: string | undefined;
  /** The service's id for the last answer. */
  readonly activityId: string | undefined;
  /** How long the service asked to be left alone, in milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** What was to be done. */
  readonly action: string | undefined;
  /** The table that the call was about. */
  readonly table: string | undefined;

  /**
   * Makes an error.
   *
   * @param message The action that failed, a colon, what is and what should be.
   * @param details What else is known.
   */
  constructor(message: string, details: KustoErrorDetails = {}) {
    super(message, "cause" in details ? { cause: details.cause } : undefined);
    this.status = details.status;
    this.serviceCode = details.serviceCode;
    this.permanent = details.permanent;
    this.attempts = details.attempts;
    this.clientRequestId = details.clientRequestId;
    this.activityId = details.activityId;
    this.retryAfterMs = details.retryAfterMs;
    this.action = details.action;
    this.table = details.table;
  }
}

/** An option, a connection string or a host is not acceptable: change it. */
export class KustoOptionsError extends KustoError {
  /** The name of the class. */
  override readonly name = "KustoOptionsError";
  /** Tells errors of this kind apart. */
  override readonly code = "BAD_OPTIONS";
}

/** An argument of a call is missing or not acceptable: change the call. */
export class KustoInputError extends KustoError {
  /** The name of the class. */
  override readonly name = "KustoInputError";
  /** Tells errors of this kind apart. */
  override readonly code = "BAD_INPUT";
}

/** There is no token, or the cluster does not accept it: sign in, or pass another credential. */
export class KustoSignInError extends KustoError {
  /** The name of the class. */
  override readonly name = "KustoSignInError";
  /** Tells errors of this kind apart. */
  override readonly code = "SIGN_IN_FAILED";
}

/** The identity is known but may not do this: give it the role that the message names. */
export class KustoPermissionError extends KustoError {
  /** The name of the class. */
  override readonly name = "KustoPermissionError";
  /** Tells errors of this kind apart. */
  override readonly code = "PERMISSION_REFUSED";
}

/** Something that a database lacks. */
export interface SchemaProblem {
  /** What kind of thing it is. */
  readonly kind:
    | "table"
    | "column"
    | "mapping"
    | "policy"
    | "view"
    | "streaming"
    | "function"
    | "version";
  /** `error`: the saver cannot work. `warning`: it works, but slower or with something left out. */
  readonly severity: "error" | "warning";
  /** The table, column (`Table.column`), view or function concerned. */
  readonly entity: string;
  /** What is wrong. */
  readonly message: string;
  /** The command, or the setting of the cluster, that puts it right. */
  readonly mend: string;
}

/** A table, column, mapping, view or policy is missing: run `provision.kql` or `setup({ provision: true })`. */
export class KustoSchemaError extends KustoError {
  /** The name of the class. */
  override readonly name = "KustoSchemaError";
  /** Tells errors of this kind apart. */
  override readonly code = "SCHEMA_INCOMPLETE";
  /** All that is missing, each with its mend; empty unless `setup()` found it out. */
  readonly problems: readonly SchemaProblem[];

  /**
   * Makes an error.
   *
   * @param message The action that failed, a colon, what is and what should be.
   * @param details What else is known, and what is missing.
   */
  constructor(
    message: string,
    details: KustoErrorDetails & { readonly problems?: readonly SchemaProblem[] } = {},
  ) {
    super(message, details);
    this.problems = details.problems ?? [];
  }
}

/** The cluster cannot be reached, is too busy or did not answer in time: try again later. */
export class KustoUnavailableError extends KustoError {
  /** The name of the class. */
  override readonly name = "KustoUnavailableError";
  /** Tells errors of this kind apart. */
  override readonly code = "UNAVAILABLE";
  /** Whether time ran out (`deadlineMs`), rather than repetitions (`maxRetries`). */
  readonly outOfTime: boolean;

  /**
   * Makes an error.
   *
   * @param message The action that failed, a colon, what is and what should be.
   * @param details What else is known.
   */
  constructor(
    message: string,
    details: KustoErrorDetails & { readonly outOfTime?: boolean } = {},
  ) {
    super(message, details);
    this.outOfTime = details.outOfTime ?? false;
  }
}

/** A value, a request or a result is larger than the service takes: make it smaller. */
export class KustoLimitError extends KustoError {
  /** The name of the class. */
  override readonly name = "KustoLimitError";
  /** Tells errors of this kind apart. */
  override readonly code = "LIMIT_EXCEEDED";
}

/** The service refuses the request for good, for a reason that no other class stands for. */
export class KustoRequestError extends KustoError {
  /** The name of the class. */
  override readonly name = "KustoRequestError";
  /** Tells errors of this kind apart. */
  override readonly code = "REQUEST_REFUSED";
}

/** An answer that cannot be understood: report it, with its ids. */
export class KustoProtocolError extends KustoError {
  /** The name of the class. */
  override readonly name = "KustoProtocolError";
  /** Tells errors of this kind apart. */
  override readonly code = "PROTOCOL_BROKEN";
}

/**
 * Stored state cannot be given back: rows are gone or changed, or the serializer cannot read them.
 * Nothing incomplete was given back.
 */
export class KustoStateError extends KustoError {
  /** The name of the class. */
  override readonly name = "KustoStateError";
  /** Tells errors of this kind apart. */
  override readonly code = "STATE_INCOMPLETE";
}

/** Rows of one table that are not stored. */
export interface UnstoredRows {
  /** The table. */
  readonly table: string;
  /** How many rows. */
  readonly rows: number;
}

/**
 * Buffered rows could not be stored: they stay queued and are tried again. The `cause` is what the first
 * of them failed with.
 */
export class KustoFlushError extends KustoError {
  /** The name of the class. */
  override readonly name = "KustoFlushError";
  /** Tells errors of this kind apart. */
  override readonly code = "ROWS_UNSTORED";
  /** How many rows of which tables. */
  readonly unstored: readonly UnstoredRows[];

  /**
   * Makes an error.
   *
   * @param message The action that failed, a colon, what is and what should be.
   * @param details What else is known, and what is not stored.
   */
  constructor(
    message: string,
    details: KustoErrorDetails & { readonly unstored?: readonly UnstoredRows[] } = {},
  ) {
    super(message, details);
    this.unstored = details.unstored ?? [];
  }
}

/** The saver was closed before the call: create a new one. */
export class KustoClosedError extends KustoError {
  /** The name of the class. */
  override readonly name = "KustoClosedError";
  /** Tells errors of this kind apart. */
  override readonly code = "CLOSED";
}
