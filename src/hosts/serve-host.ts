import { HostError, type HostErrorKind } from "./host-errors.ts";
import {
  type AsyncHostService,
  type HostReply,
  type HostRequest,
  type HostService,
  transferables,
} from "./protocol.ts";

/**
 * The host's side of the protocol: executes one request and returns its reply with the buffers to transfer.
 * A failure also becomes a reply, and the process continues.
 */
export function serveHost(
  service: HostService,
): (request: HostRequest) => { reply: HostReply; transfer: ArrayBuffer[] } {
  return ({ id, method, args }) => {
    try {
      const call = service[method as keyof HostService] as (...args: unknown[]) => unknown;
      const value = call.apply(service, args);
      return { reply: { ...replyOf(id, service), ok: true, value }, transfer: transferables(value) };
    } catch (error) {
      return { reply: { ...replyOf(id, service), ok: false, error: failure(error) }, transfer: [] };
    }
  };
}

/** Like `serveHost`, for a service that waits for a device. The service decides which calls may overlap. */
export function serveAsyncHost(service: AsyncHostService): (request: HostRequest) => Promise<HostReply> {
  return async ({ id, method, args }) => {
    try {
      const call = service[method] as (...args: unknown[]) => unknown;
      const value = await call.apply(service, args);
      return { ...replyOf(id, service), ok: true, value };
    } catch (error) {
      return { ...replyOf(id, service), ok: false, error: failure(error) };
    }
  };
}

function replyOf(id: number, service: Pick<HostService, "status" | "takeLeft">) {
  return { id, status: service.status(), left: service.takeLeft() };
}

function failure(error: unknown): { kind: HostErrorKind; message: string } {
  const kind = error instanceof HostError ? error.kind : "internal";
  return { kind, message: error instanceof Error ? error.message : String(error) };
}
