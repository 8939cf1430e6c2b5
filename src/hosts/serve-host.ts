import { HostError } from "./host-errors.ts";
import { type HostReply, type HostRequest, type HostService, transferables } from "./protocol.ts";

/**
 * The far side of the protocol: carries out one request and gives its reply, with the buffers that go along.
 * A failure becomes a reply, too; the process goes on.
 */
export function serveHost(
  service: HostService,
): (request: HostRequest) => { reply: HostReply; transfer: ArrayBuffer[] } {
  return ({ id, method, args }) => {
    try {
      const call = service[method] as (...args: unknown[]) => unknown;
      const value = call.apply(service, args);
      return { reply: { id, status: service.status(), ok: true, value }, transfer: transferables(value) };
    } catch (error) {
      const kind = error instanceof HostError ? error.kind : "internal";
      const message = error instanceof Error ? error.message : String(error);
      return { reply: { id, status: service.status(), ok: false, error: { kind, message } }, transfer: [] };
    }
  };
}
