/** Base class of the errors of this SDK. */
export class HanamiError extends Error {
  /** HTTP status of the answer; undefined without an answer. */
  readonly status: number | undefined;

  constructor(message: string, status?: number, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.status = status;
  }
}

/** 400: the input is invalid; the message says what and why. */
export class BadRequestError extends HanamiError {}
/** 401: not logged in, or not allowed. The server sometimes gives no reason. */
export class UnauthorizedError extends HanamiError {}
/** 404: the resource does not exist, or is not visible to this user. */
export class NotFoundError extends HanamiError {}
/** 409: the resource already exists, or is in a state that forbids the request. */
export class ConflictError extends HanamiError {}
/** 500: a bug in the server, whose log has the reason. */
export class InternalServerError extends HanamiError {}
/** The server could not be reached, or the connection ended before the answer arrived. */
export class ConnectionError extends HanamiError {}

const byStatus: Record<number, { Kind: typeof HanamiError; fallback: string }> = {
  400: { Kind: BadRequestError, fallback: "Bad request." },
  401: { Kind: UnauthorizedError, fallback: "Not allowed." },
  404: { Kind: NotFoundError, fallback: "Not found." },
  409: { Kind: ConflictError, fallback: "Conflict." },
  500: { Kind: InternalServerError, fallback: "Internal error; the server's log has the reason." },
};

/** The error for an unsuccessful answer. `text` is its body. */
export function errorFor(status: number, text: string): HanamiError {
  const { Kind, fallback } = byStatus[status] ?? { Kind: HanamiError, fallback: `Unexpected status ${status}.` };
  return new Kind(text === "" ? fallback : text, status);
}
