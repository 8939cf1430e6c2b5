// Installs the packages that a command needs, if they are missing.
import { spawn } from "node:child_process";
import { accessSync, constants, existsSync, lstatSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));

const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`hanami-webgpu needs Node 20.19 or newer; this is ${process.version}.`);
  process.exit(1);
}

function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    if (error.code === "ENOENT") return undefined;
    throw error;
  }
}

/**
 * Whether a package of the lock file is required. Optional packages are ignored: npm decides which of them this machine
 * needs, and a failure to install one must not make every start retry.
 */
const isRequired = (entry, { dev }) => !entry.optional && (dev || !(entry.dev || entry.devOptional));

/**
 * Names of the locked packages that are missing or installed in another version. npm writes its hidden lock file last,
 * so this also detects an interrupted install.
 */
export function missingPackages({ dev, folder = root }) {
  const locked = readJson(join(folder, "package-lock.json"))?.packages ?? {};
  const installed = readJson(join(folder, "node_modules/.package-lock.json"))?.packages ?? {};
  return Object.entries(locked)
    .filter(([path, entry]) => path.includes("node_modules/") && isRequired(entry, { dev }))
    .filter(([path, entry]) => {
      const there = existsSync(join(folder, path, "package.json"));
      return !there || (!entry.link && installed[path]?.version !== entry.version);
    })
    .map(([path]) => path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length));
}

/** Whether files can be created in a folder of the checkout, which need not exist yet. */
export function isWritable(folder) {
  if (!existsSync(folder)) return isWritable(dirname(folder));
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Waits for a child and forwards signals, except Ctrl-C, which reaches the child anyway. Resolves to the exit code,
 * which is not 0 after a signal.
 */
export function waitFor(child) {
  let signalled = 0;
  const forward = (signal, number) => {
    signalled = 128 + number;
    if (signal === "SIGTERM" || !process.stdin.isTTY) child.kill(signal);
  };
  process.on("SIGTERM", forward);
  process.on("SIGINT", forward);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      process.off("SIGTERM", forward);
      process.off("SIGINT", forward);
      resolve(code || signalled || (code ?? 1));
    });
  });
}

/** Runs npm with its output on this terminal. Resolves to its exit code and its stderr. */
export async function npm(args) {
  // Uses the npm that started this process, or the one on the PATH, which on Windows is a script that needs a shell.
  const cli = process.env.npm_execpath;
  const [command, options] = cli?.endsWith(".js")
    ? [[process.execPath, cli], {}]
    : [["npm"], { shell: process.platform === "win32" }];
  const child = spawn(command[0], [...command.slice(1), ...args], {
    ...options,
    cwd: root,
    stdio: ["ignore", "inherit", "pipe"],
  });
  let stderr = "";
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
    process.stderr.write(chunk);
  });
  return { code: await waitFor(child), stderr };
}

/** Ensures that all packages are installed, or with `dev: false` those that a running server needs. */
export async function ensureInstalled({ dev }) {
  const missing = missingPackages({ dev });
  if (missing.length === 0) return;
  if (lstatSync(join(root, "node_modules"), { throwIfNoEntry: false })?.isSymbolicLink()) {
    // npm ci would empty the linked folder, which belongs to another checkout.
    console.error(`node_modules is a link, and it lacks ${missing.slice(0, 3).join(", ")}: install in its target.`);
    process.exit(1);
  }
  const names = `${missing.length} missing: ${missing.slice(0, 3).join(", ")}${missing.length > 3 ? ", …" : ""}`;
  if (!isWritable(join(root, "node_modules"))) {
    console.error(`Packages cannot be installed (${names}): ${root} is not writable.`);
    process.exit(1);
  }
  console.log(`Installing packages (${names})`);
  const flags = ["--no-audit", "--no-fund", "--loglevel=error", ...(dev ? ["--include=dev"] : ["--omit=dev"])];
  let result = await npm(["ci", ...flags]);
  if (result.code !== 0 && result.stderr.includes("in sync")) {
    console.log("package-lock.json does not match package.json: running npm install instead of npm ci");
    result = await npm(["install", ...flags]);
  }
  if (result.code !== 0) {
    console.error("Installing the packages failed; npm's message is above.");
    process.exit(1);
  }
}
