/** What a column's cells look like, from one pass over them in bounded memory. */
import type { ColumnKind } from "../encoders/cells.ts";
import type { ColumnFacts } from "./file/columns.ts";
import { shortFloat } from "./short-float.ts";
import { RowSample } from "./row-sample.ts";

/** Columns with statistics: those that an answer lists. Of later ones only kind and missing cells are known. */
export const STATISTICS_COLUMNS_MAX = 1024;
/** Sampled values of all columns together; sorting them takes less than 0.1 s. */
const SAMPLE_VALUES_MAX = 524_288;
/** Sampled rows of a table of few columns: a quantile is off by half a percent of the rows. */
const SAMPLE_ROWS_MAX = 16_384;
const SLICE_ROWS = 1024;
const COMMONEST = 10;
const EIGHTHS = 8;
const DIGITS = 12;

/** What the statistics of a column cannot know themselves. */
export type ColumnReading = Pick<ColumnFacts, "kind" | "origin" | "categories" | "missing">;

/**
 * Statistics of the columns of a table: number of cells, extremes, mean and deviation are exact; quantiles and, for
 * numbers, the number of different cells are those of up to 16 384 rows, drawn at random from the same seed each time
 * (fewer beyond 32 columns).
 */
export class TableStatistics {
  /** The columns with statistics, by their index in the table. */
  readonly #described: readonly number[];
  /** Where a column is in `#described`. */
  readonly #places: ReadonlyMap<number, number>;
  /** For each of `#described`: cells by code, if it is a category. */
  readonly #codes: (Float64Array | undefined)[];
  /** For each of `#described`: see `Moment`. */
  readonly #moments: readonly Float64Array[];
  readonly #rows: RowSample;
  /** Row by row, those of `#described`, so that a drawn row is written to one place; NaN where a cell is missing. */
  #sample: Float32Array;
  #sampled = 0;

  /** One kind per column; undefined for columns without statistics. */
  constructor(kinds: readonly (ColumnKind | undefined)[]) {
    this.#described = kinds
      .flatMap((kind, index) => (kind === undefined ? [] : index))
      .slice(0, STATISTICS_COLUMNS_MAX);
    this.#places = new Map(this.#described.map((index, each) => [index, each]));
    const columns = this.#described.length;
    this.#rows = new RowSample(Math.min(SAMPLE_ROWS_MAX, Math.floor(SAMPLE_VALUES_MAX / Math.max(1, columns))));
    this.#codes = this.#described.map((index) => (kinds[index] === "category" ? new Float64Array(64) : undefined));
    this.#moments = this.#described.map(() => Float64Array.of(0, Infinity, -Infinity, 0, 0, 0));
    this.#sample = new Float32Array(64 * columns);
  }

  /** Takes the next rows, row by row: `[rows × columns]`, where `columns` is the number of all columns. */
  addRows(values: Float32Array | Uint8Array, columns: number): void {
    const described = this.#described;
    const count = described.length;
    for (let each = 0; each < count; each++) this.#add(each, values, described[each] as number, columns);
    const drawn = this.#draw(values.length / columns);
    const sample = this.#sample;
    for (let pair = 0; pair < drawn.length; pair += 2) {
      const source = columns * (drawn[pair] as number);
      const target = count * (drawn[pair + 1] as number);
      for (let each = 0; each < count; each++) {
        sample[target + each] = values[source + (described[each] as number)] as number;
      }
    }
  }

  /** Takes the next rows as one array per column. */
  addColumns(count: number, columns: readonly (Float32Array | Uint8Array)[]): void {
    const drawn = this.#draw(count);
    const sample = this.#sample;
    for (const [each, index] of this.#described.entries()) {
      const values = columns[index] as Values;
      this.#add(each, values, 0, 1);
      for (let pair = 0; pair < drawn.length; pair += 2) {
        const target = this.#described.length * (drawn[pair + 1] as number);
        sample[target + each] = values[drawn[pair] as number] as number;
      }
    }
  }

  /** Draws from the next rows: pairs of a row and its slot, for which the sample has room then. */
  #draw(rows: number): readonly number[] {
    const drawn = this.#rows.draw(rows);
    let sampled = this.#sampled;
    for (let pair = 1; pair < drawn.length; pair += 2) sampled = Math.max(sampled, (drawn[pair] as number) + 1);
    this.#sampled = sampled;
    const length = sampled * this.#described.length;
    if (length > this.#sample.length) {
      const bigger = new Float32Array(2 * length);
      bigger.set(this.#sample);
      this.#sample = bigger;
    }
    return drawn;
  }

