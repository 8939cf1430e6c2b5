import { open } from "node:fs/promises";

const LENGTH_BYTES = 8;
const HEADER_BYTES_MAX = 100_000_000;

/** The template's text in the metadata of a checkpoint, without reading the rest of the file. */
export async function readTemplate(path: string): Promise<string> {
  const file = await open(path, "r");
  try {
    const length = Buffer.alloc(LENGTH_BYTES);
    await file.read(length, 0, LENGTH_BYTES, 0);
    const headerBytes = Number(length.readBigUInt64LE());
    if (headerBytes > HEADER_BYTES_MAX) throw new Error("the checkpoint's header is too long");
    const header = Buffer.alloc(headerBytes);
    await file.read(header, 0, headerBytes, LENGTH_BYTES);
    const { __metadata__: metadata } = JSON.parse(header.toString("utf8")) as {
      __metadata__?: Record<string, string>;
    };
    return metadata?.["template"] ?? "";
  } finally {
    await file.close();
  }
}
