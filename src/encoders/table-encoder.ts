import type { Cells, ColumnKind, ColumnMeaning } from "./cells.ts";
import { EncoderError } from "./encoder-error.ts";
import { quantileKnots, sortedSample } from "./knots.ts";
import { numberChannels, numberCode, writeNumber } from "./number-code.ts";
import { numberFromText } from "./number-text.ts";
import { secondsOf, TIME_PARTS, timePart, type TimePart } from "./time-parts.ts";

/** Categories of a column that get a channel: the commonest. */
export const CATEGORIES_CODED_MAX = 50;
/** Characters of a category that gets a channel. */
export const CATEGORY_TEXT_MAX = 1024;

interface Fitted {
  /** The column's name. */
  name: string;
  /** Whether the column missed cells when it was fitted, and so has a channel for them: the last one. */
  missing: boolean;
}

/** A column of numbers: their code between the knots. A constant has one knot and no channel. */
interface FittedNumber extends Fitted {
  kind: "number";
  knots: number[];
}

/** A column of categories: one channel for each, the commonest first. */
interface FittedCategory extends Fitted {
  kind: "category";
  categories: string[];
  /** How many other categories there were, which are silent. */
  rest: number;
}

/** A column of times: the code of each part that varied. */
interface FittedTime extends Fitted {
  kind: "time";
  parts: { part: TimePart; knots: number[] }[];
}

/** A column without a single value; it has no channels and fits every later column. */
interface FittedEmpty extends Fitted {
  kind: "empty";
}

/** How the cells of one column become channels; plain JSON. */
export type FittedColumn = FittedNumber | FittedCategory | FittedTime | FittedEmpty;

/** How the rows of a table become values of a network: the channels of its columns, side by side. */
export interface TableEncoder {
  columns: FittedColumn[];
}

/** The encoder of a table for the columns of one dataset. */
export interface BoundTable {
  /**
   * Writes the channels of rows, [rows × width], each 0 to 1. `cells` are in the encoder's order; those of a column
   * that the dataset lacks are not read. Throws EncoderError for a cell that is not of the fitted kind.
   */
  encode(cells: readonly (Float32Array | undefined)[], rows: number, target: Float32Array): void;
  /** How many cells of each column, by its name, had a category that no fitted row had; all of their channels are 0. */
  readonly unknown: ReadonlyMap<string, number>;
}

/** Fits the code of a column to the cells of training rows. */
export function fitColumn(cells: Cells): FittedColumn {
  const { name, kind, values } = cells;
  const missing = values.some((value) => Number.isNaN(value));
  if (kind === "category") return fitCategory(cells, missing);
  const sorted = sortedSample(values);
  if (sorted.length === 0) return { name, kind: "empty", missing };
  if (kind === "number") return { name, kind, missing, knots: quantileKnots(sorted) };
  const seconds = sorted.map((value) => secondsOf(cells.origin, value));
  const parts = TIME_PARTS.map((part) => ({
    part,
    knots: quantileKnots(seconds.map((second) => timePart(part, second)).sort()),
  }));
  return { name, kind, missing, parts: parts.filter(({ knots }) => knots.length > 1) };
}

function fitCategory({ name, values, categories }: Cells, missing: boolean): FittedColumn {
  const counts = new Float64Array(categories.length);
  for (const code of values) if (code < counts.length) counts[code]! += 1;
  const found = [...counts.keys()].filter((code) => counts[code]! > 0);
  if (found.length === 0) return { name, kind: "empty", missing };
  const coded = found
    .filter((code) => categories[code]!.length <= CATEGORY_TEXT_MAX)
    .sort((a, b) => counts[b]! - counts[a]! || (categories[a]! < categories[b]! ? -1 : 1))
    .slice(0, CATEGORIES_CODED_MAX);
  const rest = found.length - coded.length;
  return { name, kind: "category", missing, categories: coded.map((code) => categories[code]!), rest };
}

/** Channels of a table: the width of its encoded rows. */
export const widthOf = ({ columns }: TableEncoder): number =>
  columns.reduce((sum, column) => sum + valueChannels(column) + missingChannels(column), 0);

function valueChannels(column: FittedColumn): number {
  switch (column.kind) {
    case "number":
      return numberChannels(column.knots);
    case "category":
      return isConstant(column) ? 0 : column.categories.length;
    case "time":
      return column.parts.reduce((sum, { knots }) => sum + numberChannels(knots), 0);
    case "empty":
      return 0;
  }
}

const missingChannels = (column: FittedColumn): number => (column.missing && column.kind !== "empty" ? 1 : 0);

const isConstant = ({ categories, rest, missing }: FittedCategory) => categories.length + rest < 2 && !missing;

/** Writes the channels of one column's cell, which is not missing, over zeros. */
type Write = (value: number, target: Float32Array, at: number) => void;

/**
 * Prepares an encoder for the columns of a dataset, which are given in the encoder's order; undefined where the dataset
 * lacks the column, or has no value in it: its channels are all 0. Throws EncoderError, with the name, for a column of
 * another kind than the fitted one. Categories that all spell numbers may stand for numbers, and the other way round.
 */
