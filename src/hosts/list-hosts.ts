import type { Context } from "../app-context.ts";
import type { Host, HostStatus } from "./host.ts";

export interface ListedHost {
  host: Host;
  /** Null while the host does not answer; `error` says why. */
  status: HostStatus | null;
  error: string | null;
}

/** The logical hosts, CPU hosts first. Every user sees all of them. */
export async function listHosts({ app }: Context): Promise<ListedHost[]> {
  return Promise.all(
    app.hosts.list().map(async (host) => {
      try {
        return { host, status: await host.status(), error: null };
      } catch (error) {
        app.log.warn({ err: error, host: host.uuid }, "the host does not answer");
        return { host, status: null, error: error instanceof Error ? error.message : String(error) };
      }
    }),
  );
}
