import { statfs } from "node:fs/promises";

/** There is less space left than the server keeps for its database. */
export class NoSpaceError extends Error {
  readonly code = "ENOSPC";

  constructor(folder: string) {
    super(`there is not enough space left in ${folder}`);
    this.name = "NoSpaceError";
  }
}

/**
 * What files leave for the database: with it the server can still note what it does, and users can delete things. The
 * embedded database takes up to 48 MiB for its log at a time.
 */
export const reservedBytes = 32 * 1024 * 1024;

export async function hasSpace(folder: string): Promise<boolean> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize >= reservedBytes;
}

/** Before something is written that could as well be written later. Throws NoSpaceError. */
export async function checkSpace(folder: string): Promise<void> {
  if (!(await hasSpace(folder))) throw new NoSpaceError(folder);
}