export function bindTable(encoder: TableEncoder, columns: readonly (ColumnMeaning | undefined)[]): BoundTable {
  const stride = widthOf(encoder);
  const unknown = new Map<string, number>();
  let first = 0;
  const parts = encoder.columns.map((fitted, index) => {
    const meaning = columns[index];
    const at = first;
    const values = valueChannels(fitted);
    first += values + missingChannels(fitted);
    const count = () => void unknown.set(fitted.name, (unknown.get(fitted.name) ?? 0) + 1);
    const write = meaning === undefined ? undefined : writerOf(fitted, meaning, count);
    return { index, at, write, missingAt: missingChannels(fitted) === 1 ? at + values : -1 };
  });
  return {
    unknown,
    encode(cells, rows, target) {
      target.fill(0, 0, rows * stride);
      for (const { index, at, write, missingAt } of parts) {
        const values = cells[index];
        if (write !== undefined && values !== undefined)
          encodeColumn(values, rows, { write, at, missingAt, stride }, target);
      }
    },
  };
}

interface Place {
  write: Write;
  at: number;
  /** Channel of missing cells, or -1. */
  missingAt: number;
  stride: number;
}

function encodeColumn(values: Float32Array, rows: number, place: Place, target: Float32Array): void {
  const { write, at, missingAt, stride } = place;
  for (let row = 0, start = 0; row < rows; row++, start += stride) {
    const value = values[row]!;
    if (value === value) write(value, target, start + at);
    else if (missingAt >= 0) target[start + missingAt] = 1;
  }
}

function writerOf(fitted: FittedColumn, meaning: ColumnMeaning, countUnknown: () => void): Write | undefined {
  switch (fitted.kind) {
    case "empty":
      return undefined;
    case "number":
      return numberWriter(fitted, meaning);
    case "category":
      return categoryWriter(fitted, meaning, countUnknown);
    case "time":
      return timeWriter(fitted, meaning);
  }
}

function numberWriter({ name, knots }: FittedNumber, meaning: ColumnMeaning): Write {
  const code = numberCode(knots);
  const isCoded = knots.length > 1;
  if (meaning.kind === "number") return isCoded ? (value, target, at) => writeNumber(code, value, target, at) : ignore;
  if (meaning.kind === "time") throw wrongKind(name, "number", "time");
  const numbers = Float64Array.from(meaning.categories, (text) => {
    const number = numberFromText(text);
    if (number === undefined) throw wrongKind(name, "number", "category", text);
    return number;
  });
  return isCoded ? (value, target, at) => writeNumber(code, numbers[value]!, target, at) : ignore;
}

const ignore: Write = () => {};

/** What stands for the channel of a category that has none. */
const UNKNOWN = -1;

function categoryWriter(fitted: FittedCategory, meaning: ColumnMeaning, countUnknown: () => void): Write {
  const { name, categories, rest } = fitted;
  const isCoded = !isConstant(fitted);
  // Among more categories than have channels, a new one cannot be told from those that were silent all along.
  const missed = rest > 0 ? () => {} : countUnknown;
  const put = (channel: number, target: Float32Array, at: number) => {
    if (channel === UNKNOWN) missed();
    else if (isCoded) target[at + channel] = 1;
  };
  if (meaning.kind === "time") throw wrongKind(name, "category", "time");
  if (meaning.kind === "category") {
    const areNumbers = (texts: readonly string[]) =>
      texts.length > 0 && texts.every((text) => numberFromText(text) !== undefined);
    // A file may be read with the kind that was learnt, whatever its cells are.
    if (areNumbers(meaning.categories) && categories.every((text) => numberFromText(text) === undefined)) {
      throw wrongKind(name, "category", "number", categories[0]);
    }
    const channels = channelsOfCodes(categories, meaning.categories);
    return (value, target, at) => put(channels[value]!, target, at);
  }
  const channels = new Map<number, number>();
  for (const [channel, text] of categories.entries()) {
    const number = numberFromText(text);
    if (number === undefined) throw wrongKind(name, "category", "number", text);
    channels.set(number, channel);
  }
  return (value, target, at) => put(channels.get(value) ?? UNKNOWN, target, at);
}

/** The channel of each code of a dataset's column. */
function channelsOfCodes(fitted: readonly string[], categories: readonly string[]): Int32Array {
  const channels = new Map(fitted.map((text, channel) => [text, channel]));
  return Int32Array.from(categories, (text) => channels.get(text) ?? UNKNOWN);
}

function timeWriter({ name, parts }: FittedTime, meaning: ColumnMeaning): Write {
  if (meaning.kind !== "time") throw wrongKind(name, "time", meaning.kind, meaning.categories[0]);
  const codes = parts.map(({ part, knots }) => ({ part, code: numberCode(knots), width: numberChannels(knots) }));
  return (value, target, at) => {
    const seconds = secondsOf(meaning.origin, value);
    let from = at;
    for (const { part, code, width } of codes) {
      writeNumber(code, timePart(part, seconds), target, from);
      from += width;
    }
  };
}

const PLURALS: Record<ColumnKind, string> = { number: "numbers", category: "categories", time: "times" };

function wrongKind(name: string, learnt: ColumnKind, found: ColumnKind, text?: string): EncoderError {
  const example = text === undefined ? "" : ` (such as '${text.slice(0, 50)}')`;
  return found === "category"
    ? new EncoderError(`Column '${name}' was learnt as ${PLURALS[learnt]} and has ${PLURALS[found]} now${example}.`)
    : new EncoderError(`Column '${name}' was learnt as ${PLURALS[learnt]}${example} and has ${PLURALS[found]} now.`);
}
