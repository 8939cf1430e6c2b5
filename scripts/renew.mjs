import { existsSync, readFileSync, writeFileSync } from "node:fs";

/** Writes a generated file, unless it is up to date. */
export function renew(file, text) {
  if (!existsSync(file) || readFileSync(file, "utf8") !== text) writeFileSync(file, text);
}
