import type { Server as HttpServer } from "node:http";
import { Server as TlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { availableParallelism } from "node:os";
import { ensureFirstAdmin, type GeneratedAdmin } from "./accounts/first-admin.ts";
import { KnownCallers } from "./accounts/known-callers.ts";
import { loadPolicies } from "./accounts/policies.ts";
import { TokenKeys } from "./accounts/token-key.ts";
import type { DestinationStream } from "pino";
import type { App } from "./app-context.ts";
import { DirectScores } from "./clusters/direct-scores.ts";
import { Connections } from "./accounts/connections.ts";
import { createApi } from "./api/app.ts";
import { createHttpServer } from "./api/http-server.ts";
import { routes } from "./api/routes.ts";
import { attachWebSockets } from "./api/websocket/server.ts";
import { socketTargets } from "./api/websocket/targets.ts";
import type { Config } from "./server/config.ts";
import { lockDataDirectory } from "./server/data-lock.ts";
import { recoverUploads } from "./uploads/recover-uploads.ts";
import { recoverDatasets } from "./datasets/recover-datasets.ts";
import { startUploadSweeper } from "./uploads/sweeper.ts";
import { Uploads } from "./uploads/uploads.ts";
import { withOutcomes } from "./db/commit-listeners.ts";
import { openDatabase } from "./db/open.ts";
import { Events } from "./events/events.ts";
import { announceHosts } from "./hosts/host-events.ts";
import { openHosts } from "./hosts/open-hosts.ts";
import { TokenBuckets } from "./limits/token-bucket.ts";
import { Metrics } from "./metrics/metrics.ts";
import { createLog } from "./logs/log.ts";
import { startMeasurements } from "./sensors/measurements.ts";
import { paths } from "./files/paths.ts";
import { comparisonSemaphore } from "./accounts/passphrase.ts";
import { Readers } from "./uploads/readers.ts";
import { StartError } from "./errors.ts";
import { openStorage } from "./files/storage.ts";
import { openFilesMax, shareOpenFiles } from "./server/open-files.ts";
import { loadTlsFiles } from "./server/tls-files.ts";
import { createScheduler } from "./tasks/create-scheduler.ts";
import { startHistorySweeper } from "./tasks/sweep-history.ts";
import { TaskChanges } from "./tasks/task-changes.ts";
import { loadReceivers } from "./webhooks/receivers.ts";
import { Webhooks } from "./webhooks/webhooks.ts";

/** A running server: all parts are open, but it listens only after `listen`. */
export interface Server {
  readonly app: App;
  /** Set when this start created the first administrator with a generated passphrase. */
  readonly generatedAdmin: GeneratedAdmin | undefined;
  /** Answers a request without a socket. */
  fetch(request: Request): Promise<Response>;
  listen(): Promise<{ url: string }>;
  /**
   * Takes token keys and TLS files from these settings and ignores all others. Throws, and changes nothing, when one
   * of them cannot be used.
   */
  reload(config: Config): Promise<void>;
  /** Resolves when another server has taken the database: this one must exit at once, without writing anything. */
  readonly taken: Promise<Error>;
  /** Stops listening, ends running work and closes all parts in reverse order of opening. Idempotent. */
  close(): Promise<void>;
}

/** Closes parts in reverse order of opening; a failure does not keep the others open. */
function createCloser() {
  const steps: (() => Promise<void>)[] = [];
  let closing: Promise<void> | undefined;
  const run = async () => {
    const failures: unknown[] = [];
    for (const step of steps.reverse()) {
      try {
        await step();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, "the server did not close cleanly");
  };
  return { add: (step: () => Promise<void>) => void steps.push(step), close: () => (closing ??= run()) };
}

function listen(server: HttpServer, config: Config): Promise<{ url: string }> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(config.port, config.host, () => {
      server.off("error", reject);
      const { address, family, port } = server.address() as AddressInfo;
      resolve({
        url: `${config.tls === undefined ? "http" : "https"}://${family === "IPv6" ? `[${address}]` : address}:${port}`,
      });
    });
  });
}

/** On shutdown, how long requests in progress may still take. */
const drainTimeoutMs = 5000;
/** How often connections without a request are closed meanwhile. */
const hurryMs = 20;

async function stopListening(
  server: HttpServer,
  { connections }: App,
  closeWebSockets: () => Promise<void>,
): Promise<void> {
  if (!server.listening) return;
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  const timer = setTimeout(() => server.closeAllConnections(), drainTimeoutMs);
  server.closeIdleConnections();
  // An answered client keeps its connection, and may ask again.
  const hurry = setInterval(() => {
    connections.endWaits();
    server.closeIdleConnections();
  }, hurryMs);
  await closeWebSockets();
  await closed;
  clearInterval(hurry);
  clearTimeout(timer);
}

