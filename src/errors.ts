/**
 * What an action may throw. Each kind becomes one HTTP status in `api/`; the message is the wire text.
 * Anything else that is thrown is a defect of ours and becomes an empty 500.
 */
export type HanamiErrorKind = "bad_request" | "unauthorized" | "not_found" | "conflict" | "too_many";

export class HanamiError extends Error {
  readonly kind: HanamiErrorKind;

  constructor(kind: HanamiErrorKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "HanamiError";
    this.kind = kind;
  }
}

export const badRequest = (message: string, options?: ErrorOptions) => new HanamiError("bad_request", message, options);
export const unauthorized = (message: string) => new HanamiError("unauthorized", message);
export const notFound = (message: string) => new HanamiError("not_found", message);
/** For limits that nobody meets in normal use. */
export const tooMany = (message: string) => new HanamiError("too_many", message);
export const conflict = (message: string) => new HanamiError("conflict", message);
