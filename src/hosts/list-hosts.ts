import type { Context } from "../app-context.ts";
import { isOfKind, silenceText } from "./host-errors.ts";
import type { Host, HostStatus } from "./host.ts";

export interface ListedHost {
  host: Host;
  /** Null while the host does not answer; `error` gives the reason. */
  status: HostStatus | null;
  /** `silent`: busy with one call for unusually long. */
  state: "ready" | "silent" | "lost";
  error: string | null;
}

/** A host as clients get it, in the order of the list's columns. */
export const hostRow = ({ host, status, state, error }: ListedHost) => ({
  uuid: host.uuid,
  type: host.type,
  name: host.name,
  load: status?.load ?? null,
  memory_free: status?.memoryBytesFree ?? null,
  clusters: status?.clusters ?? null,
  memory_total: status?.memoryBytesTotal ?? null,
  buffer_max: host.device?.bufferBytesMax ?? null,
  vendor: host.device?.vendor ?? null,
  driver: host.device?.driver ?? null,
  state,
  error,
});

/** The logical hosts, CPU hosts first. Every user sees all of them. */
export async function listHosts({ app }: Context): Promise<ListedHost[]> {
  return Promise.all(
    app.hosts.list().map(async (host): Promise<ListedHost> => {
      try {
        const status = await host.status();
        const { silentMs } = host;
        if (silentMs === 0) return { host, status, state: "ready", error: null };
        return { host, status, state: "silent", error: silenceText(silentMs) };
      } catch (error) {
        app.log.warn({ err: error, host: host.uuid }, "the host does not answer");
        const state = isOfKind(error, "hung") ? "silent" : "lost";
        return { host, status: null, state, error: error instanceof Error ? error.message : String(error) };
      }
    }),
  );
}
