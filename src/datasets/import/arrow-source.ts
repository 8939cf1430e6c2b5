import type { FileHandle } from "node:fs/promises";
import { CONTINUATION } from "../arrow-messages.ts";
import { MAX_BATCH_BYTES } from "./arrow-batch.ts";
import { FlatTable } from "./flat-buffer.ts";
import { ImportError } from "./import-job.ts";
import { readBytes } from "./read-file.ts";

const MAX_METADATA_BYTES = 16 * 1024 * 1024;
const MAX_FOOTER_BYTES = 64 * 1024 * 1024;
const PIECE_BYTES = 1024 * 1024;
const MAGIC = "ARROW1";
/** Length of the footer and magic. */
const TAIL_BYTES = 4 + MAGIC.length;

/** Fields of the tables of Message.fbs and File.fbs. */
const messageField = { version: 0, kind: 1, header: 2, bodyBytes: 3 } as const;
const footerField = { version: 0, schema: 1, dictionaries: 2, batches: 3 } as const;
/** Fields of a DictionaryBatch. */
const dictionaryField = { id: 0, data: 1, isDelta: 2 } as const;
const [SCHEMA, DICTIONARY, RECORD_BATCH] = [1, 2, 3];
/** Versions 4 and 5 of the format; earlier versions were different formats. */
const [VERSION_4, VERSION_5] = [3, 4];

interface Frame {
  metadataStart: number;
  metadataBytes: number;
}

interface Message {
  kind: number;
  header: FlatTable;
  bodyStart: number;
  /** End of the body. */
  end: number;
}

export interface BatchMessage {
  /** Set when the batch holds the texts of a dictionary, which replace or, in a delta, follow those before. */
  dictionary?: { id: number; isDelta: boolean };
  batch: FlatTable;
  /** Aligned in memory. */
  body: Uint8Array<ArrayBuffer>;
}

/** Contents of an Arrow file or stream. */
export interface ArrowSource {
  schema: FlatTable;
  batches: AsyncIterable<BatchMessage>;
}

/**
 * Opens an IPC file, which its footer describes, or an IPC stream. Throws ImportError or RangeError for anything else.
 */
export async function openArrow(file: FileHandle): Promise<ArrowSource> {
  const { size } = await file.stat();
  const start = Buffer.from(await readBytes(file, 0, Math.min(8, size))).toString("latin1");
  if (start.startsWith("FEA1")) throw new ImportError("Feather version 1 is not supported; write version 2");
  return start.startsWith(MAGIC) ? openFile(file, size) : openStream(file, size);
}

async function openFile(file: FileHandle, size: number): Promise<ArrowSource> {
  const tail = Buffer.from(await readBytes(file, Math.max(0, size - TAIL_BYTES), Math.min(TAIL_BYTES, size)));
  const footerBytes = tail.length === TAIL_BYTES ? tail.readInt32LE(0) : 0;
  const end = size - TAIL_BYTES - footerBytes;
  const isWhole = tail.toString("latin1", 4) === MAGIC && footerBytes > 0 && end >= MAGIC.length;
  if (!isWhole) throw new ImportError("the file has no footer: it was cut off, or bytes follow its end");
  if (footerBytes > MAX_FOOTER_BYTES) throw new ImportError(`the footer has ${footerBytes} bytes`);
  const footer = FlatTable.root(await readBytes(file, end, footerBytes));
  checkVersion(footer.short(footerField.version));
  const schema = footer.table(footerField.schema);
  if (schema === undefined) throw new ImportError("the footer has no schema");
  return { schema, batches: readBlocks(file, footer, end) };
}

/** The dictionaries, then the record batches, at the positions and in the order of the footer. */
async function* readBlocks(file: FileHandle, footer: FlatTable, end: number): AsyncGenerator<BatchMessage> {
  // Position, length of the metadata plus four bytes of padding, length of the body.
  const dictionaries = footer.longs(footerField.dictionaries, 3);
  const blocks = [...dictionaries, ...footer.longs(footerField.batches, 3)];
  let left = end;
  let last = 0;
  for (let at = 0; at < blocks.length; at += 3) {
    const [position, bodyBytes] = [blocks[at] as number, blocks[at + 2] as number];
    const metadataBytes = (blocks[at + 1] as number) % 2 ** 32;
    if (position < 0 || metadataBytes < 0 || bodyBytes < 0)
      throw new RangeError("a record batch lies outside of the file");
    const bodyStart = position + metadataBytes;
    left -= metadataBytes + bodyBytes;
    // Overlapping batches could be read for ever.
    if (left < 0) throw new RangeError("the record batches of the footer are longer than the file");
    const message = await readMessage(file, await readFrame(file, position, end), end);
    if (message.kind !== (at < dictionaries.length ? DICTIONARY : RECORD_BATCH)) {
      throw new RangeError("the footer leads to something else than a record batch");
    }
    if (message.bodyStart !== bodyStart || message.end !== bodyStart + bodyBytes) {
      throw new RangeError("footer and record batch do not agree about its size");
    }
    yield await withBody(file, message);
    last = Math.max(last, message.end);
  }
  await checkSingle(file, last, end);
}

