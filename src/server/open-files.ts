import { existsSync, readFileSync } from "node:fs";
import { StartError } from "../errors.ts";

const linuxLimits = "/proc/self/limits";

/** Of Node, on other systems; "unlimited" where there is no limit. It takes 50 ms. */
interface Report {
  userLimits?: { open_files?: { soft?: unknown } };
}

/** What a process needs at any rate: its log, its own threads, what it listens on. */
const processFiles = 20;
/** For each thread that computes. */
const filesPerThread = 4;
/** For processes and threads that are started, and files that are open for a moment; at least so many, or an eighth. */
const spareFilesMin = 12;
/** What Postgres lets `max_files_per_process` be. */
const databaseFiles = { min: 64, max: 1000 };
/** A connection, and the file that it may write to. */
const filesPerConnection = 2;
/** With fewer a server is of no use. */
const connectionsMin = 4;

/**
 * How many files, sockets and the like this process may have open at a time; Node has raised the limit as far as it
 * could. Infinity where there is no limit, or the system does not say, as Windows.
 */
export function openFilesMax(): number {
  const soft = existsSync(linuxLimits)
    ? /^Max open files +(\d+)/m.exec(readFileSync(linuxLimits, "latin1"))?.[1]
    : (process.report?.getReport() as Report | undefined)?.userLimits?.open_files?.soft;
  const max = Number(soft);
  return Number.isNaN(max) ? Infinity : max;
}

/** Shares them out. Throws StartError when there are too few for all parts of a server. */
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
