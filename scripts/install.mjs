// Installs the packages that a command needs, and only when they are not there yet.
import { spawn } from "node:child_process";
import { existsSync, lstatSync, readFileSync } from "node:fs";
import { join } from "node:path";
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
 * True when this entry of the lock file has to be there. Optional packages are not looked at: which of them belong to
 * this machine is npm's business, and one that it could not install must not make every start try again.
 */
const isRequired = (entry, { dev }) => !entry.optional && (dev || !(entry.dev || entry.devOptional));

/**
 * Names of the locked packages that are not installed, or in another version. npm writes its hidden lock file last,
 * so an install that was cut short shows up here, too.
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

/** Runs npm with the output on this terminal. Resolves to its exit code and what it wrote to stderr. */
export function npm(args) {
  // Started by npm: the very same npm. Else the one on the PATH, which on Windows is a script that needs a shell.
  const cli = process.env.npm_execpath;
  const [command, options] = cli?.endsWith(".js")
    ? [[process.execPath, cli], {}]
    : [["npm"], { shell: process.platform === "win32" }];
  return new Promise((resolve, reject) => {
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
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stderr }));
  });
}

/** Makes sure that everything is installed: all packages, or with `dev: false` those that a running server needs. */
export async function ensureInstalled({ dev }) {
  const missing = missingPackages({ dev });
  if (missing.length === 0) return;
  if (lstatSync(join(root, "node_modules"), { throwIfNoEntry: false })?.isSymbolicLink()) {
    // npm ci would empty the folder behind it, which belongs to another checkout.
    console.error(`node_modules is a link, and it lacks ${missing.slice(0, 3).join(", ")}: install where it leads to.`);
    process.exit(1);
  }
  console.log(`Installing packages (${missing.length} missing: ${missing.slice(0, 3).join(", ")}, …)`);
  const flags = ["--no-audit", "--no-fund", "--loglevel=error", ...(dev ? ["--include=dev"] : ["--omit=dev"])];
  let result = await npm(["ci", ...flags]);
  if (result.code !== 0 && result.stderr.includes("in sync")) {
    console.log("package-lock.json does not fit package.json: npm install instead of npm ci");
    result = await npm(["install", ...flags]);
  }
  if (result.code !== 0) {
    console.error("Installing the packages failed; npm's message is above.");
    process.exit(1);
  }
}
