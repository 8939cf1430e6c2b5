import { open } from "node:fs/promises";

/** Node's `readFile` refuses files of 2 GiB and more, and so does a single `read`. */
const PIECE_BYTES = 2 ** 30;

/** Reads all bytes of a file into a new buffer; networks exceed 2 GiB. Throws ENOENT as node does. */
export async function readWholeFile(path: string, pieceBytes = PIECE_BYTES): Promise<Uint8Array<ArrayBuffer>> {
  const file = await open(path, "r");
  try {
    const { size } = await file.stat();
    const bytes = new Uint8Array(size);
    for (let done = 0; done < size;) {
      const { bytesRead } = await file.read(bytes, done, Math.min(pieceBytes, size - done), done);
      if (bytesRead === 0) throw new Error(`the file ${path} ends too early`);
      done += bytesRead;
    }
    return bytes;
  } finally {
    await file.close();
  }
}
