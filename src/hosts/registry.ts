import { HostQueue } from "./host-queue.ts";
import type { Host } from "./host.ts";

/** The logical hosts of this server, CPU hosts first. */
export interface HostRegistry {
  list(): Host[];
  /** Undefined when there is no such host. */
  get(uuid: string): Host | undefined;
  /** The host of a new cluster whose request names no host. */
  default(): Host;
  /** The queue in which calls for this host's clusters wait for their turn. */
  queue(host: Host): HostQueue;
  /** Calls `Host.hurry` of every host, because the server shuts down. */
  hurry(): void;
  close(): Promise<void>;
}

/** Creates a registry of these hosts. The first one is the default. */
export function createHostRegistry(hosts: readonly [Host, ...Host[]]): HostRegistry {
  const byUuid = new Map(hosts.map((host) => [host.uuid, host]));
  const queues = new Map(hosts.map((host) => [host, new HostQueue(host)]));
  return {
    list: () => [...hosts],
    get: (uuid) => byUuid.get(uuid.toLowerCase()),
    default: () => hosts[0],
    queue: (host) => {
      const queue = queues.get(host);
      if (queue === undefined) throw new Error(`host ${host.uuid} is not registered`);
      return queue;
    },
    hurry: () => {
      for (const host of hosts) host.hurry();
    },
    close: async () => {
      await Promise.all(hosts.map((host) => host.close()));
    },
  };
}
