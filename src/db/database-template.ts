import { copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { isMissing } from "../files/is-missing.ts";

/**
 * Gives a new embedded database its first files: a copy of `template`, the empty database that the build made
 * (`scripts/build-database.mjs`). Otherwise PGlite makes them, which takes four seconds of processor time and 800 MB.
 * False, and nothing is done, if `directory` contains anything, or without a template. The database appears under its
 * name as a whole.
 */
export function copyDatabaseTemplate(template: string, directory: string): boolean {
  const exists = existsSync(directory);
  if (exists && readdirSync(directory).length > 0) return false;
  const draft = `${directory}.new`;
  rmSync(draft, { recursive: true, force: true });
  try {
    copyFolder(template, draft);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    // There is no template, or a build replaces it at this moment.
    if (isMissing(error)) return false;
    throw error;
  }
  if (exists) rmdirSync(directory);
  renameSync(draft, directory);
  return true;
}

/** Takes a third of `fs.cp`'s processor time for a thousand files, because `fs.cp` checks every folder above each. */
function copyFolder(source: string, target: string): void {
  const entries = readdirSync(source, { withFileTypes: true });
  mkdirSync(target, { mode: 0o700 });
  for (const entry of entries) {
    const [from, to] = [join(source, entry.name), join(target, entry.name)];
    if (entry.isDirectory()) copyFolder(from, to);
    else copyFileSync(from, to);
  }
}
