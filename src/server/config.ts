import { totalmem } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import {
  addressList,
  bearerToken,
  choice,
  databaseUrl,
  flag,
  host,
  inCheckout,
  path,
  pathList,
  positive,
  secret,
  userId,
  userName,
  whole,
} from "./setting-kinds.ts";

/** What the system's timers can wait. */
const timerMsMax = 2 ** 31 - 1;
const tenYearsMinutes = 10 * 365 * 24 * 60;

/** Every setting of the server, its environment variable and its default. */
const environment = z.object({
  HANAMI_HOST: host.default("127.0.0.1"),
  HANAMI_PORT: whole(0, 65_535).default(11418),
  HANAMI_DATA_DIR: path.default(inCheckout("hanami-data")),
  DATABASE_URL: databaseUrl.optional(),
  HANAMI_DATABASE_CONNECTIONS: whole(1, 1024).default(10),
  HANAMI_DATABASE_TIMEOUT_SECONDS: whole(1, 3600).default(15),
  HANAMI_ADMIN_USER_ID: userId.optional(),
  HANAMI_ADMIN_USER_NAME: userName.optional(),
  HANAMI_ADMIN_PASSPHRASE: secret(8, 1024).optional(),
  HANAMI_TOKEN_KEY: secret(1, 65_536).optional(),
  HANAMI_TOKEN_KEY_FILE: path.optional(),
  HANAMI_TOKEN_OLD_KEY_FILES: pathList.default([]),
  HANAMI_TOKEN_EXPIRE_TIME: whole(1, 60 * tenYearsMinutes).default(3600),
  HANAMI_TLS_CERT_FILE: path.optional(),
  HANAMI_TLS_KEY_FILE: path.optional(),
  HANAMI_METRICS_TOKEN: bearerToken.optional(),
  HANAMI_POLICIES: path.optional(),
  HANAMI_SOFTWARE_GPU: flag.default(false),
  HANAMI_CPU_THREADS: whole(1, 1024).optional(),
  HANAMI_CPU_MEMORY_BYTES: positive.optional(),
  HANAMI_GPU_MEMORY_BYTES: positive.optional(),
  HANAMI_HOST_TIMEOUT_SECONDS: whole(1, 86_400).default(60),
  HANAMI_TEMPFILE_TIMEOUT: whole(1, tenYearsMinutes).default(10),
  HANAMI_SNAPSHOT_INTERVAL_MS: whole(1, timerMsMax).default(3000),
  HANAMI_TRUSTED_PROXIES: addressList.default([]),
  HANAMI_MAX_BODY_BYTES: positive.default(2 * 1024 * 1024),
  HANAMI_MAX_MESSAGE_BYTES: positive.default(16 * 1024 * 1024),
  HANAMI_MAX_TEMPLATE_BYTES: positive.default(131_072),
  HANAMI_MAX_HEXAGONS: positive.default(1024),
  HANAMI_MAX_INPUT_VALUES: positive.default(1_048_576),
  HANAMI_MAX_OUTPUT_VALUES: positive.default(262_144),
  HANAMI_MAX_UPLOAD_BYTES: positive.default(10_000_000_000),
  HANAMI_MAX_DATASET_BYTES: positive.default(40_000_000_000),
  HANAMI_MAX_DATASET_ROWS: positive.default(1_000_000_000),
  HANAMI_IMPORT_SECONDS: positive.default(60),
  HANAMI_IMPORT_SECONDS_PER_MB: positive.default(1),
  HANAMI_MAX_UPLOADS_PER_PROJECT: positive.default(1000),
  HANAMI_MAX_DATASETS_PER_PROJECT: positive.default(100_000),
  HANAMI_MAX_CHECKPOINTS_PER_PROJECT: positive.default(10_000),
  HANAMI_MAX_BYTES_PER_PROJECT: positive.optional(),
  HANAMI_MAX_CLUSTERS_PER_PROJECT: positive.default(10_000),
  HANAMI_MAX_TASKS_PER_PROJECT: positive.default(100_000),
  HANAMI_MAX_CONNECTIONS: positive.default(10_000),
  HANAMI_MAX_SOCKETS_PER_USER: positive.default(1000),
  HANAMI_REQUESTS_PER_SECOND: positive.default(2000),
  HANAMI_LOGIN_FAILURES_PER_MINUTE: positive.default(60),
  HANAMI_LOG_LEVEL: choice("debug", "info", "warn", "error", "silent").default("info"),
});

/** Names of all settings, as the environment and the configuration file have them. */
export const settingNames: readonly string[] = Object.keys(environment.shape);

