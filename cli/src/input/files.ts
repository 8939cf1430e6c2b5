import { openAsBlob } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { CliError, fileError } from "../errors.ts";

/** Reads a small text file. */
export async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw fileError("read", path, error);
  }
}

/** Opens a file for upload, which reads it piece by piece. */
export async function openFile(path: string): Promise<Blob> {
  try {
    const { size } = await stat(path).then((found) => {
      if (found.isFile()) return found;
      throw new CliError(`Cannot read '${path}': it is not a file`);
    });
    if (size === 0) throw new CliError(`'${path}' is empty`);
    return await openAsBlob(path);
  } catch (error) {
    throw error instanceof CliError ? error : fileError("read", path, error);
  }
}
