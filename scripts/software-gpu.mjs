// Installs the software GPU. Its package is needed only by developers and with HANAMI_SOFTWARE_GPU=true.
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { npm, root } from "./install.mjs";

const name = "@sparticuz/chromium";
/** Separate from the server's own packages, which stay unchanged. The server looks here, too. */
const folder = join(root, ".cache/packages");

const readJson = (path) => (existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : undefined);

/** Installs the software GPU if it is missing. Exits when that fails. */
export async function ensureSoftwareGpu() {
  // Other systems have none; the server reports that.
  if (process.platform !== "linux" || process.arch !== "x64") return;
  const locked = readJson(join(root, "package-lock.json")).packages[`node_modules/${name}`];
  const isThere = (place) =>
    readJson(join(place, "node_modules", name, "package.json"))?.version === locked.version &&
    existsSync(join(place, "node_modules", name, "bin/swiftshader.tar.br"));
  if (isThere(root) || isThere(folder)) return;
  console.log(`Installing the software GPU that HANAMI_SOFTWARE_GPU asks for (${name} ${locked.version}, 70 MB)`);
  mkdirSync(folder, { recursive: true });
  const flags = ["--no-save", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  const { code } = await npm(["install", "--prefix", folder, ...flags, `${name}@${locked.version}`]);
  const installed = readJson(join(folder, "node_modules/.package-lock.json"))?.packages[`node_modules/${name}`];
  if (code === 0 && installed?.integrity === locked.integrity) return;
  rmSync(folder, { recursive: true, force: true });
  console.error(
    code === 0
      ? `${name} is not what package-lock.json names: ${installed?.integrity}`
      : "Installing the software GPU failed; npm's message is above.",
  );
  process.exit(1);
}