/** Refuses concatenated files: the last one's footer would address the first one. */
async function checkSingle(file: FileHandle, start: number, end: number): Promise<void> {
  const seam = MAGIC + MAGIC;
  for (let position = start; position < end; position += PIECE_BYTES) {
    const piece = Buffer.from(await readBytes(file, position, Math.min(PIECE_BYTES + seam.length, end - position)));
    if (piece.includes(seam)) throw new ImportError("a second file follows the first; upload them one by one");
  }
}

async function openStream(file: FileHandle, size: number): Promise<ArrowSource> {
  const frame = await readFrame(file, 0, size);
  if (frame.metadataBytes === 0) throw new ImportError("the file holds no table");
  const first = await readMessage(file, frame, size);
  if (first.kind !== SCHEMA) throw new RangeError("it does not begin with a schema");
  return { schema: first.header, batches: readStream(file, first.end, size) };
}

async function* readStream(file: FileHandle, start: number, size: number): AsyncGenerator<BatchMessage> {
  for (let position = start; position < size;) {
    const frame = await readFrame(file, position, size);
    if (frame.metadataBytes === 0) {
      const left = size - frame.metadataStart;
      if (left > 0) throw new ImportError(`${left} bytes follow the end of the stream; write one stream`);
      return;
    }
    const message = await readMessage(file, frame, size);
    if (message.kind === SCHEMA) throw new ImportError("a second stream follows the first; write one stream");
    if (message.kind === RECORD_BATCH || message.kind === DICTIONARY) yield await withBody(file, message);
    else throw new ImportError(`the file holds a message of kind ${message.kind}`);
    position = message.end;
  }
}

/** Position of a message's metadata; a length of 0 ends a stream. */
async function readFrame(file: FileHandle, position: number, end: number): Promise<Frame> {
  const head = new DataView((await readBytes(file, position, Math.min(8, Math.max(0, end - position)))).buffer);
  // Before Arrow 0.15, messages had no continuation mark.
  const prefixBytes = head.getInt32(0, true) === CONTINUATION ? 8 : 4;
  const metadataBytes = head.getInt32(prefixBytes - 4, true);
  const metadataStart = position + prefixBytes;
  if (metadataBytes < 0 || metadataBytes > MAX_METADATA_BYTES || metadataStart + metadataBytes > end) {
    throw new RangeError("a message ends too late");
  }
  return { metadataStart, metadataBytes };
}

async function readMessage(file: FileHandle, frame: Frame, end: number): Promise<Message> {
  const table = FlatTable.root(await readBytes(file, frame.metadataStart, frame.metadataBytes));
  checkVersion(table.short(messageField.version));
  const header = table.table(messageField.header);
  if (header === undefined) throw new RangeError("a message is empty");
  const bodyStart = frame.metadataStart + frame.metadataBytes;
  const bodyBytes = table.long(messageField.bodyBytes);
  if (bodyBytes > MAX_BATCH_BYTES) {
    throw new ImportError(`a record batch has ${bodyBytes} bytes; write batches of at most ${MAX_BATCH_BYTES}`);
  }
  if (bodyBytes < 0 || bodyStart + bodyBytes > end) throw new ImportError("a record batch ends too early");
  return { kind: table.byte(messageField.kind), header, bodyStart, end: bodyStart + bodyBytes };
}

async function withBody(file: FileHandle, { kind, header, bodyStart, end }: Message): Promise<BatchMessage> {
  const body = await readBytes(file, bodyStart, end - bodyStart);
  if (kind === RECORD_BATCH) return { batch: header, body };
  const batch = header.table(dictionaryField.data);
  if (batch === undefined) throw new RangeError("a dictionary is empty");
  const dictionary = { id: header.long(dictionaryField.id), isDelta: header.byte(dictionaryField.isDelta) !== 0 };
  return { dictionary, batch, body };
}

function checkVersion(version: number): void {
  if (version === VERSION_4 || version === VERSION_5) return;
  throw new ImportError(`metadata of Arrow's format version ${version + 1} is not supported; only 4 and 5 are`);
}
