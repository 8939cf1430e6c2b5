import { GROUPS_KEY } from "../groups-metadata.ts";
import { MAX_COLUMNS } from "../file/layout.ts";
import type { FlatTable } from "./flat-buffer.ts";
import { ImportError } from "./import-job.ts";
import type { SourceColumn } from "./table-sink.ts";

/** Fields of the tables of Schema.fbs. */
const schemaField = { endianness: 0, fields: 1, metadata: 2, features: 3 } as const;
const fieldField = { name: 0, typeId: 2, type: 3, dictionary: 4, children: 5, metadata: 6 } as const;
const keyValueField = { key: 0, value: 1 } as const;

/** Names by type id. */
const typeNames = (
  "NONE Null Int Float Binary Utf8 Bool Decimal Date Time Timestamp Interval List Struct Union FixedSizeBinary " +
  "FixedSizeList Map Duration LargeBinary LargeUtf8 LargeList RunEndEncoded BinaryView Utf8View ListView LargeListView"
).split(" ");
const [INT, FLOAT, UTF8, BOOL, DATE, TIMESTAMP, FIXED_SIZE_LIST, DURATION, LARGE_UTF8] = [
  2, 3, 5, 6, 8, 10, 16, 18, 20,
];
const dictionaryField = { id: 0, index: 1 } as const;
/** Units of a Timestamp, by their number, and of a Date: how many are a second. */
const TIMESTAMP_UNITS = [1, 1e3, 1e6, 1e9];
const DATE_UNITS = [1 / 86_400, 1e3];
/** Format features that readers must support: replaced dictionaries and compressed bodies. */
const KNOWN_FEATURES = new Set([0, 1, 2]);
const EXTENSION_KEY = "ARROW:extension:name";
/** Valid names are shorter than this. */
const MAX_TEXT_BYTES = 2048;

const numbers = {
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  uint64: BigUint64Array,
  float32: Float32Array,
  float64: Float64Array,
};
export type ArrowNumbers = InstanceType<(typeof numbers)[keyof typeof numbers]>;

export interface ArrowColumn extends SourceColumn {
  /** Type of the values; `bits` are booleans, `text` and `large text` have 32-bit and 64-bit offsets. */
  item: (typeof numbers)[keyof typeof numbers] | "bits" | "text" | "large text";
  /** Of times: how many of the numbers are a second. */
  perSecond?: number;
  /** The values are indices of the texts of this dictionary. */
  dictionary?: number;
  /** True for a list of `width` values per row, which has its own nulls. */
  isList: boolean;
}

export interface ArrowSchema {
  columns: ArrowColumn[];
  isBigEndian: boolean;
  /** The metadata's definition of column groups. */
  groupsText: string | undefined;
  /** Columns of texts, one for each dictionary, by its id. */
  dictionaries: Map<number, ArrowColumn>;
}

/**
 * Reads the schema. Throws ImportError, naming the column, for columns that are neither numbers nor booleans, texts,
 * dates, times, dictionaries of texts nor fixed-size lists of numbers.
 */
export function readSchema(schema: FlatTable): ArrowSchema {
  for (const feature of schema.longs(schemaField.features)) {
    if (!KNOWN_FEATURES.has(feature)) throw new ImportError(`the file needs feature ${feature}, which is unknown`);
  }
  const columns: ArrowColumn[] = [];
  const dictionaries = new Map<number, ArrowColumn>();
  let width = 0;
  for (const field of schema.tables(schemaField.fields)) {
    const column = readField(field, columns.length, dictionaries);
    columns.push(column);
    width += column.width;
    if (width > MAX_COLUMNS) throw new ImportError(`more than ${MAX_COLUMNS} columns`);
  }
  const endianness = schema.short(schemaField.endianness);
  if (endianness !== 0 && endianness !== 1)
    throw new ImportError(`the order of bytes is ${endianness}, which is unknown`);
  return {
    columns,
    isBigEndian: endianness === 1,
    groupsText: metadataValue(schema, schemaField.metadata, GROUPS_KEY),
    dictionaries,
  };
}

function readField(field: FlatTable, index: number, dictionaries: Map<number, ArrowColumn>): ArrowColumn {
  if (field.textBytes(fieldField.name) > MAX_TEXT_BYTES) {
    throw new ImportError(`column ${index + 1}: the name is longer than ${MAX_TEXT_BYTES} bytes`);
  }
  const name = field.text(fieldField.name);
  checkMeaning(field, name);
  if (field.byte(fieldField.typeId) !== FIXED_SIZE_LIST) {
    const column: ArrowColumn = { name, width: 1, isList: false, ...readItem(field, name) };
    const dictionary = field.table(fieldField.dictionary);
    if (dictionary === undefined) return column;
    if (column.cells !== "text") throw refused(name, "type Dictionary");
    const id = dictionary.long(dictionaryField.id);
    dictionaries.set(id, column);
    return { ...column, item: indexItem(dictionary.table(dictionaryField.index), name), dictionary: id };
  }
  if (field.table(fieldField.dictionary) !== undefined) throw refused(name, "type Dictionary of lists");
  const width = field.table(fieldField.type)?.int(0) ?? 0;
  const [item] = field.tables(fieldField.children);
  if (item === undefined) throw new RangeError("a list has no kind of items");
  if (!(width > 0)) throw new ImportError(`column '${name}' has lists of ${width} values`);
  checkMeaning(item, name);
  const { cells, ...numbersOf } = readItem(item, name);
  const isPlain = (cells === undefined || cells === "truth") && item.table(fieldField.dictionary) === undefined;
  if (!isPlain) throw refused(name, `lists of ${cells ?? "dictionaries"}s`);
  return { name, width, isList: true, ...numbersOf };
}