async function reload({ log, tokenKeys, connections }: App, server: HttpServer, config: Config): Promise<void> {
  const isTls = server instanceof TlsServer;
  if (isTls !== (config.tls !== undefined)) throw new StartError("TLS can be switched on or off by a restart only.");
  const tls = config.tls === undefined ? undefined : await loadTlsFiles(config.tls, log);
  const isKeyGone = await tokenKeys.reload(config);
  if (isTls && tls !== undefined) server.setSecureContext(tls);
  // Which connections used a token of the removed key is unknown.
  if (isKeyGone) connections.endAll("log in again");
  log.info({ isKeyGone, isTls }, "token keys and TLS files were read again");
}

/**
 * Opens all parts of a server in order and wires them. If one fails, the parts opened before it are closed again. Tests
 * pass a database that is open already.
 */
export async function openApp(
  config: Config,
  destination?: DestinationStream,
  open: typeof openDatabase = openDatabase,
): Promise<Server> {
  const closer = createCloser();
  const metrics = new Metrics();
  const log = createLog(config, {
    onEntry: (level) => metrics.logEntries.inc({ level }),
    ...(destination && { destination }),
  });
  try {
    const files = shareOpenFiles(openFilesMax(), config.cpuThreads ?? availableParallelism());
    const connectionsMax = Math.min(config.limits.connections, files.connections);
    const storage = await openStorage(config.dataDir);
    const lock = await lockDataDirectory(storage.root);
    closer.add(() => lock.release());
    // Files that may be wrong are read before the database is opened, which takes seconds.
    const tokenKeys = await TokenKeys.load(config, log);
    const tls = config.tls === undefined ? undefined : await loadTlsFiles(config.tls, log);
    const receivers = await loadReceivers(config);
    const policies = await loadPolicies(config.policiesFile ?? paths.defaultPolicies);
    const database = await open({
      url: config.databaseUrl,
      directory: storage.database,
      filesMax: files.database,
      connections: config.databaseConnections,
      querySeconds: config.databaseTimeoutSeconds,
      log,
    });
    closer.add(() => database.close());
    const db = withOutcomes(database.db);
    const events = new Events();

    const measurements = startMeasurements();
    closer.add(() => measurements.close());

    const uploads = new Uploads({ db, storage, events });
    closer.add(() => uploads.close());

    // Removes files without a row, before anything writes to the folders.
    await recoverUploads({ db, storage, uploads, log, events });
    await recoverDatasets({ db, storage, log });
    const hosts = await openHosts({ db, config, log });
    closer.add(() => hosts.close());
    const webhooks = new Webhooks({ db, log, metrics, receivers });
    closer.add(() => webhooks.close());
    announceHosts(hosts.list(), events);
    const directScores = new DirectScores({ metrics, events });
    const scheduler = await createScheduler({
      db,
      storage,
      hosts,
      log,
      snapshotIntervalMs: config.snapshotIntervalMs,
      limits: config.limits,
      metrics,
      events,
      directScores,
      changes: new TaskChanges(),
      webhooks,
    });
    closer.add(() => scheduler.close());
    await webhooks.start();

    const app: App = {
      config,
      log,
      db,
      storage,
      uploads,
      readers: new Readers(config.limits),
      hosts,
      scheduler,
      webhooks,
      tokenKeys,
      knownCallers: new KnownCallers(),
      policies,
      measurements,
      connections: new Connections(),
      connectionsMax,
      metrics,
      directScores,
      events,
      requestRate: new TokenBuckets({
        perSecond: config.limits.requestsPerSecond,
        burst: 5 * config.limits.requestsPerSecond,
      }),
      comparisons: comparisonSemaphore(),
      loginRate: new TokenBuckets({
        perSecond: config.limits.loginFailuresPerMinute / 60,
        burst: config.limits.loginFailuresPerMinute,
      }),
    };
    const uploadSweeper = startUploadSweeper(app);
    closer.add(() => uploadSweeper.close());
    const historySweeper = startHistorySweeper(app);
    closer.add(() => historySweeper.close());

    const api = createApi(app, routes);
    const server = createHttpServer(api, tls);
    server.maxConnections = connectionsMax;
    if (connectionsMax < config.limits.connections) {
      log.info({ connections: connectionsMax }, "the limit on open files allows fewer connections than configured");
    }
    server.on("drop", () => metrics.refused("connections"));
    const webSockets = attachWebSockets(app, server, socketTargets);
    closer.add(() => stopListening(server, app, () => webSockets.close()));
    // Runs first on close: requests, websockets and tasks wait for their hosts.
    closer.add(async () => hosts.hurry());

    // Comes last: if a later step failed, the caller would never get to show the generated passphrase.
    const generatedAdmin = await ensureFirstAdmin(db, config.admin);
    return {
      app,
      generatedAdmin,
      taken: database.taken,
      fetch: async (request) => api.fetch(request),
      listen: () => listen(server, config),
      reload: (changed) => reload(app, server, changed),
      close: () => closer.close(),
    };
  } catch (error) {
    await closer.close();
    throw error;
  }
}
