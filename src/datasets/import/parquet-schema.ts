import { parquetSchema, type FileMetaData, type SchemaElement } from "hyparquet";
import { readMeanings } from "./arrow-schema.ts";
import { FlatTable } from "./flat-buffer.ts";
import { ImportError } from "./import-job.ts";
import type { SourceColumn } from "./table-sink.ts";

/**
 * Key under which Arrow's writers store what a Parquet schema cannot express: a message of an Arrow stream, in base64.
 */
const ARROW_SCHEMA_KEY = "ARROW:schema";
/** Mark and length of the message, and the field of its header. */
const ARROW_PREFIX_BYTES = 8;
const ARROW_HEADER = 2;

/** Reads the schema. Throws ImportError, naming the column, for a column that is not one number per row. */
export function readParquetSchema(metadata: FileMetaData): SourceColumn[] {
  const columns = parquetSchema(metadata).children.map(({ element }) => describeColumn(element));
  const meanings = arrowMeanings(metadata);
  for (const { name } of columns) {
    const meaning = meanings.get(name);
    if (meaning !== undefined) throw refusal(name, `has ${meaning}`);
  }
  return columns;
}

const refusal = (name: string, what: string) =>
  new ImportError(`column '${name}' ${what}; only numbers, booleans, texts and times are possible`);

function describeColumn(element: SchemaElement): SourceColumn {
  const { type, converted_type: converted, logical_type: logical } = element;
  // In a damaged file, anything may be missing.
  const name = String((element.name as string | undefined) ?? "");
  if (element.num_children !== undefined && element.num_children > 0) throw refusal(name, "is nested");
  if (element.repetition_type === "REPEATED") throw refusal(name, "is a list");
  // The library does not know logical types that are newer than itself.
  if (logical !== undefined && logical.type === undefined) throw refusal(name, "has a logical type that is unknown");
  const annotation = converted ?? logical?.type;
  if (type === "BOOLEAN" && annotation === undefined) return { name, width: 1, isByte: true, cells: "truth" };
  if (type === "BYTE_ARRAY" && (annotation === "UTF8" || annotation === "STRING" || annotation === "ENUM")) {
    return { name, width: 1, isByte: false, cells: "text" };
  }
  const isDay = type === "INT32" && annotation === "DATE";
  const isTime = type === "INT64" && /^TIMESTAMP(?:_MILLIS|_MICROS)?$/.test(annotation ?? "");
  if (isDay || isTime) return { name, width: 1, isByte: false, cells: "time" };
  const isInteger = annotation === undefined || /^U?INT/.test(annotation);
  const isOther = logical !== undefined && logical.type !== "INTEGER";
  if ((type === "INT32" || type === "INT64") && isInteger && !isOther) {
    const isByte =
      converted === "UINT_8" || (logical?.type === "INTEGER" && logical.bitWidth === 8 && !logical.isSigned);
    return { name, width: 1, isByte };
  }
  if ((type === "FLOAT" || type === "DOUBLE") && annotation === undefined) return { name, width: 1, isByte: false };
  throw refusal(name, `has type ${annotation ?? type}`);
}

/** Meaning, from the writer's Arrow schema, of columns that Parquet stores as numbers. */
function arrowMeanings(metadata: FileMetaData): Map<string, string> {
  const text = metadata.key_value_metadata?.find(({ key }) => key === ARROW_SCHEMA_KEY)?.value;
  if (text === undefined) return new Map();
  try {
    const message = Buffer.from(text, "base64").subarray(ARROW_PREFIX_BYTES);
    const schema = FlatTable.root(message).table(ARROW_HEADER);
    return schema === undefined ? new Map() : readMeanings(schema);
  } catch (error) {
    // A program that rewrote the file may have truncated this schema; the Parquet schema is complete.
    if (error instanceof RangeError) return new Map();
    throw error;
  }
}

/**
 * Throws ImportError when row groups do not match the columns of the schema and the rows of the file, or their data is
 * encrypted or in another file.
 */
export function checkRowGroups(metadata: FileMetaData, columns: readonly SourceColumn[]): void {
  const types = metadata.schema.slice(1).map(({ type }) => type);
  let rows = 0n;
  for (const { columns: chunks, num_rows } of metadata.row_groups) {
    if (chunks.length !== columns.length) throw new ImportError("a row group has other columns than the schema");
    for (const [index, { name }] of columns.entries()) {
      const chunk = chunks[index];
      // The library omits what the file omits.
      const isEncrypted = (chunk?.crypto_metadata ?? chunk?.encrypted_column_metadata) !== undefined;
      if (isEncrypted) throw new ImportError(`column '${name}' is encrypted`);
      if (chunk?.file_path) throw new ImportError(`column '${name}' is in another file`);
      if (chunk?.meta_data?.path_in_schema.join("\0") !== name || chunk.meta_data.type !== types[index]) {
        throw new ImportError(`column '${name}' is not where the schema has it`);
      }
    }
    rows += BigInt(num_rows);
  }
  if (rows !== BigInt(metadata.num_rows)) {
    throw new ImportError(`the row groups have ${rows} rows, but the file says ${metadata.num_rows}`);
  }
}
