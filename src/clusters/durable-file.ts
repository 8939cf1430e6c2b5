import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { checkSpace } from "../free-space.ts";
import { syncFolder } from "../datasets/file/writer.ts";

/** Writes a whole file so that after a crash it is either complete under its name or not there at all. */
export async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  await checkSpace(dirname(path));
  const temporary = `${path}.tmp`;
  try {
    const file = await open(temporary, "w");
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}
