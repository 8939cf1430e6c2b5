import type { Host } from "./host.ts";

/** The logical hosts of this server, CPU hosts first. */
export interface HostRegistry {
  list(): Host[];
  /** Undefined when there is no such host. */
  get(uuid: string): Host | undefined;
  /** Where a new cluster goes when the request names no host. */
  default(): Host;
  close(): Promise<void>;
}

/** A registry of these hosts, the first of which is the default. */
export function createHostRegistry(hosts: readonly [Host, ...Host[]]): HostRegistry {
  const byUuid = new Map(hosts.map((host) => [host.uuid, host]));
  return {
    list: () => [...hosts],
    get: (uuid) => byUuid.get(uuid.toLowerCase()),
    default: () => hosts[0],
    close: async () => {
      await Promise.all(hosts.map((host) => host.close()));
    },
  };
}
