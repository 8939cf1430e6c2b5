// Makes a part of build/ if what it is made from has changed.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, parse } from "node:path";
import { root } from "./install.mjs";

/**
 * Calls `make` with the path of build/`name`, unless that was made from the same files and `options`. `make` resolves
 * to an exit code, and so does this.
 */
export async function buildFrom({ name, files, options = "" }, make) {
  const build = join(root, "build");
  const target = join(build, name);
  const hashFile = join(build, `${parse(name).name}.hash`);
  const sources = createHash("sha256").update(options);
  for (const file of files) sources.update(file.slice(root.length)).update(readFileSync(file));
  const hash = sources.digest("hex");
  if (existsSync(target) && existsSync(hashFile) && readFileSync(hashFile, "utf8") === hash) return 0;
  mkdirSync(build, { recursive: true });
  const code = await make(target);
  if (code === 0) writeFileSync(hashFile, hash);
  return code;
}
