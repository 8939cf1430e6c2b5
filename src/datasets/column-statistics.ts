/** What a column's cells look like, from one pass over them in bounded memory. */
import type { ColumnKind } from "../encoders/cells.ts";
import type { ColumnFacts } from "./file/columns.ts";
import { shortFloat } from "./short-float.ts";
import { RowSample } from "./row-sample.ts";

/** Columns with statistics: those that an answer lists. Of later ones only kind and missing cells are known. */
export const STATISTICS_COLUMNS_MAX = 1024;
/** Sampled values of all columns together: 16 MiB. */
const SAMPLE_VALUES_MAX = 4_194_304;
/** Sampled rows of a table of few columns. */
const SAMPLE_ROWS_MAX = 65_536;
const COMMONEST = 10;
const EIGHTHS = 8;
const DIGITS = 12;

/** What the statistics of a column cannot know themselves. */
export type ColumnReading = Pick<ColumnFacts, "kind" | "origin" | "categories" | "missing">;

/**
 * Statistics of the columns of a table: number of cells, extremes, mean and deviation are exact; quantiles and, for
 * numbers, the number of different cells are those of up to 65 536 rows, drawn at random from the same seed each time
 * (fewer beyond 64 columns).
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
      this.#columns[index]?.add({ values, first: index, stride: length, count }, drawn);
    }
  }

  /** Takes the next rows as one array per column. */
  addColumns(count: number, columns: readonly (Float32Array | Uint8Array)[]): void {
    const drawn = this.#rows.draw(count);
    for (const [index, values] of columns.entries()) {
      this.#columns[index]?.add({ values, first: 0, stride: 1, count }, drawn);
    }
  }

  /** The facts of a column. */
  facts(index: number, reading: ColumnReading): ColumnFacts {
    const statistics = this.#columns[index];
    if (reading.kind === "category") return categoryFacts(reading, statistics);
    return numberFacts(reading, statistics);
  }
}

interface Strided {
  values: Float32Array | Uint8Array;
  first: number;
  stride: number;
  count: number;
}

class ColumnStatistics {
  #count = 0;
  #min = Infinity;
  #max = -Infinity;
  #mean = 0;
  /** Sum of the squares of the distances from the mean. */
  #squares = 0;
  /** Value by slot of the sample; NaN where it is missing. */
  #sample = new Float32Array(64);
  #sampled = 0;
  /** Cells by code, for categories. */
  #codes: Float64Array | undefined;

  constructor(isCategory: boolean) {
    if (isCategory) this.#codes = new Float64Array(64);
  }

  /** `drawn` are pairs of a row of this block and its slot in the sample. */
  add(block: Strided, drawn: readonly number[]): void {
    this.#draw(block, drawn);
    if (this.#codes === undefined) this.#addNumbers(block);
    else this.#codes = countCodes(this.#codes, block);
  }

  #addNumbers({ values, first, stride, count }: Strided): void {
    const end = first + stride * count;
    let at = first;
    while (at < end && Number.isNaN(values[at])) at += stride;
    if (at >= end) return;
    // Distances from any of the values keep more digits than the values themselves.
    const shift = values[at] as number;
    let [min, max, sum, squares, seen] = [this.#min, this.#max, 0, 0, 0];
    for (; at < end; at += stride) {
      const value = values[at] as number;
      // False for NaN.
      if (value >= min) {
        if (value > max) max = value;
      } else if (value < min) {
        min = value;
        if (value > max) max = value;
      } else continue;
      const distance = value - shift;
      sum += distance;
      squares += distance * distance;
      seen++;
    }
    this.#min = min;
    this.#max = max;
    const mean = shift + sum / seen;
    const all = this.#count + seen;
    const step = mean - this.#mean;
    this.#squares += Math.max(0, squares - (sum * sum) / seen) + (step * step * this.#count * seen) / all;
    this.#mean += (step * seen) / all;
    this.#count = all;
  }

  #draw({ values, first, stride }: Strided, drawn: readonly number[]): void {
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
    if (this.#count === 0) return undefined;
    const deviation = Math.sqrt(this.#squares / this.#count);
    return { count: this.#count, min: this.#min, max: this.#max, mean: this.#mean, deviation };
  }

  /** The values of the sample, in order. */
  get sorted(): Float32Array {
    return this.#sample
      .subarray(0, this.#sampled)
      .filter((value) => !Number.isNaN(value))
      .sort();
  }

  /** Number of cells by code. */
  get codes(): Float64Array {
    return this.#codes ?? new Float64Array(0);
  }
}

function countCodes(counts: Float64Array, { values, first, stride, count }: Strided): Float64Array {
  let codes = counts;
  const end = first + stride * count;
  for (let at = first; at < end; at += stride) {
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

/** Number of cells by code. Codes 0 and 1 may have been counted as numbers, before all were known to be truth values. */
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
  const { sorted } = statistics;
  const shown = (value: number) => (reading.kind === "time" ? origin + value : shortFloat(value));
  const quantiles = Array.from({ length: EIGHTHS + 1 }, (_, eighth) => {
    if (eighth === 0) return shown(min);
    if (eighth === EIGHTHS || sorted.length === 0) return shown(max);
    return shown(sorted[Math.round(((sorted.length - 1) * eighth) / EIGHTHS)] as number);
  });
  return {
    ...reading,
    distinct: sorted.reduce((sum, value, at) => sum + (at === 0 || value !== sorted[at - 1] ? 1 : 0), 0),
    min: shown(min),
    max: shown(max),
    mean: rounded(origin + mean),
    deviation: rounded(deviation),
    quantiles,
    commonest: [],
  };
}
