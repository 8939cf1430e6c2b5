import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { paths } from "../files/paths.ts";
import { StartError } from "../errors.ts";

/** The lines that a patch adds, by file. */
function addedLines(patch: string): Map<string, string[]> {
  const added = new Map<string, string[]>();
  let lines: string[] = [];
  for (const line of patch.split("\n")) {
    if (line.startsWith("+++ b/")) added.set(line.slice("+++ b/".length), (lines = []));
    else if (line.startsWith("+")) lines.push(line.slice(1));
  }
  return added;
}

/** Files of packages that lack lines added by the patches in patches/. */
export function unpatchedFiles(): string[] {
  const patches = readdirSync(paths.patches).map((name) => readFileSync(join(paths.patches, name), "utf8"));
  return patches
    .flatMap((patch) => [...addedLines(patch)])
    .filter(([name, lines]) => {
      const file = join(paths.root, name);
      const present = new Set(existsSync(file) ? readFileSync(file, "utf8").split("\n") : []);
      return !lines.every((line) => present.has(line));
    })
    .map(([name]) => name);
}

/** Throws StartError for an unpatched driver: it would crash the server when the database goes away. */
export function checkDriver(): void {
  const [file] = unpatchedFiles();
  if (file === undefined) return;
  throw new StartError(`The driver of Postgres is not patched (${file}). Run: npm ci, or: npx patch-package`);
}
