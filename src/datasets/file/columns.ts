/**
 * What a dataset file knows about its columns: the trailer behind its chunks.
 *
 *     length of the facts u32 · facts (JSON: one per column group, or null) · dictionaries (JSON arrays of texts)
 *
 * The facts say how long each dictionary is, so that one is parsed only when somebody asks for it: a file may hold
 * many.
 */
import type { ColumnKind } from "../../encoders/cells.ts";
import { DatasetFileError, type ColumnGroup } from "./layout.ts";

export interface ColumnFacts {
  kind: ColumnKind;
  /** Seconds from 1970 on to which the values of a time are added; 0 for the other kinds. */
  origin: number;
  /** The text of each code of a category; empty for the other kinds. */
  categories: readonly string[];
  /** Number of missing cells. They are NaN in the file. */
  missing: number;
  /**
   * Different cells that are not missing: of numbers and times, those in the statistics' sample; null if not counted.
   */
  distinct: number | null;
  /** Of numbers, and of times in seconds from 1970 on; null for categories, without any cell, and if not counted. */
  min: number | null;
  max: number | null;
  mean: number | null;
  /** Standard deviation of all cells (divided by their number, not by one less). */
  deviation: number | null;
  /** Minimum, the seven eighths in between, and maximum; empty where there is no minimum. */
  quantiles: readonly number[];
  /** The commonest categories, most frequent first: at most ten; empty for the other kinds. */
  commonest: readonly { text: string; count: number }[];
}

/** Limit of categories of one column. */
export const MAX_CATEGORIES = 65_536;
/** Limit of a trailer, which readers read as a whole. */
export const MAX_TRAILER_BYTES = 16 * 1024 * 1024;
const MAX_COMMONEST = 10;
const QUANTILES = 9;
const KINDS: readonly unknown[] = ["number", "category", "time"] satisfies ColumnKind[];

/** One column's entry in the trailer: its facts without the categories, but with their number and bytes. */
type Entry = Omit<ColumnFacts, "categories"> & { categories: number; bytes: number };

/**
 * The trailer of a file with these groups. Throws DatasetFileError when it would be too long, or when facts are given
 * for a group that is not one column wide.
 */
export function encodeTrailer(groups: readonly ColumnGroup[], columns: readonly (ColumnFacts | undefined)[]): Buffer {
  if (columns.length !== groups.length) throw new DatasetFileError("one entry per column group is needed");
  const dictionaries: Buffer[] = [];
  let bytes = 0;
  const entries = columns.map((facts, index): Entry | null => {
    if (facts === undefined) return null;
    if (!isSingle(groups[index] as ColumnGroup)) throw new DatasetFileError("facts are those of single columns");
    const { categories } = facts;
    const dictionary = Buffer.from(categories.length === 0 ? "" : JSON.stringify(categories), "utf8");
    bytes += dictionary.length;
    if (bytes > MAX_TRAILER_BYTES) throw tooLong((groups[index] as ColumnGroup).name);
    dictionaries.push(dictionary);
    return { ...facts, categories: categories.length, bytes: dictionary.length };
  });
  const json = Buffer.from(JSON.stringify(entries), "utf8");
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  const trailer = Buffer.concat([length, json, ...dictionaries]);
  if (trailer.length > MAX_TRAILER_BYTES) throw new DatasetFileError("what is known about the columns is too long");
  return trailer;
}

const tooLong = (name: string) =>
  new DatasetFileError(
    `the texts of the categories take more than ${MAX_TRAILER_BYTES} bytes at column '${name}'; ` +
      "leave out columns of free text (drop)",
  );

/** Reads a trailer whose checksum is right. Throws DatasetFileError, at once or when `categories` are asked for. */
export function decodeTrailer(
  trailer: Buffer,
  { groups, rowCount }: { groups: readonly ColumnGroup[]; rowCount: number },
): (ColumnFacts | undefined)[] {
  const entriesEnd = trailer.length < 4 ? Infinity : 4 + trailer.readUInt32LE(0);
  if (entriesEnd > trailer.length) throw new DatasetFileError("the facts of the columns end too late");
  const entries = parse(trailer.subarray(4, entriesEnd));
  if (!Array.isArray(entries) || entries.length !== groups.length) {
    throw new DatasetFileError("the facts of the columns are not one per column group");
  }
  let at = entriesEnd;
  const columns = entries.map((entry: unknown, index) => {
    if (entry === null) return undefined;
    const group = groups[index] as ColumnGroup;
    if (!isEntry(entry, rowCount) || !isSingle(group)) {
      throw new DatasetFileError(`the facts of column '${group.name}' are invalid`);
    }
    const start = at;
    at += entry.bytes;
    return storedFacts(entry, trailer.subarray(start, at), group.name);
  });
  if (at !== trailer.length) throw new DatasetFileError("the facts of the columns do not fill the trailer");
  return columns;
}

const isSingle = ({ column_start, column_end }: ColumnGroup) => column_end - column_start === 1;

/** Facts whose categories are parsed when they are asked for the first time. */
function storedFacts({ bytes, categories: count, ...entry }: Entry, dictionary: Buffer, name: string): ColumnFacts {
  let categories: readonly string[] | undefined = bytes === 0 && count === 0 ? [] : undefined;
  return {
    ...entry,
    get categories() {
      if (categories !== undefined) return categories;
      const texts = parse(dictionary);
      const isDictionary =
        Array.isArray(texts) && texts.length === count && texts.every((text) => typeof text === "string");
      if (!isDictionary) throw new DatasetFileError(`the categories of column '${name}' are invalid`);
      return (categories = texts as string[]);
    },
  };
}

function parse(json: Buffer): unknown {
  try {
    return JSON.parse(json.toString("utf8"));
  } catch {
    throw new DatasetFileError("the facts of the columns are not JSON");
  }
}

const isCount = (value: unknown, max: number) =>
  Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) <= max;
const isNumberOrNull = (value: unknown) => value === null || Number.isFinite(value);

function isEntry(value: unknown, rowCount: number): value is Entry {
  if (typeof value !== "object" || value === null) return false;
  const { kind, origin, missing, distinct, min, max, mean, deviation, quantiles, commonest, categories, bytes } =
    value as Partial<Record<keyof Entry, unknown>>;
  return (
    KINDS.includes(kind) &&
    Number.isFinite(origin) &&
    (kind === "time" || origin === 0) &&
    isCount(missing, rowCount) &&
    (distinct === null || isCount(distinct, rowCount)) &&
    [min, max, mean, deviation].every(isNumberOrNull) &&
    Array.isArray(quantiles) &&
    (quantiles.length === 0 || quantiles.length === QUANTILES) &&
    quantiles.every(Number.isFinite) &&
    Array.isArray(commonest) &&
    commonest.length <= MAX_COMMONEST &&
    commonest.every(isCommon) &&
    isCount(categories, kind === "category" ? MAX_CATEGORIES : 0) &&
    isCount(bytes, MAX_TRAILER_BYTES)
  );
}

function isCommon(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { text, count } = value as { text?: unknown; count?: unknown };
  return typeof text === "string" && isCount(count, Number.MAX_SAFE_INTEGER);
}
