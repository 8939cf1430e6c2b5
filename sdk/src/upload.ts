import { BadRequestError, ConnectionError } from "./errors.ts";
import { decodeFileUploadResponseMessage, encodeFileUploadMessage } from "./messages.ts";
import { Socket, type SocketOptions } from "./socket.ts";

/** A file from an `<input>` or from Node's `fs.openAsBlob`, or bytes in memory. */
export type FileSource = Blob | Uint8Array;

export const sizeOf = (file: FileSource): number => (file instanceof Uint8Array ? file.byteLength : file.size);

/** Size of a piece, set by the contract. */
const CHUNK_BYTES = 131_072;
/** Maximum number of unacknowledged pieces: enough to keep the line busy, and at most 1 MiB in memory. */
const WINDOW = 8;
/** Maximum number of consecutive connections that break without transferring a piece. */
const FRUITLESS_TRIES_MAX = 3;

async function readChunk(file: FileSource, start: number): Promise<Uint8Array> {
  // Pieces end at multiples of their size, wherever the first one starts.
  const end = Math.min(start - (start % CHUNK_BYTES) + CHUNK_BYTES, sizeOf(file));
  return file instanceof Uint8Array
    ? file.subarray(start, end)
    : new Uint8Array(await file.slice(start, end).arrayBuffer());
}

/**
 * Uploads a file from byte `start` on. When the connection breaks, it reconnects and continues after the last
 * acknowledged piece. Throws BadRequestError with the server's reason when the server refuses a piece.
 */
export async function uploadFile(
  options: Omit<SocketOptions, "target">,
  file: FileSource,
  start: number,
  onProgress: (sentBytes: number) => void,
): Promise<void> {
  const size = sizeOf(file);
  let acknowledged = start;
  let fruitless = 0;
  while (acknowledged < size) {
    const before = acknowledged;
    try {
      for await (const bytes of sendFrom(options, file, acknowledged)) {
        acknowledged = bytes;
        onProgress(bytes);
      }
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error;
      fruitless = acknowledged > before ? 0 : fruitless + 1;
      if (fruitless === FRUITLESS_TRIES_MAX) throw error;
    }
  }
}

/** Sends the rest of a file over one connection. After each answer yields the number of bytes received so far. */
async function* sendFrom(
  options: Omit<SocketOptions, "target">,
  file: FileSource,
  start: number,
): AsyncGenerator<number> {
  const size = sizeOf(file);
  const socket = await Socket.open({ ...options, target: "file_upload" });
  try {
    let acknowledged = start;
    let position = start;
    while (acknowledged < size) {
      while (position < size && position - acknowledged < WINDOW * CHUNK_BYTES) {
        const data = await readChunk(file, position);
        socket.send(encodeFileUploadMessage({ position, data }));
        position += data.byteLength;
      }
      const { success, errorMessage } = decodeFileUploadResponseMessage(await socket.receive());
      if (!success) throw new BadRequestError(errorMessage || "The server refused a piece of the file.", 400);
      acknowledged = Math.min(acknowledged - (acknowledged % CHUNK_BYTES) + CHUNK_BYTES, size);
      yield acknowledged;
    }
  } finally {
    socket.close();
  }
}
