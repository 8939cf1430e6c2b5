import type { Logger } from "pino";
import type { Caller } from "./accounts/caller.ts";
import type { Connections } from "./accounts/connections.ts";
import type { KnownCallers } from "./accounts/known-callers.ts";
import type { Policies } from "./accounts/policies.ts";
import type { TokenKeys } from "./accounts/token-key.ts";
import type { DirectScores } from "./clusters/direct-scores.ts";
import type { Config } from "./server/config.ts";
import type { Uploads } from "./uploads/uploads.ts";
import type { Db } from "./db/client.ts";
import type { Events } from "./events/events.ts";
import type { TokenBuckets } from "./limits/token-bucket.ts";
import type { Metrics } from "./metrics/metrics.ts";
import type { Measurements } from "./sensors/measurements.ts";
import type { Semaphore } from "./limits/semaphore.ts";
import type { Readers } from "./uploads/readers.ts";
import type { Storage } from "./files/storage.ts";
import type { HostRegistry } from "./hosts/registry.ts";
import type { Scheduler } from "./tasks/scheduler.ts";
import type { Notifier } from "./tasks/notifier.ts";

/** All parts of a server. `openApp` builds them once and passes them down; no part opens itself. */
export interface App {
  readonly config: Config;
  readonly log: Logger;
  readonly db: Db;
  readonly storage: Storage;
  readonly uploads: Uploads;
  /** Limits how many uploaded files are read at once. */
  readonly readers: Readers;
  readonly hosts: HostRegistry;
  readonly scheduler: Scheduler;
  readonly webhooks: Notifier;
  /** Signs and checks tokens. */
  readonly tokenKeys: TokenKeys;
  readonly knownCallers: KnownCallers;
  readonly policies: Policies;
  readonly measurements: Measurements;
  readonly metrics: Metrics;
  readonly directScores: DirectScores;
  /** What happens, for clients that listen. */
  readonly events: Events;
  /** Request rate per user. */
  readonly requestRate: TokenBuckets;
  /** Rate of failed logins per address. */
  readonly loginRate: TokenBuckets;
  /** Limits how many passphrases are compared at once, per address and user. */
  readonly comparisons: Semaphore;
  /** Open connections per user; they end when the user or the assignment is removed. */
  readonly connections: Connections;
  /** Upper bound on the connections of all clients. */
  readonly connectionsMax: number;
}

/** A client without a token. */
export interface Visitor {
  readonly app: App;
  /** The key under which attempts are counted (`addressKey`); empty where there is no connection. */
  readonly address: string;
}

/** First argument of every action that acts for a user. */
export interface Context {
  readonly app: App;
  readonly caller: Caller;
}
