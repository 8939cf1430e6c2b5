/**
 * What an action may throw. Each kind becomes one HTTP status in `api/`; the message is the wire text.
 * Anything else that is thrown is a defect of ours and becomes an empty 500.
 */
export type HanamiErrorKind = "bad_request" | "unauthorized" | "not_found" | "conflict";

export class HanamiError extends Error {
  readonly kind: HanamiErrorKind;
  /** When the same may succeed, where that is known. */
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
/** A rate was exceeded. A conflict on the wire: clients of the contract take a 429 for an answer without content. */
export const tooMany = (message: string, retryAfterSeconds: number) =>
  new HanamiError("conflict", message, { retryAfterSeconds });

/** A start fails for a reason that whoever starts the server can remove; the message says what it is. */
export class StartError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "StartError";
  }
}
