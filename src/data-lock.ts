import { randomUUID } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { join } from "node:path";

/** Thrown when another process works on the data directory. The message is meant for people. */
export class DataLockError extends Error {
  constructor(directory: string, pid: string) {
    const owner = pid === "" ? "another process" : `process ${pid}`;
    super(`The data directory ${directory} is in use by ${owner}. Stop it, or set HANAMI_DATA_DIR to another one.`);
    this.name = "DataLockError";
  }
}

export interface DataLock {
  release(): Promise<void>;
}

const fileName = "lock.sock";
/** What fits everywhere into the address of a unix socket. */
const socketPathBytesMax = 100;

function listen(path: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      socket.on("error", () => {});
      socket.end(String(process.pid));
    });
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") resolve(undefined);
      else reject(error);
    });
    server.listen(path, () => {
      // The lock alone is no reason to keep a process alive.
      server.unref();
      resolve(server);
    });
  });
}

/** The process id that answers on the socket; undefined when nobody does. */
function owner(path: string): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    let pid = "";
    const socket = connect(path);
    socket.on("data", (chunk) => (pid += chunk.toString()));
    socket.on("end", () => resolve(pid));
    socket.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ECONNREFUSED" || error.code === "ENOENT") resolve(undefined);
      // The owner was just stopping, or too busy to accept: it is there all the same.
      else if (error.code === "ECONNRESET" || error.code === "EAGAIN") resolve(pid);
      else reject(error);
    });
  });
}

/**
 * Locks the data directory against a second process, for as long as this one lives: a unix socket in the directory.
 * The system closes it with the process, however that ends, so a killed server leaves only a file that nobody answers.
 * Throws DataLockError.
 */
export async function lockDataDirectory(directory: string): Promise<DataLock> {
  // Addresses of unix sockets are short and paths may be long: on Linux the open directory has a short name, too.
  const handle = await open(directory, "r");
  const isLong = Buffer.byteLength(join(directory, fileName)) > socketPathBytesMax;
  const folder = isLong && process.platform === "linux" ? `/proc/self/fd/${handle.fd}` : directory;
  const path = `${folder}/${fileName}`;
  try {
    for (let attempt = 0; attempt < 10; attempt++) {
      const server = await listen(path);
      if (server !== undefined) {
        return {
          release: async () => {
            // Closing removes the file, through the handle where the path is long.
            await new Promise<void>((resolve) => server.close(() => resolve()));
            await handle.close();
          },
        };
      }
      const pid = await owner(path);
      if (pid !== undefined) throw new DataLockError(directory, pid);
      await removeStale(directory, folder);
    }
    throw new DataLockError(directory, "");
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/**
 * Takes a dead socket out of the way. Between the look and the removal another process may have done the same and
 * locked the directory: what was taken away is looked at again, and given back if somebody answers on it.
 */
async function removeStale(directory: string, folder: string): Promise<void> {
  const path = `${folder}/${fileName}`;
  const aside = `${folder}/${randomUUID()}.sock`;
  try {
    await rename(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  const pid = await owner(aside);
  if (pid === undefined) {
    await rm(aside, { force: true });
    return;
  }
  await rename(aside, path);
  throw new DataLockError(directory, pid);
}