/** What keeps one client from taking the whole server. */
export interface Limits {
  /** Of a request. */
  bodyBytes: number;
  /** Of one websocket message. */
  messageBytes: number;
  /** Of a cluster, whether it came as such or inside of a checkpoint. */
  templateBytes: number;
  /** Of a template, the same. */
  hexagons: number;
  /** Of one input and one output of a cluster, in one cycle: what they are is an external value, not a neuron. */
  inputValues: number;
  outputValues: number;
  /** Of one announced file, for a dataset or a checkpoint. */
  uploadBytes: number;
  /** The values of one dataset, uploaded or the result of a request; its file is a little larger. */
  datasetBytes: number;
  /** Of one uploaded dataset. */
  datasetRows: number;
  /** Processor time that reading an uploaded file may take, besides that for its size. */
  importSeconds: number;
  /** More of it for each million bytes of the file. */
  importSecondsPerMb: number;
  /** Announced ones that are not finished; the two files of MNIST are one. */
  uploadsPerProject: number;
  /** Uploads and results count from the beginning. */
  datasetsPerProject: number;
  /** Uploads and saves that wait count, too. */
  checkpointsPerProject: number;
  /** Files of datasets, checkpoints and uploads together; undefined: as many as the disk takes. */
  projectBytes: number | undefined;
  clustersPerProject: number;
  /** Unfinished ones. */
  tasksPerProject: number;
  /** Open at once, of all clients together. */
  connections: number;
  /** Websockets of one user, open at once. */
  socketsPerUser: number;
  /** Of one user in the long run; five times as many at once. */
  requestsPerSecond: number;
  /** From one address in the long run, and at once. Logins that succeed do not count. */
  loginFailuresPerMinute: number;
}

export interface Config {
  host: string;
  /** 0 lets the system choose. */
  port: number;
  dataDir: string;
  /** Undefined: the embedded database in the data directory. */
  databaseUrl: string | undefined;
  /** To a Postgres server, besides one for the lock. */
  databaseConnections: number;
  /** How long a Postgres server may say nothing while a query runs, and a query may wait for a connection. */
  databaseTimeoutSeconds: number;
  admin: { id: string | undefined; name: string | undefined; passphrase: string | undefined };
  /** The key that signs tokens; undefined: the content of `tokenKeyFile`. */
  tokenKey: string | undefined;
  tokenKeyFile: string;
  /** Tokens that were signed with these keys are accepted, too. */
  tokenOldKeyFiles: string[];
  tokenExpireSeconds: number;
  /** PEM files; undefined: the server speaks HTTP without TLS. */
  tls: { certFile: string; keyFile: string } | undefined;
  /** Who knows it may read `/metrics`; undefined: whoever is on this machine. */
  metricsToken: string | undefined;
  /** Undefined: the policies that ship with the server. */
  policiesFile: string | undefined;
  softwareGpu: boolean;
  cpuThreads: number | undefined;
  /** What the networks on the CPU host may take. */
  cpuMemoryBytes: number;
  /** The same on each GPU host; undefined: what the device has. */
  gpuMemoryBytes: number | undefined;
  /** What a host may take for one call before it is ended. */
  hostTimeoutMs: number;
  tempfileTimeoutMinutes: number;
  /** What a crash may cost: how long changes of a network wait, at most about, until they are on disk. */
  snapshotIntervalMs: number;
  /** Addresses whose `X-Forwarded-For` tells who a client is. */
  trustedProxies: string[];
  limits: Limits;
  logLevel: "debug" | "info" | "warn" | "error" | "silent";
}

/** Names every bad value at once; nothing falls back to a default that was not asked for. */
export class ConfigError extends Error {
  readonly problems: string[];

  constructor(problems: string[]) {
    super(`Bad configuration:\n${problems.map((problem) => `  ${problem}`).join("\n")}`);
    this.name = "ConfigError";
    this.problems = problems;
  }
}

/** Half of what this process may have: steps need some, too, and so does everything else. */
function defaultMemoryBytes(): number {
  // 0 or far more than there is when nothing constrains the process.
  const constrained = process.constrainedMemory() || Infinity;
  return Math.floor(Math.min(totalmem(), constrained) / 2);
}

/** What no setting has room for, whatever its kind. */
function problemOfText(text: string): string | undefined {
  // What Node makes of bytes that are not UTF-8.
  if (text.includes("\ufffd")) return "not UTF-8";
  // oxlint-disable-next-line no-control-regex
  return /[\0-\x1f\x7f]/.test(text) ? "control characters, such as the end of a line" : undefined;
}

/**
 * The configuration that these settings say. An empty text counts as not set. `origins`: where settings stand that are
 * not from the environment. Throws ConfigError.
 */
