import { createReadStream } from "node:fs";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { ImportError } from "./import-job.ts";

const READ_BYTES = 256 * 1024;
/** As much as an upload may have. A few bytes of gzip can become any number. */
const INFLATED_BYTES_MAX = 10_000_000_000;

export interface CsvSource {
  isGzip: boolean;
  /** The first bytes of the text: all of a short file. */
  head: Buffer;
}

/** Reads the beginning of a file of text, which may be compressed with gzip. */
export async function readHead(path: string): Promise<CsvSource> {
  const isGzip = await startsWithGzip(path);
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of readPieces(path, isGzip)) {
    // The memory of a piece may be used again.
    pieces.push(Buffer.from(piece));
    bytes += piece.length;
    if (bytes >= READ_BYTES) break;
  }
  return { isGzip, head: Buffer.concat(pieces) };
}

async function startsWithGzip(path: string): Promise<boolean> {
  for await (const piece of createReadStream(path, { end: 2 })) {
    const bytes = piece as Buffer;
    return bytes[0] === 0x1f && bytes[1] === 0x8b && bytes[2] === 8;
  }
  return false;
}

/** The bytes of the text, piece by piece. Throws ImportError for damaged gzip and for too much text. */
export async function* readPieces(path: string, isGzip: boolean): AsyncGenerator<Buffer> {
  const file = createReadStream(path, { highWaterMark: READ_BYTES });
  if (!isGzip) {
    yield* file as AsyncIterable<Buffer>;
    return;
  }
  // Errors of either stream appear where the pieces are read.
  const inflated = pipeline(file, createGunzip({ chunkSize: READ_BYTES }), () => {});
  let bytes = 0;
  try {
    for await (const piece of inflated as AsyncIterable<Buffer>) {
      bytes += piece.length;
      if (bytes > INFLATED_BYTES_MAX) {
        throw new ImportError(`the text takes more than ${INFLATED_BYTES_MAX} bytes when it is unpacked`);
      }
      yield piece;
    }
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    throw code.startsWith("Z_") ? new ImportError(`the gzip data is damaged: ${(error as Error).message}`) : error;
  }
}
