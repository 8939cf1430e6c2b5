import type { Host, HostStatus } from "./host.ts";
import type { HostErrorKind } from "./host-errors.ts";

/** The remote calls of a host; each is one request message and one reply message. */
export type HostMethod =
  | ("status" | "create" | "attach" | "exportState" | "setEncoders" | "detach" | "markIdle" | "markBusy")
  | ("train" | "request")
  | TableMethod;

/** Calls that only hosts with `keepsTables` support. */
type TableMethod = "keepTable" | "dropTable";

/** Implements the calls in the host's process. */
export type HostService = Leaving & {
  [M in Exclude<HostMethod, TableMethod>]: (...args: Parameters<Host[M]>) => Awaited<ReturnType<Host[M]>>;
};

interface Leaving {
  /** The clusters whose networks were dropped for lack of room since the last call. */
  takeLeft(): string[];
}

/** Like `HostService`, but asynchronous, for a service that waits for a device. */
export type AsyncHostService = {
  [M in Exclude<HostMethod, "status">]: (...args: Parameters<Host[M]>) => ReturnType<Host[M]>;
} & Pick<HostService, "status" | "takeLeft">;

export interface HostRequest {
  id: number;
  method: HostMethod;
  args: unknown[];
}

/**
 * Every reply carries the host's status, so the server does not need to ask for it between two slices. `tookMs` is the
 * net duration of the call, set by hosts that execute calls at the yield points of others. `left` names the clusters
 * whose networks the host has dropped since its last reply.
 */
export type HostReply = { id: number; status: HostStatus; tookMs?: number; left: string[] } & (
  | { ok: true; value: unknown }
  | { ok: false; error: { kind: HostErrorKind; message: string } }
);

/** One running process or thread of a host. */
export interface HostLink {
  post(request: HostRequest, transfer: ArrayBuffer[]): void;
  /**
   * Ends the process and resolves once it is gone, without a call of `lost`. With `atOnce`, the process gets no time to
   * end by itself.
   */
  close(atOnce?: boolean): Promise<void>;
}

export interface HostLinkEvents {
  /** Called with each reply. */
  reply(reply: HostReply): void;
  /** The request with this id has started at a yield point of an older one, which continues after it. */
  begun(id: number): void;
  /** Called once, when the process has ended by itself. */
  lost(reason: string): void;
}

/** Starts the process or thread of a host. */
export type OpenHostLink = (events: HostLinkEvents) => HostLink;

/**
 * Collects the buffers of all typed arrays in a message, which are transferred instead of copied.
 * Views of a part of their buffer are skipped: the buffer may hold unrelated data (Node's pool).
 */
export function transferables(value: unknown): ArrayBuffer[] {
  const found = new Set<ArrayBuffer>();
  collectBuffers(value, found);
  return [...found];
}

function collectBuffers(value: unknown, found: Set<ArrayBuffer>): void {
  if (ArrayBuffer.isView(value)) {
    const { buffer } = value;
    if (buffer instanceof ArrayBuffer && value.byteLength === buffer.byteLength) found.add(buffer);
  } else if (Array.isArray(value)) {
    for (const item of value) collectBuffers(item, found);
  } else if (typeof value === "object" && value !== null) {
    for (const item of Object.values(value)) collectBuffers(item, found);
  }
}
