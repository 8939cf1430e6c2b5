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
  originList,
  path,
  pathList,
  positive,
  secret,
  urlPrefixList,
  userId,
  userName,
  whole,
} from "./setting-kinds.ts";

/** Longest delay of a timer. */
const timerMsMax = 2 ** 31 - 1;
const tenYearsMinutes = 10 * 365 * 24 * 60;
const centuryDays = 36_500;
/** At least the size of the signature's hash. */
export const webhookSecretChars = { min: 32, max: 1024 };

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
  HANAMI_WEBHOOK_URLS: urlPrefixList.default([]),
  HANAMI_WEBHOOK_SECRET: secret(webhookSecretChars.min, webhookSecretChars.max).optional(),
  HANAMI_WEBHOOK_SECRET_FILE: path.optional(),
  HANAMI_POLICIES: path.optional(),
  HANAMI_SOFTWARE_GPU: flag.default(false),
  HANAMI_CPU_THREADS: whole(1, 1024).optional(),
  HANAMI_CPU_MEMORY_BYTES: positive.optional(),
  HANAMI_GPU_MEMORY_BYTES: positive.optional(),
  HANAMI_HOST_TIMEOUT_SECONDS: whole(1, 86_400).default(60),
  HANAMI_TEMPFILE_TIMEOUT: whole(1, tenYearsMinutes).default(10),
  HANAMI_SNAPSHOT_INTERVAL_MS: whole(1, timerMsMax).default(3000),
  HANAMI_TASK_RETENTION_DAYS: whole(1, centuryDays).optional(),
  HANAMI_AUDIT_LOG_RETENTION_DAYS: whole(1, centuryDays).optional(),
  HANAMI_ERROR_LOG_RETENTION_DAYS: whole(1, centuryDays).optional(),
  HANAMI_TRUSTED_PROXIES: addressList.default([]),
  HANAMI_CORS_ORIGINS: originList.default([]),
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

/** Names of all settings, in the environment and in the configuration file. */
export const settingNames: readonly string[] = Object.keys(environment.shape);

/** Limits that keep one client from using up the server. */
export interface Limits {
  /** Body of a request. */
  bodyBytes: number;
  /** One websocket message. */
  messageBytes: number;
  /** Template of a cluster, sent by a client or contained in a checkpoint. */
  templateBytes: number;
  /** Hexagons of such a template. */
  hexagons: number;
  /** External values (not neurons) of one input or output of a cluster, in one cycle. */
  inputValues: number;
  outputValues: number;
  /** One announced file, for a dataset or a checkpoint. */
  uploadBytes: number;
  /** The values of one dataset, uploaded or the result of a request; its file is slightly larger. */
  datasetBytes: number;
  /** Rows of one uploaded dataset. */
  datasetRows: number;
  /** Processor time for reading an uploaded file, in addition to the time for its size. */
  importSeconds: number;
  /** Additional processor time per million bytes of the file. */
  importSecondsPerMb: number;
  /** Unfinished uploads; the two files of MNIST count as one. */
  uploadsPerProject: number;
  /** Datasets, including unfinished uploads and results. */
  datasetsPerProject: number;
  /** Checkpoints, including unfinished uploads and queued saves. */
  checkpointsPerProject: number;
  /** Total size of files of datasets, checkpoints and uploads; undefined: limited by the disk only. */
  projectBytes: number | undefined;
  clustersPerProject: number;
  /** Unfinished tasks. */
  tasksPerProject: number;
  /** Open connections of all clients. */
  connections: number;
  /** Open websockets of one user. */
  socketsPerUser: number;
  /** Sustained rate of one user; the burst is five times as large. */
  requestsPerSecond: number;
  /** Sustained rate and burst of one address. Successful logins do not count. */
  loginFailuresPerMinute: number;
}

