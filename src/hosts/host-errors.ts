/**
 * - `state`: the bytes are not a network, or the kernels cannot compute the network.
 * - `room`: the host has no memory for this network, not even if all others left.
 * - `crowded`: the host has no memory for this network beside those in use; it may have some later.
 * - `unknown_cluster`: no network is attached under this uuid.
 * - `input`: the run does not fit the network.
 * - `table`: the run takes rows of a table that the host does not have; nothing has changed.
 * - `hung`: the cluster's work exceeded the time limit several times and is not retried for now.
 * - `internal`: a bug.
 */
export type HostErrorKind = "state" | "room" | "crowded" | "unknown_cluster" | "input" | "table" | "hung" | "internal";

/** A failure that the host itself reported. The host is alive and serves other clusters. */
export class HostError extends Error {
  readonly kind: HostErrorKind;

  constructor(kind: HostErrorKind, message: string) {
    super(message);
    this.name = "HostError";
    this.kind = kind;
  }
}

/** The host's process ended before it answered. The next call restarts it, with no clusters attached. */
export class HostLostError extends Error {
  /** True when the host was working on this call; false for calls that only waited and cannot be the cause. */
  readonly wasUnderWay: boolean;

  constructor(reason: string, { wasUnderWay }: { wasUnderWay: boolean }) {
    super(`The host was lost: ${reason}`);
    this.name = "HostLostError";
    this.wasUnderWay = wasUnderWay;
  }
}

/** The host was killed because this call exceeded its time limit. */
export class HostHungError extends HostLostError {
  /** How long the call ran before it was given up. */
  readonly seconds: number;

  constructor(seconds: number) {
    super(`a call did not end within ${seconds} s`, { wasUnderWay: true });
    this.name = "HostHungError";
    this.seconds = seconds;
  }
}

/** The server has closed the host or is closing it: no further call succeeds. */
export class HostClosedError extends Error {
  constructor() {
    super("The host is closed");
    this.name = "HostClosedError";
  }
}

/** Whether the host cannot take a network: it is lost, has no room, or refuses the network because its work hung. */
export function isUnavailable(error: unknown): error is HostLostError | HostError {
  return error instanceof HostLostError || isNoRoom(error) || isOfKind(error, "hung");
}

/** Whether the host has no memory for the network, for now or for good. */
export function isNoRoom(error: unknown): error is HostError {
  return isOfKind(error, "room") || isOfKind(error, "crowded");
}

export function isOfKind(error: unknown, kind: HostErrorKind): error is HostError {
  return error instanceof HostError && error.kind === kind;
}

/** Explains to a client why a host does not answer. */
export const silenceText = (ms: number): string => `It has been busy with one call for ${Math.round(ms / 1000)} s.`;
