import { open } from "node:fs/promises";

/** Creates a file of this size that takes disk space only as bytes arrive. */
export async function createSparseFile(path: string, bytes: number): Promise<void> {
  const file = await open(path, "wx");
  try {
    await file.truncate(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}
