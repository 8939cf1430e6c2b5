import type { FileHandle } from "node:fs/promises";

const PIECE_BYTES = 256 * 1024;

/** Reads a file on demand. Closes it at the end, or when the iteration stops early. */
export function filePieces(file: FileHandle): AsyncIterable<Uint8Array> {
  const end = async (): Promise<IteratorResult<Uint8Array>> => {
    await file.close();
    return { done: true, value: undefined };
  };
  return {
    [Symbol.asyncIterator]: () => ({
      async next() {
        const { bytesRead, buffer } = await file.read(new Uint8Array(PIECE_BYTES));
        return bytesRead === 0 ? end() : { done: false, value: buffer.subarray(0, bytesRead) };
      },
      return: end,
    }),
  };
}
