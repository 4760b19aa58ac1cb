/**
 * Failures of the emulator itself, as opposed to those that it answers with.
 *
 * @module
 */

/** Why an emulator cannot work. */
export type EmulatorErrorCode =
  | "WRONG_OPTION"
  | "FOLDER_IN_USE"
  | "NO_SQLITE"
  | "FOLDER_UNREADABLE"
  | "CANNOT_LISTEN"
  | "CLOSED";

/** Thrown when an emulator is told what it cannot do, cannot open its folder or listen, or is used after it was closed. */
export class EmulatorError extends Error {
  /** The name of the class. */
  override readonly name = "EmulatorError";
  /** Why. */
  readonly code: EmulatorErrorCode;

  /** Makes an error of a code and a message. */
  constructor(code: EmulatorErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}
