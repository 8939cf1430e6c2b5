import { open, type FileHandle } from "node:fs/promises";
import {
  parquetMetadataAsync,
  parquetScan,
  type AsyncBuffer,
  type ColumnChunk,
  type DecodedArray,
  type FileMetaData,
  type RowGroup,
  type SchemaElement,
} from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { GROUPS_KEY } from "../groups-metadata.ts";
import { ImportError, type ImportFile } from "./import-job.ts";
import { readBytes } from "./read-file.ts";
import { checkPages } from "./parquet-pages.ts";
import { checkRowGroups, readParquetSchema } from "./parquet-schema.ts";
import { TableSink, withFloats, type ColumnValues, type SourceColumn, type TableJob } from "./table-sink.ts";

/** Every row group describes every column again; wider tables need lists in Arrow, or NPY. */
const MAX_PARQUET_COLUMNS = 65_536;
const MAX_FOOTER_BYTES = 64 * 1024 * 1024;
/** Size limit of one column in one row group, and of one uncompressed page. */
const MAX_CHUNK_BYTES = 256 * 1024 * 1024;
/** Approximate number of values per read, however long the row groups are. */
const VALUES_PER_READ = 8_388_608;

/**
 * Imports a Parquet table by row groups. Columns are numbers, booleans, texts, dates or times; a table of only bytes
 * and booleans stays bytes. Throws ImportError for anything else.
 */
export function importParquet(job: ImportFile): Promise<string[]> {
  return withFloats((needsFloats) => readTable({ ...job, needsFloats }));
}

async function readTable(job: ImportFile & TableJob): Promise<string[]> {
  const handle = await open(job.input, "r");
  let sink: TableSink | undefined;
  try {
    await checkFooter(handle);
    const { size } = await handle.stat();
    const file = asyncBuffer(handle, size);
    const metadata = await guard(() => parquetMetadataAsync(file, { geoparquet: false }));
    const columns = await guard(() => {
      const described = readParquetSchema(metadata);
      checkRowGroups(metadata, described);
      return described;
    });
    const groupsText = metadata.key_value_metadata?.find(({ key }) => key === GROUPS_KEY)?.value;
    if (columns.length > MAX_PARQUET_COLUMNS) {
      throw new ImportError(`${columns.length} columns, but at most ${MAX_PARQUET_COLUMNS} are possible`);
    }
    sink = await TableSink.create(job, columns, groupsText);
    const rowsPerRead = Math.max(1, Math.floor(VALUES_PER_READ / columns.length));
    for (const rowGroup of metadata.row_groups) {
      const rows = Number(rowGroup.num_rows);
      for (let first = 0; first < rows; first += rowsPerRead) {
        const end = Math.min(first + rowsPerRead, rows);
        const values: ColumnValues[] = [];
        for (const [index, column] of columns.entries()) {
          // What is left out needs no reading.
          const isKept = job.drop?.includes(column.name) !== true;
          const { name } = column;
          const read = isKept ? await readColumn(file, { metadata, rowGroup, index, first, end, name }) : [];
          values.push(valuesOf(read, column));
        }
        await sink.append(end - first, values);
      }
    }
    return await sink.finish();
  } catch (error) {
    await sink?.abort();
    throw error;
  } finally {
    await handle.close();
  }
}

/** The library gives texts as such, and times as dates. */
function valuesOf(values: DecodedArray, { cells }: SourceColumn): ColumnValues {
  if (cells !== "time") return values as ColumnValues;
  return Array.from(values as ArrayLike<unknown>, (value) => (value instanceof Date ? value.getTime() / 1000 : null));
}

/** Reports any error of the library as an error of the file. */
async function guard<T>(step: () => T | Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    if (error instanceof ImportError) throw error;
    throw new ImportError(`the file is not Parquet, or it is damaged: ${(error as Error).message}`);
  }
}

async function checkFooter(handle: FileHandle): Promise<void> {
  const { size } = await handle.stat();
  if (size < 12) throw new ImportError("the file is not Parquet");
  const end = Buffer.from(await readBytes(handle, size - 8, 8));
  if (end.toString("latin1", 4) === "PARE") throw new ImportError("the file is encrypted");
  if (end.toString("latin1", 4) !== "PAR1") throw new ImportError("the file is not Parquet");
  const bytes = end.readUInt32LE(0);
  if (bytes > MAX_FOOTER_BYTES || bytes > size - 12) throw new ImportError("the footer is longer than the file");
}

function asyncBuffer(handle: FileHandle, size: number): AsyncBuffer {
  return {
    byteLength: size,
    slice(start, end) {
      const bytes = read(start, end);
      // The library requests several slices at once, and ignores the others after the first failure.
      bytes.catch(() => {});
      return bytes;
    },
  };
  async function read(start: number, end = size): Promise<ArrayBuffer> {
    const from = start < 0 ? size + start : start;
    if (!(from >= 0 && end >= from && end <= size)) throw new ImportError("a column lies outside of the file");
    if (end - from > MAX_CHUNK_BYTES) {
      throw new ImportError(`a column of a row group has ${end - from} bytes; write smaller row groups`);
    }
    return (await readBytes(handle, from, end - from)).buffer;
  }
}

/** Trusts the uncompressed size that a page states only up to a limit. */
const boundedCompressors = Object.fromEntries(
  Object.entries(compressors).map(([codec, decompress]) => [
    codec,
    (input: Uint8Array, bytes: number) => {
      if (!(bytes >= 0 && bytes <= MAX_CHUNK_BYTES)) throw new ImportError(`a page has ${bytes} bytes`);
      return decompress(input, bytes);
    },
  ]),
);

/** Reads all pages of one column of a row group. */
function readChunk(file: AsyncBuffer, { meta_data: data }: ColumnChunk) {
  const start = Number(data?.dictionary_page_offset || data?.data_page_offset);
  return file.slice(start, start + Number(data?.total_compressed_size));
}

/**
 * Reads some rows of one column of a row group. The library gets metadata of this column only, because it would
 * otherwise repeat its work per schema column for each of them.
 */
async function readColumn(
  file: AsyncBuffer,
  read: { metadata: FileMetaData; rowGroup: RowGroup; index: number; first: number; end: number; name: string },
): Promise<DecodedArray> {
  const { metadata, rowGroup, index, first, end, name } = read;
  const { schema } = metadata;
  return guard(async () => {
    const chunk = rowGroup.columns[index] as ColumnChunk;
    if (first === 0) {
      checkPages(new Uint8Array(await readChunk(file, chunk)), name, Number(rowGroup.num_rows));
    }
    const single: FileMetaData = {
      ...metadata,
      num_rows: rowGroup.num_rows,
      schema: [{ ...(schema[0] as SchemaElement), num_children: 1 }, schema[index + 1] as SchemaElement],
      row_groups: [{ ...rowGroup, columns: [chunk] }],
    };
    const scan = await parquetScan({ file, metadata: single, compressors: boundedCompressors });
    const values = await scan.readColumn({ column: name, rowStart: first, rowEnd: end });
    if (values.length !== end - first) throw new ImportError(`column '${name}' ends too early`);
    // An index beyond the end of the dictionary.
    if (values.includes(undefined as never)) throw new ImportError(`column '${name}' is damaged`);
    return values;
  });
}
