import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { onTestFinished } from "vitest";
import { paths } from "../../src/files/paths.ts";
import { adminId, base64, testPassphrase } from "./test-app.ts";

/** A server in a separate process, with the administrator logged in. */
export interface RunningServer {
  child: ChildProcess;
  url: string;
  token: string;
  /** Uses the administrator's token by default. */
  ask<T>(method: string, path: string, body?: object, token?: string): Promise<T>;
}

/**
 * Starts the built server on a data directory; it ends with the test at the latest. `wrapper` is a command that runs
 * it.
 */
export function spawnServer(
  dataDir: string,
  env: Record<string, string> = {},
  args: readonly string[] = [],
  wrapper: readonly string[] = [],
) {
  const main = join(paths.root, "dist/src/main.js");
  const [command, ...rest] = [...wrapper, process.execPath, main, ...args] as [string, ...string[]];
  const child = spawn(command, rest, {
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...process.env,
      HANAMI_DATA_DIR: dataDir,
      HANAMI_PORT: "0",
      HANAMI_LOG_LEVEL: "error",
      HANAMI_ADMIN_USER_ID: adminId,
      HANAMI_ADMIN_USER_NAME: adminId,
      HANAMI_ADMIN_PASSPHRASE: testPassphrase,
      ...env,
    },
  });
  // Shows the reason of a failure to the developer; a test may listen, too.
  child.stderr.pipe(process.stderr, { end: false });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

/** Starts the built server and logs in. Rejects if the process ends before it listens. */
export async function startServer(
  dataDir: string,
  env: Record<string, string> = {},
  wrapper: readonly string[] = [],
): Promise<RunningServer> {
  return logIn(spawnServer(dataDir, env, [], wrapper));
}

async function logIn(child: ReturnType<typeof spawnServer>): Promise<RunningServer> {
  let url: string | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    url = /listens on (http:\S+)/.exec(line)?.[1];
    if (url !== undefined) break;
  }
  if (url === undefined) throw new Error("the server ended before it listened");
  child.stdout.resume();
  const base = `${url}/v1.0alpha`;
  const ask = async <T>(method: string, path: string, body?: object, token = "") => {
    const request = { method, headers: { "X-Auth-Token": token }, ...(body && { body: JSON.stringify(body) }) };
    const response = await fetch(base + path, request);
    const text = await response.text();
    if (response.status !== 200) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return JSON.parse(text) as T;
  };
  const login = { id: adminId, passphrase: base64(testPassphrase) };
  const { token } = await ask<{ token: string }>("POST", "/token", login);
  return { child, url, token, ask: (method, path, body, other = token) => ask(method, path, body, other) };
}

/** Ends the process without any warning. */
export async function kill({ child }: Pick<RunningServer, "child">): Promise<void> {
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}
