import { existsSync, readFileSync } from "node:fs";
import { StartError } from "../errors.ts";

const linuxLimits = "/proc/self/limits";

/** Node's report, for systems other than Linux; "unlimited" means no limit. It takes 50 ms. */
interface Report {
  userLimits?: { open_files?: { soft?: unknown } };
}

/** Base need of a process: its log, its own threads, its listening sockets. */
const processFiles = 20;
/** For each computing thread. */
const filesPerThread = 4;
/** For starting processes and threads, and for files opened briefly: an eighth of the limit, but at least this many. */
const spareFilesMin = 12;
/** Range of Postgres' `max_files_per_process`. */
const databaseFiles = { min: 64, max: 1000 };
/** A connection, and the file that it may write to. */
const filesPerConnection = 2;
/** A server with fewer connections is useless. */
const connectionsMin = 4;

/**
 * How many file descriptors this process may have open; Node has already raised the soft limit as far as possible.
 * Infinity where there is no limit, or where the system does not report it (Windows).
 */
export function openFilesMax(): number {
  const soft = existsSync(linuxLimits)
    ? /^Max open files +(\d+)/m.exec(readFileSync(linuxLimits, "latin1"))?.[1]
    : (process.report?.getReport() as Report | undefined)?.userLimits?.open_files?.soft;
  const max = Number(soft);
  return Number.isNaN(max) ? Infinity : max;
}

/** Divides the open files between database and connections. Throws StartError when there are too few. */
export function shareOpenFiles(max: number, threads: number): { database: number; connections: number } {
  const base = processFiles + filesPerThread * threads;
  const needed = base + databaseFiles.min + spareFilesMin + filesPerConnection * connectionsMin;
  if (max < needed) {
    throw new StartError(
      `This process may have ${max} files and connections open at a time, and needs ${needed}. ` +
        "Raise the limit (ulimit -n), or lower HANAMI_CPU_THREADS.",
    );
  }
  const database = Math.min(databaseFiles.max, Math.max(databaseFiles.min, Math.floor(max / 4)));
  if (max === Infinity) return { database, connections: Infinity };
  const spare = Math.max(spareFilesMin, Math.floor(max / 8));
  const left = max - base - database - spare;
  return { database, connections: Math.max(connectionsMin, Math.floor(left / filesPerConnection)) };
}
