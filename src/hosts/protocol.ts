import type { Host, HostStatus } from "./host.ts";
import type { HostErrorKind } from "./host-errors.ts";

/** The calls that cross to the host's process; each is one request message and one reply message. */
export type HostMethod = "status" | "create" | "attach" | "exportState" | "detach" | "train" | "request" | TableMethod;

/** Calls that only hosts with `keepsTables` know. */
type TableMethod = "keepTable" | "dropTable";

/** What serves the calls on the far side. */
export type HostService = {
  [M in Exclude<HostMethod, TableMethod>]: (...args: Parameters<Host[M]>) => Awaited<ReturnType<Host[M]>>;
};

/** The same where an answer takes its time: a service that waits for a device. */
export type AsyncHostService = {
  [M in Exclude<HostMethod, "status">]: (...args: Parameters<Host[M]>) => ReturnType<Host[M]>;
} & Pick<HostService, "status">;

export interface HostRequest {
  id: number;
  method: HostMethod;
  args: unknown[];
}

/**
 * Every reply says how the host is, so that nobody has to ask in between two slices. Where calls come in the middle of
 * others, also what this one took by itself.
 */
export type HostReply = { id: number; status: HostStatus; tookMs?: number } & (
  | { ok: true; value: unknown }
  | { ok: false; error: { kind: HostErrorKind; message: string } }
);

/** One running process or thread of a host. */
export interface HostLink {
  post(request: HostRequest, transfer: ArrayBuffer[]): void;
  /**
   * Ends the process and resolves once it is gone; `lost` is not reported for it. `atOnce` gives it no time to end by
   * itself.
   */
  close(atOnce?: boolean): Promise<void>;
}

export interface HostLinkEvents {
  /** Brings an answer. */
  reply(reply: HostReply): void;
  /** The request with this id is under way before an older one has ended, which goes on after it. */
  begun(id: number): void;
  /** Called once, when the process ended by itself. */
  lost(reason: string): void;
}

/** Starts the process. */
export type OpenHostLink = (events: HostLinkEvents) => HostLink;

/**
 * The buffers of the typed arrays anywhere in a message, so that they change hands instead of being copied.
 * Views of a part of their buffer are left out: the buffer may hold somebody else's data (Node's pool).
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
