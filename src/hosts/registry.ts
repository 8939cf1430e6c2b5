import { HostQueue } from "./host-queue.ts";
import { HostRoom } from "./host-room.ts";
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
  /** The queue in which networks wait for room on this host. */
  room(host: Host): HostRoom;
  /** Calls `Host.hurry` of every host, because the server shuts down. */
  hurry(): void;
  /** Whether the server shuts down. */
  readonly isClosing: boolean;
  close(): Promise<void>;
}

/** Creates a registry of these hosts. The first one is the default. `patienceMs`: see `HostRoom`. */
export function createHostRegistry(
  hosts: readonly [Host, ...Host[]],
  { patienceMs }: { patienceMs?: number } = {},
): HostRegistry {
  const byUuid = new Map(hosts.map((host) => [host.uuid, host]));
  const queues = new Map(hosts.map((host) => [host, new HostQueue(host)]));
  const rooms = new Map(hosts.map((host) => [host, new HostRoom(patienceMs === undefined ? {} : { patienceMs })]));
  for (const [host, room] of rooms) host.onLeft(() => room.changed());
  let isClosing = false;
  const of = <Part>(parts: ReadonlyMap<Host, Part>, host: Host): Part => {
    const part = parts.get(host);
    if (part === undefined) throw new Error(`host ${host.uuid} is not registered`);
    return part;
  };
  const endWaiting = () => {
    isClosing = true;
    for (const room of rooms.values()) room.close();
  };
  return {
    list: () => [...hosts],
    get: (uuid) => byUuid.get(uuid.toLowerCase()),
    default: () => hosts[0],
    queue: (host) => of(queues, host),
    room: (host) => of(rooms, host),
    hurry: () => {
      endWaiting();
      for (const host of hosts) host.hurry();
    },
    get isClosing() {
      return isClosing;
    },
    close: async () => {
      endWaiting();
      await Promise.all(hosts.map((host) => host.close()));
    },
  };
}
