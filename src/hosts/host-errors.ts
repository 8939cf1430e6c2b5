/**
 * `state`: bytes that are not a network, or a network that kernels cannot compute. `room`: the host has no memory for this network. `unknown_cluster`: nothing
 * attached under this uuid. `input`: a slice that does not fit the network. `table`: a slice takes rows of a table that is
 * not there; nothing has changed. `internal`: a defect.
 */
export type HostErrorKind = "state" | "room" | "unknown_cluster" | "input" | "table" | "internal";

/** A failure that the host itself reported; it is alive and serves other clusters. */
export class HostError extends Error {
  readonly kind: HostErrorKind;

  constructor(kind: HostErrorKind, message: string) {
    super(message);
    this.name = "HostError";
    this.kind = kind;
  }
}

/** The host's process ended before it answered. It starts again with the next call, with no clusters attached. */
export class HostLostError extends Error {
  constructor(reason: string) {
    super(`The host was lost: ${reason}`);
    this.name = "HostLostError";
  }
}

/** The host was closed by us, or is closing: no further call will succeed. */
export class HostClosedError extends Error {
  constructor() {
    super("The host is closed");
    this.name = "HostClosedError";
  }
}

/** The host cannot take a network: it is lost, or has no room. */
export function isUnavailable(error: unknown): error is HostLostError | HostError {
  return error instanceof HostLostError || (error instanceof HostError && error.kind === "room");
}
