import type { FileHandle } from "node:fs/promises";

/** Bytes that what is remembered may take together: some thousand datasets, or the segments of some terabytes of them. */
const BYTES_MAX = 1024 * 1024;
/** What each file takes beside its bitmap, which for most of them is a byte, or nothing. */
const BYTES_OF_FILE = 512;

/** Bitmaps by what tells an unchanged file, the one that was asked for last at the end. */
const remembered = new Map<string, Uint8Array>();
let bytes = 0;

/**
 * One bit per segment of the open file whose checksum was found right, by this or an earlier reader: tasks read the same
 * datasets again and again. Whoever finds a segment right sets its bit. A file that was written to, or replaced, is
 * another file.
 */
export async function verifiedSegments(handle: FileHandle, segments: number): Promise<Uint8Array> {
  const { dev, ino, size, mtimeNs, ctimeNs } = await handle.stat({ bigint: true });
  const key = [dev, ino, size, mtimeNs, ctimeNs].join(" ");
  const bitmap = remembered.get(key) ?? new Uint8Array(Math.ceil(segments / 8));
  if (!remembered.delete(key)) bytes += BYTES_OF_FILE + bitmap.length;
  remembered.set(key, bitmap);
  for (const [oldest, { length }] of remembered) {
    if (bytes <= BYTES_MAX || oldest === key) break;
    remembered.delete(oldest);
    bytes -= BYTES_OF_FILE + length;
  }
  return bitmap;
}
