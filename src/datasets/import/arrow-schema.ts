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
const [INT, FLOAT, BOOL, FIXED_SIZE_LIST, DURATION] = [2, 3, 6, 16, 18];
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
  /** Type of the values; `bits` are booleans. */
  item: (typeof numbers)[keyof typeof numbers] | "bits";
  /** True for a list of `width` values per row, which has its own nulls. */
  isList: boolean;
}

export interface ArrowSchema {
  columns: ArrowColumn[];
  isBigEndian: boolean;
  /** The metadata's definition of column groups. */
  groupsText: string | undefined;
}

/**
 * Reads the schema. Throws ImportError, naming the column, for columns that are neither numbers nor booleans nor
 * fixed-size lists.
 */
export function readSchema(schema: FlatTable): ArrowSchema {
  for (const feature of schema.longs(schemaField.features)) {
    if (!KNOWN_FEATURES.has(feature)) throw new ImportError(`the file needs feature ${feature}, which is unknown`);
  }
  const columns: ArrowColumn[] = [];
  let width = 0;
  for (const field of schema.tables(schemaField.fields)) {
    const column = readField(field, columns.length);
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
  };
}

function readField(field: FlatTable, index: number): ArrowColumn {
  if (field.textBytes(fieldField.name) > MAX_TEXT_BYTES) {
    throw new ImportError(`column ${index + 1}: the name is longer than ${MAX_TEXT_BYTES} bytes`);
  }
  const name = field.text(fieldField.name);
  checkMeaning(field, name);
  if (field.byte(fieldField.typeId) !== FIXED_SIZE_LIST) {
    return { name, width: 1, isList: false, ...readItem(field, name) };
  }
  const width = field.table(fieldField.type)?.int(0) ?? 0;
  const [item] = field.tables(fieldField.children);
  if (item === undefined) throw new RangeError("a list has no kind of items");
  if (!(width > 0)) throw new ImportError(`column '${name}' has lists of ${width} values`);
  checkMeaning(item, name);
  return { name, width, isList: true, ...readItem(item, name) };
}

/** Refuses types whose values mean something else than the stored numbers. */
function checkMeaning(field: FlatTable, name: string): void {
  if (field.table(fieldField.dictionary) !== undefined) throw refused(name, "type Dictionary");
  const extension = metadataValue(field, fieldField.metadata, EXTENSION_KEY, MAX_TEXT_BYTES);
  if (extension !== undefined) throw refused(name, `extension type '${extension}'`);
}

/** The type of one value of a field. */
function readItem(field: FlatTable, name: string): Pick<ArrowColumn, "item" | "isByte"> {
  const typeId = field.byte(fieldField.typeId);
  const type = field.table(fieldField.type);
  if (typeId === BOOL) return { item: "bits", isByte: true };
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

const refused = (name: string, what: string) =>
  new ImportError(`column '${name}' has ${what}; only numbers, booleans and lists of one fixed size are possible`);

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