export function parseConfig(
  env: Record<string, string | undefined>,
  origins: ReadonlyMap<string, string> = new Map(),
): Config {
  const set = Object.fromEntries(settingNames.map((name) => [name, env[name] || undefined]));
  const problems: string[] = [];
  const note = (name: string, problem: string) => {
    const origin = origins.get(name);
    problems.push(`${origin === undefined ? "" : `${origin}: `}${name}: ${problem}`);
  };
  for (const [name, text] of Object.entries(set)) {
    const problem = problemOfText(text ?? "");
    if (problem === undefined) continue;
    note(name, problem);
    set[name] = undefined;
  }
  const parsed = environment.safeParse(set);
  for (const {
    path: [name = ""],
    message,
  } of parsed.error?.issues ?? [])
    note(String(name), message);
  if (!parsed.success) throw new ConfigError(problems);
  const values = parsed.data;
  const { HANAMI_TLS_CERT_FILE: certFile, HANAMI_TLS_KEY_FILE: keyFile } = values;
  if ((certFile === undefined) !== (keyFile === undefined)) {
    problems.push("HANAMI_TLS_CERT_FILE, HANAMI_TLS_KEY_FILE: one needs the other");
  }
  if (values.HANAMI_TOKEN_KEY !== undefined && values.HANAMI_TOKEN_KEY_FILE !== undefined) {
    problems.push("HANAMI_TOKEN_KEY, HANAMI_TOKEN_KEY_FILE: which of them?");
  }
  if (problems.length > 0) throw new ConfigError(problems);
  const dataDir = values.HANAMI_DATA_DIR;
  return {
    host: values.HANAMI_HOST,
    port: values.HANAMI_PORT,
    dataDir,
    databaseUrl: values.DATABASE_URL,
    databaseConnections: values.HANAMI_DATABASE_CONNECTIONS,
    databaseTimeoutSeconds: values.HANAMI_DATABASE_TIMEOUT_SECONDS,
    admin: {
      id: values.HANAMI_ADMIN_USER_ID,
      name: values.HANAMI_ADMIN_USER_NAME,
      passphrase: values.HANAMI_ADMIN_PASSPHRASE,
    },
    tokenKey: values.HANAMI_TOKEN_KEY,
    tokenKeyFile: values.HANAMI_TOKEN_KEY_FILE ?? join(dataDir, "token.key"),
    tokenOldKeyFiles: values.HANAMI_TOKEN_OLD_KEY_FILES,
    tokenExpireSeconds: values.HANAMI_TOKEN_EXPIRE_TIME,
    tls: certFile === undefined || keyFile === undefined ? undefined : { certFile, keyFile },
    metricsToken: values.HANAMI_METRICS_TOKEN,
    policiesFile: values.HANAMI_POLICIES,
    softwareGpu: values.HANAMI_SOFTWARE_GPU,
    cpuThreads: values.HANAMI_CPU_THREADS,
    gpuMemoryBytes: values.HANAMI_GPU_MEMORY_BYTES,
    cpuMemoryBytes: values.HANAMI_CPU_MEMORY_BYTES ?? defaultMemoryBytes(),
    hostTimeoutMs: 1000 * values.HANAMI_HOST_TIMEOUT_SECONDS,
    tempfileTimeoutMinutes: values.HANAMI_TEMPFILE_TIMEOUT,
    snapshotIntervalMs: values.HANAMI_SNAPSHOT_INTERVAL_MS,
    trustedProxies: values.HANAMI_TRUSTED_PROXIES,
    limits: {
      bodyBytes: values.HANAMI_MAX_BODY_BYTES,
      messageBytes: values.HANAMI_MAX_MESSAGE_BYTES,
      templateBytes: values.HANAMI_MAX_TEMPLATE_BYTES,
      hexagons: values.HANAMI_MAX_HEXAGONS,
      inputValues: values.HANAMI_MAX_INPUT_VALUES,
      outputValues: values.HANAMI_MAX_OUTPUT_VALUES,
      uploadBytes: values.HANAMI_MAX_UPLOAD_BYTES,
      datasetBytes: values.HANAMI_MAX_DATASET_BYTES,
      datasetRows: values.HANAMI_MAX_DATASET_ROWS,
      importSeconds: values.HANAMI_IMPORT_SECONDS,
      importSecondsPerMb: values.HANAMI_IMPORT_SECONDS_PER_MB,
      uploadsPerProject: values.HANAMI_MAX_UPLOADS_PER_PROJECT,
      datasetsPerProject: values.HANAMI_MAX_DATASETS_PER_PROJECT,
      checkpointsPerProject: values.HANAMI_MAX_CHECKPOINTS_PER_PROJECT,
      projectBytes: values.HANAMI_MAX_BYTES_PER_PROJECT,
      clustersPerProject: values.HANAMI_MAX_CLUSTERS_PER_PROJECT,
      tasksPerProject: values.HANAMI_MAX_TASKS_PER_PROJECT,
      connections: values.HANAMI_MAX_CONNECTIONS,
      socketsPerUser: values.HANAMI_MAX_SOCKETS_PER_USER,
      requestsPerSecond: values.HANAMI_REQUESTS_PER_SECOND,
      loginFailuresPerMinute: values.HANAMI_LOGIN_FAILURES_PER_MINUTE,
    },
    logLevel: values.HANAMI_LOG_LEVEL,
  };
}