export interface Config {
  host: string;
  /** 0: the system chooses a free port. */
  port: number;
  dataDir: string;
  /** Undefined: the embedded database in the data directory. */
  databaseUrl: string | undefined;
  /** Connections to a Postgres server, in addition to one for the lock. */
  databaseConnections: number;
  /** How long a Postgres server may stay silent during a query, and how long a query may wait for a connection. */
  databaseTimeoutSeconds: number;
  admin: { id: string | undefined; name: string | undefined; passphrase: string | undefined };
  /** Key that signs tokens; undefined: the content of `tokenKeyFile`. */
  tokenKey: string | undefined;
  tokenKeyFile: string;
  /** Tokens signed with these keys are also accepted. */
  tokenOldKeyFiles: string[];
  tokenExpireSeconds: number;
  /** PEM files; undefined: plain HTTP. */
  tls: { certFile: string; keyFile: string } | undefined;
  /** Bearer token for `/metrics`; undefined: any client on this machine may read it. */
  metricsToken: string | undefined;
  /** Where ends of tasks may be posted: prefixes of URLs, and the secret that signs, or its file. */
  webhooks: { urls: string[]; secret: string | undefined; secretFile: string | undefined };
  /** Undefined: the policies shipped with the server. */
  policiesFile: string | undefined;
  softwareGpu: boolean;
  cpuThreads: number | undefined;
  /** Memory limit for the networks on the CPU host. */
  cpuMemoryBytes: number;
  /** Memory limit for the networks on each GPU host; undefined: the memory of the device. */
  gpuMemoryBytes: number | undefined;
  /** How long a host may take for one call before it is killed. */
  hostTimeoutMs: number;
  tempfileTimeoutMinutes: number;
  /** About how much work a crash may lose: the delay until changes of a network are on disk. */
  snapshotIntervalMs: number;
  /** How long ended tasks and log entries are kept; undefined: for ever. */
  retention: { taskDays: number | undefined; auditLogDays: number | undefined; errorLogDays: number | undefined };
  /** Addresses of proxies whose `X-Forwarded-For` is trusted. */
  trustedProxies: string[];
  /** Origins whose pages may call the API; `*` alone: every origin. */
  corsOrigins: string[];
  limits: Limits;
  logLevel: "debug" | "info" | "warn" | "error" | "silent";
}

/** Lists all bad values at once. A bad value is an error and never falls back to the default. */
export class ConfigError extends Error {
  readonly problems: string[];

  constructor(problems: string[]) {
    super(`Bad configuration:\n${problems.map((problem) => `  ${problem}`).join("\n")}`);
    this.name = "ConfigError";
    this.problems = problems;
  }
}

/** Half of this process's memory; learning steps and the rest of the server need the other half. */
function defaultMemoryBytes(): number {
  // 0, or far more than the machine has, when nothing constrains the process.
  const constrained = process.constrainedMemory() || Infinity;
  return Math.floor(Math.min(totalmem(), constrained) / 2);
}

/** Checks that apply to every setting, whatever its kind. */
function problemOfText(text: string): string | undefined {
  // Node replaces bytes that are not UTF-8 with this character.
  if (text.includes("\ufffd")) return "not UTF-8";
  // oxlint-disable-next-line no-control-regex
  return /[\0-\x1f\x7f]/.test(text) ? "control characters, such as the end of a line" : undefined;
}

/**
 * Builds the configuration from these settings. An empty text counts as not set. `origins` gives the position of each
 * setting that does not come from the environment. Throws ConfigError.
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
  const { HANAMI_WEBHOOK_SECRET: webhookSecret, HANAMI_WEBHOOK_SECRET_FILE: webhookSecretFile } = values;
  if (webhookSecret !== undefined && webhookSecretFile !== undefined) {
    problems.push("HANAMI_WEBHOOK_SECRET, HANAMI_WEBHOOK_SECRET_FILE: which of them?");
  }
  if (values.HANAMI_WEBHOOK_URLS.length > 0 && (webhookSecret ?? webhookSecretFile) === undefined) {
    problems.push("HANAMI_WEBHOOK_URLS: needs HANAMI_WEBHOOK_SECRET or HANAMI_WEBHOOK_SECRET_FILE");
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
    webhooks: { urls: values.HANAMI_WEBHOOK_URLS, secret: webhookSecret, secretFile: webhookSecretFile },
    policiesFile: values.HANAMI_POLICIES,
    softwareGpu: values.HANAMI_SOFTWARE_GPU,
    cpuThreads: values.HANAMI_CPU_THREADS,
    gpuMemoryBytes: values.HANAMI_GPU_MEMORY_BYTES,
    cpuMemoryBytes: values.HANAMI_CPU_MEMORY_BYTES ?? defaultMemoryBytes(),
    hostTimeoutMs: 1000 * values.HANAMI_HOST_TIMEOUT_SECONDS,
    tempfileTimeoutMinutes: values.HANAMI_TEMPFILE_TIMEOUT,
    snapshotIntervalMs: values.HANAMI_SNAPSHOT_INTERVAL_MS,
    retention: {
      taskDays: values.HANAMI_TASK_RETENTION_DAYS,
      auditLogDays: values.HANAMI_AUDIT_LOG_RETENTION_DAYS,
      errorLogDays: values.HANAMI_ERROR_LOG_RETENTION_DAYS,
    },
    trustedProxies: values.HANAMI_TRUSTED_PROXIES,
    corsOrigins: values.HANAMI_CORS_ORIGINS,
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
