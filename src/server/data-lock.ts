import { randomBytes } from "node:crypto";
import { closeSync, openSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { StartError } from "../errors.ts";

/** Another process uses the data directory. */
export class DataLockError extends StartError {
  constructor(directory: string, pid: string) {
    const owner = pid === "" ? "another process" : `process ${pid}`;
    super(`The data directory ${directory} is in use by ${owner}. Stop it, or set HANAMI_DATA_DIR to another one.`);
    this.name = "DataLockError";
  }
}

export interface DataLock {
  release(): Promise<void>;
}

type State = "trying" | "holding";

interface Contender {
  state: State;
  /** Empty when the process is too busy to answer. */
  pid: string;
}

/** Length of a unix socket's path that every system accepts. */
const socketPathBytesMax = 100;
/** A live process that does not answer in this time is assumed to be the owner. */
const answerTimeoutMs = 2000;
const attemptsMax = 100;
const backoffMsMax = 50;

const isSocketName = (name: string) => /^lock-[0-9a-f]+\.sock$/.test(name);

function listen(path: string, answer: () => string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      socket.on("error", () => {});
      socket.end(answer());
    });
    server.once("error", reject);
    server.listen(path, () => {
      // The lock alone must not keep the process alive.
      server.unref();
      resolve(server);
    });
  });
}

/** Closing a listening socket also removes its file. */
const close = (server: Server) => new Promise<void>((resolve) => server.close(() => resolve()));

/** Asks the process behind a socket for its state; undefined when that process is dead. */
function ask(path: string): Promise<Contender | undefined> {
  return new Promise((resolve, reject) => {
    let answer = "";
    const socket = connect(path);
    const timer = setTimeout(() => {
      socket.destroy();
      resolve({ state: "holding", pid: "" });
    }, answerTimeoutMs);
    socket.on("data", (chunk) => (answer += chunk.toString()));
    socket.on("end", () => {
      const [state, pid = ""] = answer.split(" ");
      resolve({ state: state === "holding" ? "holding" : "trying", pid });
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ECONNREFUSED" || error.code === "ENOENT") resolve(undefined);
      // It is just giving up, or too busy to accept: still alive.
      else if (error.code === "ECONNRESET" || error.code === "EAGAIN") resolve({ state: "trying", pid: "" });
      else reject(error);
    });
    socket.on("close", () => clearTimeout(timer));
  });
}

/**
 * Locks the data directory against a second process until this one ends.
 *
 * A process that wants the lock first listens on its own socket in the directory, and only then connects to the other
 * sockets there. It owns the lock when none of them answers; otherwise it closes its socket, and retries unless one of
 * them answers that it owns the lock. When two processes try at once, at least the later one sees the other, so two
 * never own the lock. The system closes sockets with their process, however it ends: a killed server leaves only a file
 * on which nobody answers. Throws DataLockError.
 */
export async function lockDataDirectory(directory: string): Promise<DataLock> {
  const name = `lock-${randomBytes(4).toString("hex")}.sock`;
  // The path may be too long for a unix socket; on Linux an open directory also has a short name.
  const isLong = Buffer.byteLength(join(directory, name)) > socketPathBytesMax;
  const descriptor = isLong && process.platform === "linux" ? openSync(directory, "r") : undefined;
  const folder = descriptor === undefined ? directory : `/proc/self/fd/${descriptor}`;
  const closeFolder = () => {
    if (descriptor !== undefined) closeSync(descriptor);
  };

  try {
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      let state: State = "trying";
      const server = await listen(join(folder, name), () => `${state} ${process.pid}`);
      const others = (await readdir(directory)).filter((other) => isSocketName(other) && other !== name);
      const answers = await Promise.all(others.map((other) => ask(join(folder, other))));
      const living = answers.filter((answer) => answer !== undefined);
      if (living.length === 0) {
        state = "holding";
        await Promise.all(others.map((dead) => rm(join(directory, dead), { force: true })));
        return {
          release: async () => {
            await close(server);
            closeFolder();
          },
        };
      }
      await close(server);
      const owner = living.find((contender) => contender.state === "holding");
      if (owner !== undefined) throw new DataLockError(directory, owner.pid);
      // With random delays, one of the contenders eventually finds no other.
      await delay(Math.random() * backoffMsMax);
    }
    throw new DataLockError(directory, "");
  } catch (error) {
    closeFolder();
    throw error;
  }
}
