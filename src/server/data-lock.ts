import { randomBytes } from "node:crypto";
import { closeSync, openSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { StartError } from "../errors.ts";

/** Another process works on the data directory. */
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
  /** Empty when it is too busy to say. */
  pid: string;
}

/** What fits everywhere into the address of a unix socket. */
const socketPathBytesMax = 100;
/** A living process that does not say who it is in this time is taken for the owner. */
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
      // The lock alone is no reason to keep a process alive.
      server.unref();
      resolve(server);
    });
  });
}

/** Closing a listening socket also removes its file. */
const close = (server: Server) => new Promise<void>((resolve) => server.close(() => resolve()));

/** Who answers on a socket; undefined when its process is dead. */
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
      // It was just giving up, or too busy to accept: alive all the same.
      else if (error.code === "ECONNRESET" || error.code === "EAGAIN") resolve({ state: "trying", pid: "" });
      else reject(error);
    });
    socket.on("close", () => clearTimeout(timer));
  });
}

/**
 * Locks the data directory against a second process, for as long as this one lives.
 *
 * Everybody who wants the lock first listens on a socket of its own in the directory, and only then looks at the
 * sockets of the others. It has the lock when none of them answers; otherwise it gives up, and tries again unless
 * somebody says to be the owner. Of two that try at once at least the later one sees the other, so never two have it.
 * The system closes sockets with their process, however that ends: what a killed server leaves is a file on which
 * nobody answers. Throws DataLockError.
 */
export async function lockDataDirectory(directory: string): Promise<DataLock> {
  const name = `lock-${randomBytes(4).toString("hex")}.sock`;
  // Addresses of unix sockets are short and paths may be long: on Linux an open directory has a short name, too.
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
      // Apart in time, one of those who try will find nobody.
      await delay(Math.random() * backoffMsMax);
    }
    throw new DataLockError(directory, "");
  } catch (error) {
    closeFolder();
    throw error;
  }
}
