/**
 * `state`: bytes that are not a network. `unknown_cluster`: nothing attached under this uuid. `input`: a slice that
 * does not fit the network. `internal`: a defect, or the host ran out of memory.
 */
export type HostErrorKind = "state" | "unknown_cluster" | "input" | "internal";

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
