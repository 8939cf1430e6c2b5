import type { FileHandle } from "node:fs/promises";
import { ImportError } from "./import-job.ts";

/** Reverses the bytes of every value. */
export function swapBytes(bytes: Uint8Array<ArrayBuffer>, valueBytes: number): void {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (valueBytes === 2) buffer.swap16();
  if (valueBytes === 4) buffer.swap32();
  if (valueBytes === 8) buffer.swap64();
}

/**
 * Reads bytes of a file into a buffer of their own, never into a shared pool. Throws ImportError when the file is
 * shorter.
 */
export async function readBytes(file: FileHandle, position: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length;) {
    const { bytesRead } = await file.read(bytes, done, length - done, position + done);
    if (bytesRead === 0) throw new ImportError("the file ends too early");
    done += bytesRead;
  }
  return bytes;
}
