import { open } from "node:fs/promises";

/** A new file of this size that takes room only as bytes arrive. */
export async function createSparseFile(path: string, bytes: number): Promise<void> {
  const file = await open(path, "wx");
  try {
    await file.truncate(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}
