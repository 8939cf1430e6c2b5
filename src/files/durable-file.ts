import { constants } from "node:fs";
import { copyFile, link, open, rename, rm, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { checkSpace } from "./free-space.ts";
import { isMissing } from "./is-missing.ts";

/** Writes a whole file atomically: after a crash it is either complete under its name or missing. */
export async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  await checkSpace(dirname(path));
  const temporary = `${path}.tmp`;
  try {
    await writeSynced(temporary, "w", (file) => file.writeFile(bytes));
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

/** Gives a file a second name; the bytes stay when either name is removed. Rejects with ENOENT without a source. */
export async function linkDurably(source: string, path: string): Promise<void> {
  try {
    await link(source, path);
  } catch (error) {
    if (isMissing(error)) throw error;
    // Not every file system supports links.
    await copySynced(source, path);
  }
  await syncFolder(dirname(path));
}

/** Copies a file. Its bytes are on disk when this resolves, its name only after `syncFolder`. */
export async function copySynced(source: string, path: string): Promise<void> {
  await copyFile(source, path, constants.COPYFILE_FICLONE);
  await writeSynced(path, "r+");
}

/** A new file of this size that takes up space only as bytes arrive. */
export async function createSparseFile(path: string, bytes: number): Promise<void> {
  await writeSynced(path, "wx", (file) => file.truncate(bytes));
}

/** Opens a file, carries out `write`, and closes the file with its bytes on disk. */
async function writeSynced(path: string, flags: string, write?: (file: FileHandle) => Promise<void>): Promise<void> {
  const file = await open(path, flags);
  try {
    await write?.(file);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Writes all bytes; a single `write` may be short. */
export async function writeFully(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

/** Makes creations, renames and removals in a folder survive a power failure. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