  #add(each: number, values: Values, first: number, stride: number): void {
    const codes = this.#codes[each];
    const moments = this.#moments[each] as Float64Array;
    const length = SLICE_ROWS * stride;
    if (codes === undefined && values.length <= length) addNumbers(moments, values, first, stride);
    else if (codes === undefined) {
      // A function that is called often is compiled sooner than one with a long loop.
      for (let at = 0; at < values.length; at += length) {
        addNumbers(moments, values.subarray(at, at + length), first, stride);
      }
    } else this.#codes[each] = countCodes(codes, values, first, stride);
  }

  /** The facts of a column; undefined when it is just plain numbers. */
  facts(index: number, reading: ColumnReading): ColumnFacts | undefined {
    const each = this.#places.get(index);
    const statistics = each === undefined ? undefined : this.#statistics(each);
    if (statistics === undefined && reading.kind === "number" && reading.missing === 0) return undefined;
    if (reading.kind === "category") return categoryFacts(reading, statistics);
    return numberFacts(reading, statistics);
  }

  #statistics(each: number): ColumnStatistics {
    const columns = this.#described.length;
    const sample = new Float32Array(this.#sampled);
    for (let row = 0; row < sample.length; row++) sample[row] = this.#sample[row * columns + each] as number;
    const moments = momentsOf(this.#moments[each] as Float64Array);
    return { codes: this.#codes[each] ?? new Float64Array(0), moments, sample };
  }
}

type Values = Float32Array | Uint8Array;

/** What is known of a column of numbers: the places of its numbers in an array. */
const Moment = {
  count: 0,
  min: 1,
  max: 2,
  /** Distances from one of the values keep more digits than the values themselves: the first one. */
  start: 3,
  sum: 4,
  squares: 5,
} as const;

interface ColumnStatistics {
  /** Number of cells by code; empty for numbers and times. */
  codes: Float64Array;
  /** Undefined without any cell. */
  moments: ReturnType<typeof momentsOf>;
  /** NaN where a cell is missing. */
  sample: Float32Array;
}

/** Adds the values from `first` on, `stride` apart. Sees every cell of a table, so it does the least for each. */
function addNumbers(moments: Float64Array, values: Values, first: number, stride: number): void {
  const end = values.length;
  let at = first;
  let count = 0;
  if (moments[Moment.count] === 0) {
    while (at < end && Number.isNaN(values[at])) at += stride;
    if (at >= end) return;
    moments[Moment.start] = values[at] as number;
  }
  const start = moments[Moment.start] as number;
  let min = moments[Moment.min] as number;
  let max = moments[Moment.max] as number;
  let sum = 0;
  let squares = 0;
  for (; at < end; at += stride) {
    const value = values[at] as number;
    const distance = value - start;
    // Only NaN differs from itself.
    if (distance !== distance) continue;
    sum += distance;
    squares += distance * distance;
    count++;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  moments[Moment.min] = min;
  moments[Moment.max] = max;
  moments[Moment.count]! += count;
  moments[Moment.sum]! += sum;
  moments[Moment.squares]! += squares;
}

function momentsOf(moments: Float64Array) {
  const [count, min, max, start, sum, squares] = moments as unknown as [number, number, number, number, number, number];
  if (count === 0) return undefined;
  const distance = sum / count;
  const deviation = Math.sqrt(Math.max(0, squares / count - distance * distance));
  return { count, min, max, mean: start + distance, deviation };
}

/** The values of a sample, in order. */
function sorted(sample: Float32Array): Float32Array {
  // Floats of one sign, which NaN has as well, are in the order of their bits, and whole numbers are sorted faster.
  if (sample.every((value) => !(value < 0 || Object.is(value, -0)))) new Uint32Array(sample.buffer).sort();
  else sample.sort();
  // NaN is sorted to the end.
  let length = sample.length;
  while (length > 0 && Number.isNaN(sample[length - 1])) length--;
  return sample.subarray(0, length);
}

function countCodes(counts: Float64Array, values: Values, first: number, stride: number): Float64Array {
  let codes = counts;
  for (let at = first; at < values.length; at += stride) {
    const code = values[at] as number;
    if (Number.isNaN(code)) continue;
    if (code >= codes.length) {
      const bigger = new Float64Array(2 * (code + 1));
      bigger.set(codes);
      codes = bigger;
    }
    codes[code] = (codes[code] as number) + 1;
  }
  return codes;
}

function countDistinct(sorted: Float32Array): number {
  let count = 0;
  for (let at = 0; at < sorted.length; at++) if (at === 0 || sorted[at] !== sorted[at - 1]) count++;
  return count;
}

const nothing = { min: null, max: null, mean: null, deviation: null, quantiles: [], commonest: [] };

function categoryFacts(reading: ColumnReading, statistics: ColumnStatistics | undefined): ColumnFacts {
  const { categories } = reading;
  const counts = statistics === undefined ? new Float64Array(0) : codeCounts(statistics);
  const commonest = categories
    .map((text, code) => ({ text, count: counts[code] ?? 0 }))
    .filter(({ count }) => count > 0)
    .sort((one, other) => other.count - one.count)
    .slice(0, COMMONEST);
  const distinct =
    counts.length === 0 ? categories.length : counts.reduce((sum, count) => sum + (count > 0 ? 1 : 0), 0);
  return { ...reading, ...nothing, distinct, commonest };
}

/**
 * Number of cells by code. Codes 0 and 1 may have been counted as numbers, before all were known to be truth values.
 */
function codeCounts(statistics: ColumnStatistics): Float64Array {
  const { codes, moments } = statistics;
  if (codes.length > 0 || moments === undefined) return codes;
  const ones = Math.round(moments.count * moments.mean);
  return Float64Array.of(moments.count - ones, ones);
}

/** Without the last digits, which depend on the blocks in which the rows came. */
const rounded = (value: number) => Number(value.toPrecision(DIGITS));

function numberFacts(reading: ColumnReading, statistics: ColumnStatistics | undefined): ColumnFacts {
  const moments = statistics?.moments;
  const { origin } = reading;
  if (statistics === undefined) return { ...reading, ...nothing, distinct: null };
  if (moments === undefined) return { ...reading, ...nothing, distinct: 0 };
  const { min, max, mean, deviation } = moments;
  const ordered = sorted(statistics.sample);
  const shown = (value: number) => (reading.kind === "time" ? origin + value : shortFloat(value));
  const quantiles = Array.from({ length: EIGHTHS + 1 }, (_, eighth) => {
    if (eighth === 0) return shown(min);
    if (eighth === EIGHTHS || ordered.length === 0) return shown(max);
    return shown(ordered[Math.round(((ordered.length - 1) * eighth) / EIGHTHS)] as number);
  });
  return {
    ...reading,
    distinct: countDistinct(ordered),
    min: shown(min),
    max: shown(max),
    mean: rounded(origin + mean),
    deviation: rounded(deviation),
    quantiles,
    commonest: [],
  };
}
