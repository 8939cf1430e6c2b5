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
  readonly #columns: (ColumnStatistics | undefined)[];
  readonly #rows: RowSample;

  /** One kind per column; undefined for columns without statistics. */
  constructor(kinds: readonly (ColumnKind | undefined)[]) {
    const described = Math.min(kinds.filter((kind) => kind !== undefined).length, STATISTICS_COLUMNS_MAX);
    const rows = Math.min(SAMPLE_ROWS_MAX, Math.floor(SAMPLE_VALUES_MAX / Math.max(1, described)));
    let left = described;
    this.#rows = new RowSample(rows);
    this.#columns = kinds.map((kind) =>
      kind === undefined || left-- <= 0 ? undefined : new ColumnStatistics(kind === "category"),
    );
  }

  /** Takes the next rows, row by row: `[rows × columns]`. */
  addRows(values: Float32Array | Uint8Array): void {
    const { length } = this.#columns;
    const count = values.length / length;
    const drawn = this.#rows.draw(count);
    for (let index = 0; index < length; index++) {
      this.#columns[index]?.add(values, index, length);
      this.#columns[index]?.draw(values, index, length, drawn);
    }
  }

  /** Takes the next rows as one array per column. */
  addColumns(count: number, columns: readonly (Float32Array | Uint8Array)[]): void {
    const drawn = this.#rows.draw(count);
    for (const [index, values] of columns.entries()) {
      this.#columns[index]?.add(values, 0, 1);
      this.#columns[index]?.draw(values, 0, 1, drawn);
    }
  }

  /** The facts of a column; undefined when it is just plain numbers. */
  facts(index: number, reading: ColumnReading): ColumnFacts | undefined {
    const statistics = this.#columns[index];
    if (statistics === undefined && reading.kind === "number" && reading.missing === 0) return undefined;
    if (reading.kind === "category") return categoryFacts(reading, statistics);
    return numberFacts(reading, statistics);
  }
}

type Values = Float32Array | Uint8Array;

/** Of one column. Its values are those of an array from `first` on, `stride` apart. */
class ColumnStatistics {
  #count = 0;
  #min = Infinity;
  #max = -Infinity;
  /** Distances from one of the values keep more digits than the values themselves: the first one. */
  #start = Number.NaN;
  #sum = 0;
  #squares = 0;
  /** Value by slot of the sample; NaN where it is missing. */
  #sample = new Float32Array(64);
  #sampled = 0;
  /** Cells by code, for categories. */
  #codes: Float64Array | undefined;

  constructor(isCategory: boolean) {
    if (isCategory) this.#codes = new Float64Array(64);
  }

  add(values: Values, first: number, stride: number): void {
    if (this.#codes === undefined) this.#addNumbers(values, first, stride);
    else this.#codes = countCodes(this.#codes, values, first, stride);
  }

  #addNumbers(values: Values, first: number, stride: number): void {
    const end = values.length;
    let at = first;
    if (this.#count === 0) {
      while (at < end && Number.isNaN(values[at])) at += stride;
      if (at >= end) return;
      this.#start = values[at] as number;
    }
    const start = this.#start;
    let min = this.#min;
    let max = this.#max;
    let sum = this.#sum;
    let squares = this.#squares;
    let count = this.#count;
    for (; at < end; at += stride) {
      const value = values[at] as number;
      const distance = value - start;
      // Only NaN differs from itself.
      if (distance !== distance) continue;
      if (value < min) min = value;
      if (value > max) max = value;
      sum += distance;
      squares += distance * distance;
      count++;
    }
    this.#min = min;
    this.#max = max;
    this.#sum = sum;
    this.#squares = squares;
    this.#count = count;
  }

  /** Takes rows into the sample: `drawn` are pairs of a row of these values and its slot. */
  draw(values: Values, first: number, stride: number, drawn: readonly number[]): void {
    for (let pair = 0; pair < drawn.length; pair += 2) {
      const slot = drawn[pair + 1] as number;
      if (slot >= this.#sample.length) {
        const bigger = new Float32Array(2 * slot);
        bigger.set(this.#sample);
        this.#sample = bigger;
      }
      this.#sample[slot] = values[first + stride * (drawn[pair] as number)] as number;
      if (slot >= this.#sampled) this.#sampled = slot + 1;
    }
  }

  /** Undefined without any cell. */
  get moments() {
    const count = this.#count;
    if (count === 0) return undefined;
    const distance = this.#sum / count;
    const deviation = Math.sqrt(Math.max(0, this.#squares / count - distance * distance));
    return { count, min: this.#min, max: this.#max, mean: this.#start + distance, deviation };
  }

  /** The values of the sample, in order. */
  sorted(): Float32Array {
    const values = this.#sample.slice(0, this.#sampled).sort();
    // NaN is sorted to the end.
    let length = values.length;
    while (length > 0 && Number.isNaN(values[length - 1])) length--;
    return values.subarray(0, length);
  }

  /** Number of cells by code. */
  get codes(): Float64Array {
    return this.#codes ?? new Float64Array(0);
  }
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
  const sorted = statistics.sorted();
  const shown = (value: number) => (reading.kind === "time" ? origin + value : shortFloat(value));
  const quantiles = Array.from({ length: EIGHTHS + 1 }, (_, eighth) => {
    if (eighth === 0) return shown(min);
    if (eighth === EIGHTHS || sorted.length === 0) return shown(max);
    return shown(sorted[Math.round(((sorted.length - 1) * eighth) / EIGHTHS)] as number);
  });
  return {
    ...reading,
    distinct: countDistinct(sorted),
    min: shown(min),
    max: shown(max),
    mean: rounded(origin + mean),
    deviation: rounded(deviation),
    quantiles,
    commonest: [],
  };
}
