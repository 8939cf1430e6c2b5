/**
 * The errors that actions throw. `api/` maps each kind to one HTTP status; the message is the wire text.
 * Any other error is a bug in the server and becomes an empty 500.
 */
export type HanamiErrorKind = "bad_request" | "unauthorized" | "not_found" | "conflict";

export class HanamiError extends Error {
  readonly kind: HanamiErrorKind;
  /** When a retry may succeed, if known. */
  readonly retryAfterSeconds: number | undefined;

  constructor(kind: HanamiErrorKind, message: string, options?: ErrorOptions & { retryAfterSeconds?: number }) {
    super(message, options);
    this.name = "HanamiError";
    this.kind = kind;
    this.retryAfterSeconds = options?.retryAfterSeconds;
  }
}

export const badRequest = (message: string, options?: ErrorOptions) => new HanamiError("bad_request", message, options);
export const unauthorized = (message: string) => new HanamiError("unauthorized", message);
export const notFound = (message: string) => new HanamiError("not_found", message);
export const conflict = (message: string) => new HanamiError("conflict", message);
/** Rate limit exceeded. A conflict on the wire: clients of the contract treat a 429 as an answer without content. */
export const tooMany = (message: string, retryAfterSeconds: number) =>
  new HanamiError("conflict", message, { retryAfterSeconds });

/** The server cannot start for a reason that the operator can fix; the message names it. */
export class StartError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "StartError";
  }
}