/** The type of the indices of a dictionary: 32-bit integers, if the file does not say it. */
function indexItem(type: FlatTable | undefined, name: string): ArrowColumn["item"] {
  if (type === undefined) return Int32Array;
  const kind = `${type.byte(1) ? "" : "u"}int${type.int(0)}`;
  if (!Object.hasOwn(numbers, kind)) throw refused(name, `indices of type ${kind}`);
  return numbers[kind as keyof typeof numbers];
}

/** Refuses types whose values mean something else than the stored numbers. */
function checkMeaning(field: FlatTable, name: string): void {
  const extension = metadataValue(field, fieldField.metadata, EXTENSION_KEY, MAX_TEXT_BYTES);
  if (extension !== undefined) throw refused(name, `extension type '${extension}'`);
}

/** The type of one value of a field. */
function readItem(field: FlatTable, name: string): Pick<ArrowColumn, "item" | "isByte" | "cells" | "perSecond"> {
  const typeId = field.byte(fieldField.typeId);
  const type = field.table(fieldField.type);
  if (typeId === BOOL) return { item: "bits", isByte: true, cells: "truth" };
  if (typeId === UTF8) return { item: "text", isByte: false, cells: "text" };
  if (typeId === LARGE_UTF8) return { item: "large text", isByte: false, cells: "text" };
  if (typeId === DATE) {
    // The schema's default is a date in milliseconds.
    const unit = type?.short(0, 1) ?? 1;
    return { item: unit === 0 ? Int32Array : BigInt64Array, isByte: false, ...timeOf(DATE_UNITS[unit], name) };
  }
  if (typeId === TIMESTAMP) {
    return { item: BigInt64Array, isByte: false, ...timeOf(TIMESTAMP_UNITS[type?.short(0) ?? 0], name) };
  }
  if (typeId === INT) {
    const kind = `${type?.byte(1) ? "" : "u"}int${type?.int(0) ?? 0}`;
    if (!Object.hasOwn(numbers, kind)) throw refused(name, `type ${kind}`);
    return { item: numbers[kind as keyof typeof numbers], isByte: kind === "uint8" };
  }
  if (typeId === FLOAT) {
    const precision = type?.short(0) ?? 0;
    if (precision === 1) return { item: numbers.float32, isByte: false };
    if (precision === 2) return { item: numbers.float64, isByte: false };
    throw refused(name, `type Float${precision === 0 ? "16" : ` of precision ${precision}`}`);
  }
  throw refused(name, `type ${typeNames[typeId] ?? `${typeId}, which is unknown`}`);
}

function timeOf(perSecond: number | undefined, name: string) {
  if (perSecond === undefined) throw refused(name, "times of an unknown unit");
  return { cells: "time" as const, perSecond };
}

const POSSIBLE = "only numbers, booleans, texts, times and lists of numbers of one fixed size are possible";

const refused = (name: string, what: string) => new ImportError(`column '${name}' has ${what}; ${POSSIBLE}`);

/**
 * The meaning of columns, by name, where it differs from the stored numbers: durations and extension types. Files of
 * other formats may contain an Arrow schema for this purpose.
 */
export function readMeanings(schema: FlatTable): Map<string, string> {
  const meanings = new Map<string, string>();
  for (const field of schema.tables(schemaField.fields)) {
    const extension = metadataValue(field, fieldField.metadata, EXTENSION_KEY, MAX_TEXT_BYTES);
    const isDuration = field.byte(fieldField.typeId) === DURATION;
    if (extension === undefined && !isDuration) continue;
    meanings.set(
      field.text(fieldField.name),
      extension === undefined ? "type Duration" : `extension type '${extension}'`,
    );
  }
  return meanings;
}

/** The value of a key in a list of pairs; "…" when it is longer than `bytesMax`. */
function metadataValue(table: FlatTable, field: number, key: string, bytesMax = Infinity): string | undefined {
  for (const pair of table.tables(field)) {
    if (pair.textBytes(keyValueField.key) !== key.length || pair.text(keyValueField.key) !== key) continue;
    return pair.textBytes(keyValueField.value) > bytesMax ? "…" : pair.text(keyValueField.value);
  }
  return undefined;
}
