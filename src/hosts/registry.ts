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
