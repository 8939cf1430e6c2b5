/**
 * `state`: bytes that are not a network, or a network that kernels cannot compute. `room`: the host has no memory for this network. `unknown_cluster`: nothing
 * attached under this uuid. `input`: a run that does not fit the network. `table`: a run takes rows of a table that is
 * not there; nothing has changed. `hung`: the cluster's work did not end, several times, and is not tried again for now.
 * `internal`: a defect.
 */
export type HostErrorKind = "state" | "room" | "unknown_cluster" | "input" | "table" | "hung" | "internal";

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
  /** It was this call that the host was working on. Others only waited behind it, and are not to blame. */
  readonly wasUnderWay: boolean;

  constructor(reason: string, { wasUnderWay }: { wasUnderWay: boolean }) {
    super(`The host was lost: ${reason}`);
    this.name = "HostLostError";
    this.wasUnderWay = wasUnderWay;
  }
}

/** The host was ended because of this very call, which took too long. */
export class HostHungError extends HostLostError {
  /** How long it was waited for. */
  readonly seconds: number;

  constructor(seconds: number) {
    super(`a call did not end within ${seconds} s`, { wasUnderWay: true });
    this.name = "HostHungError";
    this.seconds = seconds;
  }
}

/** The host was closed by us, or is closing: no further call will succeed. */
export class HostClosedError extends Error {
  constructor() {
    super("The host is closed");
    this.name = "HostClosedError";
  }
}

/** The host cannot take a network: it is lost, has no room, or takes it no more because it hung. */
export function isUnavailable(error: unknown): error is HostLostError | HostError {
  return error instanceof HostLostError || isOfKind(error, "room") || isOfKind(error, "hung");
}

export function isOfKind(error: unknown, kind: HostErrorKind): error is HostError {
  return error instanceof HostError && error.kind === kind;
}

/** What a host that does not answer is doing. */
export const silenceText = (ms: number): string => `It has been busy with one call for ${Math.round(ms / 1000)} s.`;
