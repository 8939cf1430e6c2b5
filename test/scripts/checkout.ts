import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, cpSync, lstatSync, mkdirSync, readdirSync, readlinkSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { paths } from "../../src/files/paths.ts";
import { temporaryFolder } from "../datasets/support.ts";

const sources = ["package.json", "package-lock.json", "tsconfig.json", "tsconfig.base.json", "scripts", "src", "sdk"];
const moreSources = ["cli", "proto", "shaders", "patches"];
const compiled = ["dist/src", "dist/scripts", "build"];

/**
 * Copies this checkout, compiled or not, into a folder that is deleted after the test. Packages are links to the
 * original's, except for the patched driver, which is a copy.
 */
export async function makeCheckout({ isBuilt }: { isBuilt: boolean }): Promise<string> {
  const folder = join(await temporaryFolder(), "hanami");
  const skipped = (path: string) => path.endsWith("/node_modules") || (!isBuilt && /\/(sdk|cli)\/dist$/.test(path));
  for (const name of [...sources, ...moreSources, ...(isBuilt ? compiled : [])]) {
    const options = { recursive: true, preserveTimestamps: true, filter: (path: string) => !skipped(path) };
    cpSync(join(paths.root, name), join(folder, name), options);
  }
  const [from, to] = [join(paths.root, "node_modules"), join(folder, "node_modules")];
  mkdirSync(to);
  for (const name of readdirSync(from)) {
    const [source, target] = [join(from, name), join(to, name)];
    if (name === "postgres") cpSync(source, target, { recursive: true });
    // Links to the checkout's own packages stay relative to it.
    else symlinkSync(lstatSync(source).isSymbolicLink() ? readlinkSync(source) : source, target);
  }
  // Lets users without rights here read the copy.
  chmodSync(join(folder, ".."), 0o755);
  return folder;
}

/** npm would print update notices, and keep its cache in the home folder, which is the checkout. */
const quiet = { npm_config_update_notifier: "false", npm_config_cache: join(tmpdir(), "hanami-test-npm-cache") };

interface How {
  cwd: string;
  env?: Record<string, string>;
  /** Runs as a user who cannot write to other users' files. */
  isStranger?: boolean;
}

/** Starts a command in its own process group with a minimal environment, and collects its output. */
export function start(command: string, args: readonly string[], { cwd, env = {}, isStranger = false }: How) {
  const child = spawn(command, args, {
    cwd,
    env: { PATH: process.env["PATH"], HOME: cwd, HANAMI_PORT: "0", HANAMI_LOG_LEVEL: "warn", ...quiet, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
    ...(isStranger ? { uid: 65_534, gid: 65_534 } : {}),
  });
  const output = { out: "", error: "" };
  child.stdout.on("data", (chunk) => (output.out += String(chunk)));
  child.stderr.on("data", (chunk) => (output.error += String(chunk)));
  const ended = once(child, "close").then(([code]) => ({ code: code as number | null, ...output }));
  const group = -(child.pid as number);
  const signal = (to: number, name: NodeJS.Signals) => {
    try {
      process.kill(to, name);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  };
  onTestFinished(() => signal(group, "SIGKILL"));
  return {
    ended,
    kill: (name: NodeJS.Signals) => signal(child.pid as number, name),
    killGroup: (name: NodeJS.Signals) => signal(group, name),
    /** Resolves once the server listens; rejects if the program ends before that. */
    async listening(): Promise<{ dataDir: string; pid: number }> {
      const lines = /^process (\d+)\ndata directory (.*)\n/m;
      while (!lines.test(output.out)) {
        const end = await Promise.race([once(child.stdout, "data").then(() => undefined), ended]);
        if (end !== undefined && !lines.test(output.out)) throw new Error(`ended: ${JSON.stringify(end)}`);
      }
      const [, pid, dataDir = ""] = lines.exec(output.out) as RegExpExecArray;
      return { dataDir, pid: Number(pid) };
    },
  };
}
