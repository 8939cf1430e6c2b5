import { totalmem } from "node:os";
import { isIP } from "node:net";
import { resolve } from "node:path";
import { z } from "zod";

const port = z.coerce.number().int().min(0).max(65_535);
const flag = z.enum(["true", "false"]).transform((value) => value === "true");
const positive = z.coerce.number().int().min(1);

const GIB = 2 ** 30;

/** Texts between commas. */
const list = z.string().transform((text) =>
  text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== ""),
);
const fileList = list.transform((files) => files.map((file) => resolve(file)));
const addressList = list.refine((items) => items.every((item) => isIP(item) !== 0), "not a list of IP addresses");

/** Every setting of the server, its environment variable and its default. */
const environment = z.object({
  HANAMI_HOST: z.string().min(1).default("127.0.0.1"),
  HANAMI_PORT: port.default(11418),
  HANAMI_DATA_DIR: z.string().min(1).default("hanami-data"),
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
  // As strict as POST /token: an administrator who can not log in is no help.
  HANAMI_ADMIN_USER_ID: z
    .string()
    .regex(/^[a-zA-Z][a-zA-Z_0-9@]*$/)
    .min(4)
    .max(254)
    .optional(),
  HANAMI_ADMIN_USER_NAME: z.string().optional(),
  HANAMI_ADMIN_PASSPHRASE: z.string().min(8).max(1024).optional(),
  HANAMI_TOKEN_KEY: z.string().optional(),
  HANAMI_TOKEN_KEY_FILE: z.string().min(1).optional(),
  HANAMI_TOKEN_OLD_KEY_FILES: fileList.default([]),
  HANAMI_TOKEN_EXPIRE_TIME: positive.default(3600),
  HANAMI_TLS_CERT_FILE: z.string().min(1).optional(),
  HANAMI_TLS_KEY_FILE: z.string().min(1).optional(),
  // As a bearer token it must fit into a header.
  HANAMI_METRICS_TOKEN: z
    .string()
    .regex(/^[\x21-\x7e]+$/)
    .min(16)
    .optional(),
  HANAMI_POLICIES: z.string().min(1).optional(),
  HANAMI_SOFTWARE_GPU: flag.default(false),
  HANAMI_CPU_THREADS: positive.optional(),
  // More than that a wasm memory can not have.
  HANAMI_CPU_MEMORY_BYTES: positive.max(4 * GIB).optional(),
  HANAMI_GPU_MEMORY_BYTES: positive.optional(),
  HANAMI_TEMPFILE_TIMEOUT: positive.default(10),
  HANAMI_SNAPSHOT_INTERVAL_MS: positive.default(3000),
  HANAMI_TRUSTED_PROXIES: addressList.default([]),
  HANAMI_MAX_BODY_BYTES: positive.default(2 * 1024 * 1024),
  HANAMI_MAX_MESSAGE_BYTES: positive.default(16 * 1024 * 1024),
  HANAMI_MAX_TEMPLATE_BYTES: positive.default(1_048_576),
  HANAMI_MAX_UPLOAD_BYTES: positive.default(10_000_000_000),
  HANAMI_MAX_DATASET_BYTES: positive.default(40_000_000_000),
  HANAMI_MAX_DATASET_ROWS: positive.default(1_000_000_000),
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
  HANAMI_LOG_LEVEL: z.enum(["debug", "info", "warn", "error", "silent"]).default("info"),
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
  /** Of one announced file, for a dataset or a checkpoint. */
  uploadBytes: number;
  /** The values of one dataset, uploaded or the result of a request; its file is a little larger. */
  datasetBytes: number;
  /** Of one uploaded dataset. */
  datasetRows: number;
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

/** Half of what this process may have, and at most 3 GiB: of the 4 GiB of a wasm memory, steps need some, too. */
function defaultMemoryBytes(): number {
  // 0 or far more than there is when nothing constrains the process.
  const constrained = process.constrainedMemory() || Infinity;
  return Math.floor(Math.min(3 * GIB, Math.min(totalmem(), constrained) / 2));
}

/** Reads the configuration once. An empty variable counts as not set. Throws ConfigError. */
export function parseConfig(env: Record<string, string | undefined>): Config {
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ""));
  const parsed = environment.safeParse(set);
  if (!parsed.success) {
    throw new ConfigError(parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`));
  }
  const values = parsed.data;
  const { HANAMI_TLS_CERT_FILE: certFile, HANAMI_TLS_KEY_FILE: keyFile } = values;
  const problems: string[] = [];
  if ((certFile === undefined) !== (keyFile === undefined)) {
    problems.push("HANAMI_TLS_CERT_FILE, HANAMI_TLS_KEY_FILE: one needs the other");
  }
  if (values.HANAMI_TOKEN_KEY !== undefined && values.HANAMI_TOKEN_KEY_FILE !== undefined) {
    problems.push("HANAMI_TOKEN_KEY, HANAMI_TOKEN_KEY_FILE: which of them?");
  }
  if (problems.length > 0) throw new ConfigError(problems);
  const dataDir = resolve(values.HANAMI_DATA_DIR);
  return {
    host: values.HANAMI_HOST,
    port: values.HANAMI_PORT,
    dataDir,
    databaseUrl: values.DATABASE_URL,
    admin: {
      id: values.HANAMI_ADMIN_USER_ID,
      name: values.HANAMI_ADMIN_USER_NAME,
      passphrase: values.HANAMI_ADMIN_PASSPHRASE,
    },
    tokenKey: values.HANAMI_TOKEN_KEY,
    tokenKeyFile: resolve(values.HANAMI_TOKEN_KEY_FILE ?? `${dataDir}/token.key`),
    tokenOldKeyFiles: values.HANAMI_TOKEN_OLD_KEY_FILES,
    tokenExpireSeconds: values.HANAMI_TOKEN_EXPIRE_TIME,
    tls:
      certFile === undefined || keyFile === undefined
        ? undefined
        : { certFile: resolve(certFile), keyFile: resolve(keyFile) },
    metricsToken: values.HANAMI_METRICS_TOKEN,
    policiesFile: values.HANAMI_POLICIES === undefined ? undefined : resolve(values.HANAMI_POLICIES),
    softwareGpu: values.HANAMI_SOFTWARE_GPU,
    cpuThreads: values.HANAMI_CPU_THREADS,
    gpuMemoryBytes: values.HANAMI_GPU_MEMORY_BYTES,
    cpuMemoryBytes: values.HANAMI_CPU_MEMORY_BYTES ?? defaultMemoryBytes(),
    tempfileTimeoutMinutes: values.HANAMI_TEMPFILE_TIMEOUT,
    snapshotIntervalMs: values.HANAMI_SNAPSHOT_INTERVAL_MS,
    trustedProxies: values.HANAMI_TRUSTED_PROXIES,
    limits: {
      bodyBytes: values.HANAMI_MAX_BODY_BYTES,
      messageBytes: values.HANAMI_MAX_MESSAGE_BYTES,
      templateBytes: values.HANAMI_MAX_TEMPLATE_BYTES,
      uploadBytes: values.HANAMI_MAX_UPLOAD_BYTES,
      datasetBytes: values.HANAMI_MAX_DATASET_BYTES,
      datasetRows: values.HANAMI_MAX_DATASET_ROWS,
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
