import type { FileHandle } from "node:fs/promises";

/** Memory limit of all bitmaps: some thousand datasets, or the segments of some terabytes. */
const BYTES_MAX = 1024 * 1024;
/** Overhead per file besides its bitmap. Most bitmaps have one byte or none. */
const BYTES_OF_FILE = 512;

/** Bitmaps by file identity, most recently used last. */
const remembered = new Map<string, Uint8Array>();
let bytes = 0;

/**
 * One bit per segment of the open file, set by the reader that has verified the segment's checksum. Bitmaps outlive
 * readers, because tasks read the same datasets again and again. A modified or replaced file counts as another file.
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
