import { existsSync } from "node:fs";
import { readMnist } from "../../harness/digits.ts";

/** Folders of data that no repository holds. */
const FOLDERS = {
  HANAMI_TABLES_DIR: "tables.json and its CSV files",
  HANAMI_FASHION_DIR: "the four files of Fashion-MNIST",
} as const;

/** The folder that a variable names; undefined, with a line that says so, without one. */
export function folderOf(variable: keyof typeof FOLDERS): string | undefined {
  const folder = process.env[variable];
  if (folder !== undefined && existsSync(folder)) return folder;
  console.error(`skipped: set ${variable} to the folder of ${FOLDERS[variable]}`);
  return undefined;
}

/** Whether MNIST is there; says so if it is not. */
export function hasMnist(): boolean {
  const isThere = readMnist("train", 0, 1) !== undefined;
  if (!isThere) console.error("skipped: set HANAMI_MNIST_DIR to the folder of the four files of MNIST");
  return isThere;
}
