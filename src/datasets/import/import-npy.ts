import { open, type FileHandle } from "node:fs/promises";
import { MAX_COLUMNS } from "../file/layout.ts";
import { ImportError, type ImportFile } from "./import-job.ts";
import { excerpt } from "./import-warnings.ts";
import { readBytes, swapBytes } from "./read-file.ts";
import { TableSink, type ColumnValues } from "./table-sink.ts";

const MAX_HEADER_BYTES = 1024 * 1024;
const BATCH_BYTES = 4 * 1024 * 1024;

interface NpyHeader {
  /** Position of the data. */
  start: number;
  rows: number;
  columns: number;
  isBigEndian: boolean;
  valueBytes: number;
  view: (bytes: Uint8Array<ArrayBuffer>) => ColumnValues;
  isByte: boolean;
}

/** Number types by code and size: how to read their bytes on this little-endian machine. */
const kinds: Record<string, (bytes: Uint8Array<ArrayBuffer>) => ColumnValues> = {
  b1: (bytes) => bytes.map((byte) => (byte === 0 ? 0 : 1)),
  u1: (bytes) => bytes,
  i1: ({ buffer }) => new Int8Array(buffer),
  u2: ({ buffer }) => new Uint16Array(buffer),
  i2: ({ buffer }) => new Int16Array(buffer),
  u4: ({ buffer }) => new Uint32Array(buffer),
  i4: ({ buffer }) => new Int32Array(buffer),
  u8: ({ buffer }) => new BigUint64Array(buffer),
  i8: ({ buffer }) => new BigInt64Array(buffer),
  f4: ({ buffer }) => new Float32Array(buffer),
  f8: ({ buffer }) => new Float64Array(buffer),
};

/**
 * Imports an NPY array as one column group, called `column_name` or `data`. A one-dimensional array becomes one column.
 * Bytes and booleans stay bytes, all other types become 32-bit floats. Throws ImportError for other types, more
 * dimensions and Fortran order.
 */
export async function importNpy(job: ImportFile): Promise<string[]> {
  const file = await open(job.input, "r");
  try {
    const header = await readHeader(file);
    const sink = await TableSink.create(job, [
      { name: job.column_name ?? "data", width: header.columns, isByte: header.isByte },
    ]);
    try {
      await copyRows(file, header, sink);
      return await sink.finish();
    } catch (error) {
      await sink.abort();
      throw error;
    }
  } finally {
    await file.close();
  }
}

async function copyRows(file: FileHandle, header: NpyHeader, sink: TableSink): Promise<void> {
  const { start, rows, columns, valueBytes } = header;
  const rowBytes = columns * valueBytes;
  const rowsPerBatch = Math.max(1, Math.floor(BATCH_BYTES / rowBytes));
  for (let first = 0; first < rows; first += rowsPerBatch) {
    const count = Math.min(rowsPerBatch, rows - first);
    const bytes = await readBytes(file, start + first * rowBytes, count * rowBytes);
    if (header.isBigEndian) swapBytes(bytes, valueBytes);
    await sink.append(count, [header.view(bytes)]);
  }
}

async function readHeader(file: FileHandle): Promise<NpyHeader> {
  const { size } = await file.stat();
  if (size < 12) throw new ImportError("the file is not an NPY file");
  const start = Buffer.from(await readBytes(file, 0, 12));
  if (start.toString("latin1", 0, 6) !== "\x93NUMPY") {
    throw new ImportError("the file is not an NPY file");
  }
  const [version, minor] = [start[6] as number, start[7] as number];
  if (version < 1 || version > 3 || minor !== 0) {
    throw new ImportError(`NPY files of version ${version}.${minor} are unknown`);
  }
  const [bytes, position] = version === 1 ? [start.readUInt16LE(8), 10] : [start.readUInt32LE(8), 12];
  if (bytes > MAX_HEADER_BYTES || position + bytes > size) throw new ImportError("the header is longer than the file");
  const text = Buffer.from(await readBytes(file, position, bytes)).toString("utf8");
  const header = parseHeader(text);
  const expected = position + bytes + header.rows * header.columns * header.valueBytes;
  if (size !== expected) throw new ImportError(`the file has ${size} bytes, but its header describes ${expected}`);
  return { ...header, start: position + bytes };
}

/** One key of the header with its value: a text, a boolean, a tuple of numbers, or the start of a list. */
const ENTRY =
  /\s*'(descr|fortran_order|shape)'\s*:\s*(?:(\[)|(?:'([^']*)'|(True|False)|\(([\d,\sL]*)\))\s*(?:,\s*|$))/y;

interface HeaderEntries {
  /** Code of the type; undefined for a list of fields. */
  descr?: string | undefined;
  order?: string | undefined;
  shape?: string | undefined;
}

/** Parses the header, a Python dictionary with each of three keys once. */
function readEntries(text: string): HeaderEntries {
  const invalid = () => new ImportError("the NPY header is not valid");
  const whole = text.trim();
  if (!whole.startsWith("{") || !whole.endsWith("}")) throw invalid();
  const inside = whole.slice(1, -1);
  const entries: HeaderEntries = {};
  const seen = new Set<string>();
  ENTRY.lastIndex = 0;
  while (ENTRY.lastIndex < inside.length) {
    const match = ENTRY.exec(inside);
    const [, key = "", list, descr, order, shape] = match ?? [];
    if (match === null || seen.has(key)) throw invalid();
    seen.add(key);
    if (key === "descr" && list !== undefined) throw unfitType("a structured type");
    if (key === "descr") entries.descr = descr;
    else if (key === "fortran_order") entries.order = order;
    else entries.shape = shape;
  }
  return entries;
}

const unfitType = (type: string) =>
  new ImportError(`the array has ${type}; possible are bool, integers, float32 and float64`);

function parseHeader(text: string): Omit<NpyHeader, "start"> {
  const { descr, order, shape } = readEntries(text);
  if (descr === undefined || order === undefined || shape === undefined) {
    throw new ImportError("the NPY header is not valid");
  }
  const [, byteOrder, letter, digits] = /^([<>|=])([a-zA-Z])(\d+)$/.exec(descr) ?? [];
  const kind = `${letter}${digits}`;
  const view = Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
  if (view === undefined) throw unfitType(`type '${excerpt(descr)}'`);
  const sizes = shape.split(",").map((size) => size.trim());
  // A tuple of one item ends with a comma.
  if (sizes.at(-1) === "") sizes.pop();
  // Python 2 wrote long integers with an L.
  if (!sizes.every((size) => /^\d+L?$/.test(size))) throw new ImportError("the NPY header is not valid");
  if (sizes.length !== 1 && sizes.length !== 2) {
    throw new ImportError(`the array has ${sizes.length} dimensions; reshape it to rows and columns`);
  }
  const [rows, columns] = [Number.parseInt(sizes[0] as string, 10), Number.parseInt(sizes[1] ?? "1", 10)];
  if (order === "True" && rows > 1 && columns > 1) {
    throw new ImportError("the array is in Fortran order; save numpy.ascontiguousarray of it");
  }
  if (rows === 0 || columns === 0) throw new ImportError("the array is empty");
  if (columns > MAX_COLUMNS) throw new ImportError(`${columns} columns, but at most ${MAX_COLUMNS} are possible`);
  const valueBytes = Number(digits);
  return { rows, columns, valueBytes, view, isBigEndian: byteOrder === ">", isByte: kind === "u1" || kind === "b1" };
}
