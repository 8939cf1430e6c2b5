import type { Logger } from "pino";
import type { Caller } from "./accounts/caller.ts";
import type { Connections } from "./accounts/connections.ts";
import type { KnownCallers } from "./accounts/known-callers.ts";
import type { Policies } from "./accounts/policies.ts";
import type { TokenKeys } from "./accounts/token-key.ts";
import type { Config } from "./server/config.ts";
import type { Uploads } from "./uploads/uploads.ts";
import type { Db } from "./db/client.ts";
import type { TokenBuckets } from "./limits/token-bucket.ts";
import type { Metrics } from "./metrics/metrics.ts";
import type { Measurements } from "./sensors/measurements.ts";
import type { Semaphore } from "./limits/semaphore.ts";
import type { Readers } from "./uploads/readers.ts";
import type { Storage } from "./files/storage.ts";
import type { HostRegistry } from "./hosts/registry.ts";
import type { Scheduler } from "./tasks/scheduler.ts";

/** What the server consists of. Built once in `main.ts` (or by a test) and handed down; nothing opens itself. */
export interface App {
  readonly config: Config;
  readonly log: Logger;
  readonly db: Db;
  readonly storage: Storage;
  readonly uploads: Uploads;
  /** Of uploaded files. */
  readonly readers: Readers;
  readonly hosts: HostRegistry;
  readonly scheduler: Scheduler;
  /** Signs and checks tokens. */
  readonly tokenKeys: TokenKeys;
  readonly knownCallers: KnownCallers;
  readonly policies: Policies;
  readonly measurements: Measurements;
  readonly metrics: Metrics;
  /** Requests by user. */
  readonly requestRate: TokenBuckets;
  /** Failed logins by address. */
  readonly loginRate: TokenBuckets;
  /** Passphrases that are compared at once, by address and user. */
  readonly comparisons: Semaphore;
  /** What stays open for users, to be ended with them. */
  readonly connections: Connections;
}

/** Who is asking without a token. */
export interface Visitor {
  readonly app: App;
  /** What attempts are counted under, see `addressKey`; empty where there is no connection. */
  readonly address: string;
}

/** First argument of every action that works for a user. */
export interface Context {
  readonly app: App;
  readonly caller: Caller;
}
