import { open, type FileHandle } from "node:fs/promises";
import {
  CompressionType,
  setCompressionCodec,
  tableFromIPC,
  Type,
  type Batch,
  type DataType,
  type Field,
  type Table,
} from "@uwdata/flechette";
import { decompressZstd } from "hyparquet-compressors";
import { CONTINUATION, readMessageMetadata, RECORD_BATCH, SCHEMA } from "../arrow-messages.ts";
import { GROUPS_KEY } from "../groups-metadata.ts";
import { MAX_COLUMNS } from "../file/layout.ts";
import { checkArrowMetadata } from "./check-arrow-metadata.ts";
import { ImportError, type ImportFile } from "./import-job.ts";
import { decodeLz4Frame } from "./lz4-frame.ts";
import { readBytes } from "./read-file.ts";
import { TableSink, type SourceColumn, type SourceValues } from "./table-sink.ts";

const MAX_METADATA_BYTES = 16 * 1024 * 1024;
/** Of one record batch, before and after decompression: what is held in memory. */
const MAX_BATCH_BYTES = 256 * 1024 * 1024;

/**
 * Arrow table to dataset: an IPC stream, an IPC file or Feather version 2, read batch by batch. Columns are numbers,
 * booleans, or lists of these of one fixed size. Bytes and booleans stay bytes when there is nothing else. Throws
 * ImportError for everything that is not such a table.
 */
export async function importArrow(job: ImportFile): Promise<string[]> {
  const file = await open(job.input, "r");
  let sink: TableSink | undefined;
  try {
    let schema: Uint8Array | undefined;
    let columns: SourceColumn[] = [];
    for await (const { kind, message } of readMessages(file)) {
      if (kind === SCHEMA && schema === undefined) {
        schema = message;
        const table = decode([message]);
        columns = guard(() => table.schema.fields.map(describeField));
        if (columns.reduce((sum, { width }) => sum + width, 0) > MAX_COLUMNS) {
          throw new ImportError(`more than ${MAX_COLUMNS} columns`);
        }
        sink = await TableSink.create(job, columns, table.schema.metadata?.get(GROUPS_KEY));
      }
      if (kind !== RECORD_BATCH) continue;
      if (schema === undefined || sink === undefined) throw new ImportError("rows come before the schema");
      const table = decode([schema, message]);
      const { countMissing } = sink;
      const values = guard(() =>
        columns.map((column, index) => columnValues(table, index, column, (row) => countMissing(column, row))),
      );
      await sink.append(table.numRows, values);
    }
    if (sink === undefined) throw new ImportError("the file holds no table");
    return await sink.finish();
  } catch (error) {
    await sink?.abort();
    throw error;
  } finally {
    await file.close();
  }
}

/** The messages one after another. In an IPC file, too, they stand in the order in which a stream has them. */
async function* readMessages(file: FileHandle): AsyncGenerator<{ kind: number; message: Uint8Array }> {
  const { size } = await file.stat();
  const start = Buffer.from(await readBytes(file, 0, Math.min(8, size))).toString("latin1");
  if (start.startsWith("FEA1")) throw new ImportError("Feather version 1 is not supported; write version 2");
  let position = start.startsWith("ARROW1") ? 8 : 0;
  while (position + 8 <= size) {
    const prefix = new DataView((await readBytes(file, position, 8)).buffer);
    // Before Arrow 0.15 there was no continuation mark.
    const hasMark = prefix.getInt32(0, true) === CONTINUATION;
    const metadataBytes = prefix.getInt32(hasMark ? 4 : 0, true);
    if (metadataBytes === 0) return;
    const metadataStart = position + (hasMark ? 8 : 4);
    if (metadataBytes < 0 || metadataBytes > MAX_METADATA_BYTES || metadataStart + metadataBytes > size) {
      throw new ImportError("the file is not Arrow, or it is damaged");
    }
    const metadata = await readBytes(file, metadataStart, metadataBytes);
    const { kind, bodyBytes } = guard(() => readMessageMetadata(metadata));
    guard(() => checkArrowMetadata(metadata, kind));
    if (bodyBytes > MAX_BATCH_BYTES) {
      throw new ImportError(`a record batch has ${bodyBytes} bytes; write batches of at most ${MAX_BATCH_BYTES}`);
    }
    const bodyStart = metadataStart + metadataBytes;
    if (!(bodyBytes >= 0 && bodyStart + bodyBytes <= size)) throw new ImportError("a record batch ends too early");
    yield { kind, message: await frame(file, metadata, { bodyStart, bodyBytes }) };
    position = bodyStart + bodyBytes;
  }
}

/** A message as today's versions write it, with a body that is aligned in memory. */
async function frame(
  file: FileHandle,
  metadata: Uint8Array,
  { bodyStart, bodyBytes }: { bodyStart: number; bodyBytes: number },
): Promise<Uint8Array> {
  const padded = Math.ceil(metadata.length / 8) * 8;
  const message = new Uint8Array(8 + padded + bodyBytes);
  const view = new DataView(message.buffer);
  view.setInt32(0, CONTINUATION, true);
  view.setInt32(4, padded, true);
  message.set(metadata, 8);
  message.set(await readBytes(file, bodyStart, bodyBytes), 8 + padded);
  return message;
}

