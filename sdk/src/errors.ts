/** Everything that this SDK throws on its own account. */
export class HanamiError extends Error {
  /** HTTP status of the answer; undefined when there was none. */
  readonly status: number | undefined;

  constructor(message: string, status?: number, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.status = status;
  }
}

/** 400: the input does not fit; the message says what and why. */
export class BadRequestError extends HanamiError {}
/** 401: not logged in, or not allowed. The server sometimes gives no reason. */
export class UnauthorizedError extends HanamiError {}
/** 404: there is no such thing, or not for this user. */
export class NotFoundError extends HanamiError {}
/** 409: the thing exists already, or is in a state that forbids it. */
export class ConflictError extends HanamiError {}
/** 500: a defect of the server, which keeps the reason in its log. */
export class InternalServerError extends HanamiError {}
/** The server could not be reached, or the connection ended before the answer was there. */
export class ConnectionError extends HanamiError {}

const byStatus: Record<number, { Kind: typeof HanamiError; fallback: string }> = {
  400: { Kind: BadRequestError, fallback: "Bad request." },
  401: { Kind: UnauthorizedError, fallback: "Not allowed." },
  404: { Kind: NotFoundError, fallback: "Not found." },
  409: { Kind: ConflictError, fallback: "Conflict." },
  500: { Kind: InternalServerError, fallback: "Internal error; the server's log has the reason." },
};

/** The error for an answer that is not a success. `text` is its body. */
export function errorFor(status: number, text: string): HanamiError {
  const { Kind, fallback } = byStatus[status] ?? { Kind: HanamiError, fallback: `Unexpected status ${status}.` };
  return new Kind(text === "" ? fallback : text, status);
}
