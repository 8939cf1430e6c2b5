import { open, type FileHandle } from "node:fs/promises";

const LENGTH_BYTES = 8;
const HEADER_BYTES_MAX = 100_000_000;

/** Reads template and seed from a checkpoint's metadata, without the rest of the file. */
export async function readOrigin(path: string): Promise<{ template: string; seed: number }> {
  const file = await open(path, "r");
  try {
    const headerBytes = await readLength(file);
    if (headerBytes > HEADER_BYTES_MAX) throw new Error("the checkpoint's header is too long");
    const header = Buffer.alloc(headerBytes);
    await file.read(header, 0, headerBytes, LENGTH_BYTES);
    const { __metadata__: metadata } = JSON.parse(header.toString("utf8")) as {
      __metadata__?: Record<string, string>;
    };
    return { template: metadata?.["template"] ?? "", seed: Number(metadata?.["seed"] ?? 0) };
  } finally {
    await file.close();
  }
}

/** Number of bytes that `readOrigin` reads and parses as JSON. */
export async function headerBytesOf(path: string): Promise<number> {
  const file = await open(path, "r");
  try {
    return await readLength(file);
  } finally {
    await file.close();
  }
}

async function readLength(file: FileHandle): Promise<number> {
  const length = Buffer.alloc(LENGTH_BYTES);
  await file.read(length, 0, LENGTH_BYTES, 0);
  return Number(length.readBigUInt64LE());
}
