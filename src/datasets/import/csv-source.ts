import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { ImportError } from "./import-job.ts";

const READ_BYTES = 256 * 1024;
/** Bytes by which delimiter, encoding and kinds are guessed: more, where they are less than a few lines. */
const HEAD_BYTES = 64 * 1024;
const LONG_HEAD_BYTES = 2 * 1024 * 1024;
const HEAD_LINES = 2;
const LINE_FEED = 10;
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
  let end: number | undefined;
  for await (const piece of readPieces(path, isGzip)) {
    // The memory of a piece may be used again.
    pieces.push(Buffer.from(piece));
    bytes += piece.length;
    end = headEnd(pieces);
    if (end !== undefined) break;
  }
  return { isGzip, head: Buffer.concat(pieces).subarray(0, end) };
}

/** Where the head ends; undefined while more bytes are needed. */
function headEnd(pieces: readonly Buffer[]): number | undefined {
  let lines = 0;
  let before = 0;
  for (const piece of pieces) {
    for (let at = piece.indexOf(LINE_FEED); at >= 0; at = piece.indexOf(LINE_FEED, at + 1)) {
      if (before + at >= HEAD_BYTES && lines >= HEAD_LINES) return before + at + 1;
      lines++;
    }
    before += piece.length;
  }
  return before >= LONG_HEAD_BYTES ? LONG_HEAD_BYTES : undefined;
}

async function startsWithGzip(path: string): Promise<boolean> {
  for await (const piece of createReadStream(path, { end: 2 })) {
    const bytes = piece as Buffer;
    return bytes[0] === 0x1f && bytes[1] === 0x8b && bytes[2] === 8;
  }
  return false;
}

/** The pieces of a file, each in the same memory. */
async function* readFile(path: string): AsyncGenerator<Buffer> {
  const file = await open(path);
  try {
    const memory = Buffer.alloc(READ_BYTES);
    for (;;) {
      const { bytesRead } = await file.read(memory, 0, READ_BYTES);
      if (bytesRead === 0) return;
      yield memory.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

/**
 * The bytes of the text, piece by piece, each valid until the next. Throws ImportError for damaged gzip and for too
 * much text.
 */
export async function* readPieces(path: string, isGzip: boolean): AsyncGenerator<Buffer> {
  if (!isGzip) {
    yield* readFile(path);
    return;
  }
  const file = createReadStream(path, { highWaterMark: READ_BYTES });
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
