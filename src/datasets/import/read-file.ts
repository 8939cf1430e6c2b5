import type { FileHandle } from "node:fs/promises";
import { ImportError } from "./import-job.ts";

/** Bytes of a file in memory of their own, never of a shared pool. Throws ImportError when the file is shorter. */
export async function readBytes(file: FileHandle, position: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length;) {
    const { bytesRead } = await file.read(bytes, done, length - done, position + done);
    if (bytesRead === 0) throw new ImportError("the file ends too early");
    done += bytesRead;
  }
  return bytes;
}
