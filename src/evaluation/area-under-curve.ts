/** Rows up to which the area is exact; beyond, probabilities count as equal that fall into the same bin. */
const EXACT_ROWS_MAX = 1_000_000;
const BINS = 65_536;

type Side = 0 | 1;

/**
 * Area under the ROC curve of two classes: the share of pairs of a row of either class in which the row of class 1 has
 * the higher probability; equal ones count half. Rows may come in any order. Needs 4 bytes per row, at most 4 MB.
 */
export class AreaUnderCurve {
  readonly #exactMax: number;
  /** Sorted runs of the probabilities of each class, while the area is exact. */
  #runs: [SortedRuns, SortedRuns] | null = [new SortedRuns(), new SortedRuns()];
  #bins: [Float64Array, Float64Array] | null = null;
  readonly #rows: [number, number] = [0, 0];

  constructor(exactRowsMax = EXACT_ROWS_MAX) {
    this.#exactMax = exactRowsMax;
  }

  /** Adds the probabilities of class 1, each 0…1, of rows whose class is `side`. Keeps the array. */
  add(side: Side, probabilities: Float32Array): void {
    this.#rows[side] += probabilities.length;
    this.#runs?.[side].add(probabilities.sort());
    if (this.#bins !== null) countInto(this.#bins[side], probabilities);
    if (this.#runs === null || this.#rows[0] + this.#rows[1] <= this.#exactMax) return;
    const bins: [Float64Array, Float64Array] = [new Float64Array(BINS), new Float64Array(BINS)];
    for (const each of [0, 1] as const) for (const run of this.#runs[each].runs) countInto(bins[each], run);
    [this.#runs, this.#bins] = [null, bins];
  }

  /** The area, 0…1; null while one of the classes has no rows. */
  area(): number | null {
    const [zeros, ones] = this.#rows;
    if (zeros === 0 || ones === 0) return null;
    const pairs = this.#runs === null ? pairsOfBins(this.#bins!) : pairsOfRuns(this.#runs);
    return pairs / (zeros * ones);
  }
}

/**
 * Sorted arrays, each at least twice as long as the next, so that an addition merges little most of the time, and no
 * single call sorts everything.
 */
class SortedRuns {
  readonly runs: Float32Array[] = [];

  add(sorted: Float32Array): void {
    let run = sorted;
    while (this.runs.length > 0 && this.runs.at(-1)!.length < 2 * run.length) run = merged(this.runs.pop()!, run);
    this.runs.push(run);
  }

  all(): Float32Array {
    return this.runs.reduceRight(merged, new Float32Array());
  }
}

function merged(one: Float32Array, other: Float32Array): Float32Array {
  const result = new Float32Array(one.length + other.length);
  for (let at = 0, i = 0, k = 0; at < result.length; at++) {
    const takesOne = k === other.length || (i < one.length && one[i]! <= other[k]!);
    result[at] = takesOne ? one[i++]! : other[k++]!;
  }
  return result;
}

/** Pairs in which the row of class 1 is higher, half of the equal ones included. */
function pairsOfRuns([zeros, ones]: [SortedRuns, SortedRuns]): number {
  const [low, high] = [zeros.all(), ones.all()];
  let pairs = 0;
  for (let i = 0, below = 0, upTo = 0; i < high.length; i++) {
    while (below < low.length && low[below]! < high[i]!) below++;
    upTo = Math.max(upTo, below);
    while (upTo < low.length && low[upTo]! === high[i]!) upTo++;
    pairs += (below + upTo) / 2;
  }
  return pairs;
}

function pairsOfBins([zeros, ones]: [Float64Array, Float64Array]): number {
  let pairs = 0;
  for (let bin = 0, below = 0; bin < BINS; bin++) {
    pairs += ones[bin]! * (below + zeros[bin]! / 2);
    below += zeros[bin]!;
  }
  return pairs;
}

function countInto(bins: Float64Array, probabilities: Float32Array): void {
  for (const probability of probabilities) {
    const bin = Math.min(BINS - 1, Math.floor(probability * BINS));
    bins[bin] = bins[bin]! + 1;
  }
}
