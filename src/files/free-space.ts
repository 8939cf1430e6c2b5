import { statfs } from "node:fs/promises";

/** Less disk space is free than the server reserves for its database. */
export class NoSpaceError extends Error {
  readonly code = "ENOSPC";

  constructor(folder: string) {
    super(`there is not enough space left in ${folder}`);
    this.name = "NoSpaceError";
  }
}

/**
 * Disk space that file writes leave to the database, so that the server can still record its work and users can delete
 * resources. The log of the embedded database takes up to 48 MiB.
 */
export const reservedBytes = 32 * 1024 * 1024;

/** Whether so many bytes may be written; without a number, whether a write may begin. */
export async function hasSpace(folder: string, bytes = 0): Promise<boolean> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize >= reservedBytes + bytes;
}

/** Call it before a write that can be refused. Throws NoSpaceError. */
export async function checkSpace(folder: string, bytes = 0): Promise<void> {
  if (!(await hasSpace(folder, bytes))) throw new NoSpaceError(folder);
}