/** What the library finds wrong is wrong with the file. */
function guard<T>(step: () => T): T {
  try {
    return step();
  } catch (error) {
    if (error instanceof ImportError) throw error;
    throw new ImportError(`the file is not Arrow, or it is damaged: ${(error as Error).message}`);
  }
}

let decompressedBytes = 0;

function decode(messages: Uint8Array[]): Table {
  decompressedBytes = 0;
  return guard(() => tableFromIPC(messages));
}

/** The library hands over the compressed bytes only; their size without compression stands right before them. */
function decompress(input: Uint8Array, fill: (output: Uint8Array) => void): Uint8Array {
  const size = Number(new DataView(input.buffer, input.byteOffset - 8).getBigInt64(0, true));
  decompressedBytes += size;
  if (!(size >= 0 && decompressedBytes <= MAX_BATCH_BYTES)) {
    throw new ImportError(`a record batch has more than ${MAX_BATCH_BYTES} bytes; write smaller ones`);
  }
  const output = new Uint8Array(size);
  fill(output);
  return output;
}

const encode = (): never => {
  throw new Error("nothing is compressed here");
};
setCompressionCodec(CompressionType.LZ4_FRAME, {
  encode,
  decode: (input) => decompress(input, (output) => decodeLz4Frame(input, output)),
});
setCompressionCodec(CompressionType.ZSTD, {
  encode,
  decode: (input) => decompress(input, (output) => decompressZstd(input, output)),
});

function describeField(field: Field): SourceColumn {
  const { type } = field;
  // A damaged file may leave anything out.
  const name = String(field.name ?? "");
  if (type.typeId === Type.FixedSizeList) {
    const { stride, children } = type as unknown as { stride: number; children: Field[] };
    const item = (children[0] as Field).type;
    if (!(stride > 0)) throw new ImportError(`column '${name}' has lists of ${stride} values`);
    return { name, width: stride, isByte: isByte(name, item) };
  }
  return { name, width: 1, isByte: isByte(name, type) };
}

/** Throws ImportError for types that are not numbers. */
function isByte(name: string, type: DataType): boolean {
  const { typeId } = type;
  if (typeId === Type.Bool) return true;
  if (typeId === Type.Int) {
    const { bitWidth, signed } = type as unknown as { bitWidth: number; signed: boolean };
    return bitWidth === 8 && !signed;
  }
  const isHalf = typeId === Type.Float && (type as unknown as { precision: number }).precision === 0;
  if (typeId === Type.Float && !isHalf) return false;
  const typeName = isHalf ? "Float16" : (Object.entries(Type).find(([, id]) => id === typeId)?.[0] ?? String(typeId));
  throw new ImportError(`column '${name}' has type ${typeName}; only numbers, booleans and lists of one fixed size`);
}

/** `onMissing` is told the row, from 0, of each null. */
function columnValues(
  table: Table,
  index: number,
  { name, width }: SourceColumn,
  onMissing: (row: number) => void,
): SourceValues {
  const batch = (table.children[index] as unknown as { data: Batch<unknown>[] }).data[0];
  const isList = batch?.type.typeId === Type.FixedSizeList;
  const items = isList ? batch?.children[0] : batch;
  const count = table.numRows * width;
  const isBits = items?.type.typeId === Type.Bool;
  const available = items === undefined ? 0 : isBits ? 8 * items.values.byteLength : items.values.length;
  if (batch === undefined || items === undefined || batch.length !== table.numRows || available < count) {
    throw new ImportError(`column '${name}' ends too early`);
  }
  const values = isBits ? readBits(items.values as unknown as Uint8Array, count) : items.values;
  const cleared = clearNulls(values, items, {
    name,
    count,
    width: 1,
    onNull: (at) => onMissing(Math.floor(at / width)),
  });
  return clearNulls(cleared, isList ? batch : undefined, { name, count: table.numRows, width, onNull: onMissing });
}

function readBits(bits: Uint8Array, count: number): Uint8Array {
  return Uint8Array.from({ length: count }, (_, index) => ((bits[index >> 3] as number) >> (index & 7)) & 1);
}

/** Puts 0 where the batch says null, and tells each place. */
function clearNulls(
  values: Batch<unknown>["values"],
  batch: Batch<unknown> | undefined,
  { name, count, width, onNull }: { name: string; count: number; width: number; onNull: (index: number) => void },
): Batch<unknown>["values"] {
  if (batch === undefined || batch.nullCount === 0) return values;
  const { validity } = batch;
  if (8 * validity.length < count) throw new ImportError(`column '${name}' ends too early`);
  const cleared = values.slice();
  const zero = (cleared instanceof BigInt64Array || cleared instanceof BigUint64Array ? 0n : 0) as never;
  for (let index = 0; index < count; index++) {
    if ((((validity[index >> 3] as number) >> (index & 7)) & 1) === 0) {
      cleared.fill(zero, index * width, (index + 1) * width);
      onNull(index);
    }
  }
  return cleared;
}
