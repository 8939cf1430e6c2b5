import type { Logger } from "pino";
import type { Db } from "../db/client.ts";
import type { Events } from "../events/events.ts";
import type { Storage } from "../files/storage.ts";
import type { DirectScores } from "./direct-scores.ts";
import type { HostRegistry } from "../hosts/registry.ts";
import type { Metrics } from "../metrics/metrics.ts";

/** Parts of the server that a cluster's network uses. */
export interface NetworkResources {
  db: Db;
  hosts: HostRegistry;
  storage: Storage;
  log: Logger;
  metrics: Metrics;
  directScores: DirectScores;
  events: Events;
  /** Changes of a network are durable after about this time. */
  snapshotIntervalMs: number;
}
