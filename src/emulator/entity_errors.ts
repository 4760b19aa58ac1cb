/**
 * Errors about entities of a database that are missing, exist already or may not have the name they were given.
 *
 * Sources: error-codes, kusto-data-client-errors, entity-names (Kusto documentation).
 *
 * @module
 */
import { ServiceError } from "./errors.ts";

/** The error for a command that names an entity which does not exist. */
export function entityNotFound(kind: string, name: string, container: string): ServiceError {
  const message = `Entity ID '${name}' of kind '${kind}' was not found.`;
  return new ServiceError({
    status: 400,
    code: "General_BadRequest",
    type: "Kusto.Data.Exceptions.EntityNotFoundException",
    message: `Request is invalid and cannot be executed. ${message} (container '${container}')`,
    permanent: true,
    inner: {
      code: "BadRequest_EntityNotFound",
      type: "Kusto.Common.Svc.Exceptions.EntityNotFoundInContainerException",
      message,
    },
  });
}

/**
 * The error for a request that is sent to what does not exist, or is not known yet.
 *
 * @param hint A sentence to put behind what is wrong.
 */
export function unknownEntity(kind: string, name: string, hint = ""): ServiceError {
  return new ServiceError({
    status: 400,
    code: "BadRequest_EntityNotFound",
    type: "Kusto.Data.Exceptions.EntityNotFoundException",
    message: `Entity ID '${name}' of kind '${kind}' was not found.${hint}`,
    permanent: true,
  });
}

/** The error for a command that is to change something in a database which does not exist. */
export function unknownDatabaseName(name: string): ServiceError {
  return new ServiceError({
    status: 404,
    code: "NotFound",
    type: "Kusto.Common.Svc.Exceptions.EntityNameDoesNotExistException",
    message: `Entity name '${name}' of kind 'Database' does not exist.`,
    permanent: true,
  });
}

/** The error for creating what exists. */
export function entityExists(kind: string, name: string): ServiceError {
  return new ServiceError({
    status: 400,
    code: "BadRequest_EntityAlreadyExists",
    type: "Kusto.Data.Exceptions.KustoBadRequestException",
    message: `Entity name '${name}' of kind '${kind}' already exists.`,
    permanent: true,
  });
}

/** A request that asks for what cannot be done, with a sentence about it. */
export function badRequest(message: string, code = "General_BadRequest"): ServiceError {
  return new ServiceError({
    status: 400,
    code,
    type: "Kusto.Data.Exceptions.KustoBadRequestException",
    message: `Request is invalid and cannot be executed. ${message}`,
    permanent: true,
  });
}

/** Something the service does and this emulator does not: refused rather than answered wrongly. */
export function notSupported(what: string): ServiceError {
  return new ServiceError({
    status: 400,
    code: "BadRequest_NotSupported",
    type: "Kusto.Data.Exceptions.KustoBadRequestException",
    message:
      `Request is invalid and cannot be executed. ${what} is not supported by this emulator.`,
    permanent: true,
  });
}

/** Checks a name that a command gives to an entity. */
export function checkEntityName(name: string): void {
  const allowed = /^[\p{L}\p{N}_ .-]{1,1024}$/u.test(name);
  if (allowed && !name.startsWith("__") && !name.endsWith("__")) return;
  throw badRequest(`Entity name '${name}' is not valid.`, "BadRequest_EntityNameIsNotValid");
}
