/** Rows that a fit reads at most; more would not move a quantile noticeably. */
export const SAMPLE_ROWS_MAX = 131_072;
/** Ramps between the quantiles of a column of numbers. */
const RAMPS = 8;

/** The finite values of at most `SAMPLE_ROWS_MAX` rows, taken evenly, in ascending order. */
export function sortedSample(values: Float32Array | Float64Array): Float64Array {
  const count = Math.min(values.length, SAMPLE_ROWS_MAX);
  const sample = new Float64Array(count);
  let found = 0;
  for (let i = 0; i < count; i++) {
    const value = values[Math.floor((i * values.length) / count)]!;
    if (Number.isFinite(value)) sample[found++] = value;
  }
  return sample.subarray(0, found).sort();
}

/**
 * The points between which a number is coded by ramps, ascending and distinct: all values where they are few, else
 * quantiles. Empty without values, a single one for a constant. Another unit or origin changes them like the values.
 */
export function quantileKnots(sorted: Float64Array): number[] {
  const distinct = firstDistinct(sorted, RAMPS + 2);
  if (distinct.length <= RAMPS + 1) return distinct;
  const knots = Array.from({ length: RAMPS + 1 }, (_, j) => quantile(sorted, j / RAMPS));
  return knots.filter((knot, j) => j === 0 || knot > knots[j - 1]!);
}

/** The value below which a share of ascending values lies, interpolated between its neighbours. */
export function quantile(sorted: Float64Array, share: number): number {
  const at = share * (sorted.length - 1);
  const below = Math.floor(at);
  const [low, high] = [sorted[below]!, sorted[Math.min(below + 1, sorted.length - 1)]!];
  return low + (at - below) * (high - low);
}

/** The first distinct values of an ascending list, at most `most`. */
function firstDistinct(sorted: Float64Array, most: number): number[] {
  const distinct: number[] = [];
  for (let i = 0; i < sorted.length && distinct.length < most; i++)
    if (i === 0 || sorted[i] !== sorted[i - 1]) distinct.push(sorted[i]! + 0);
  return distinct;
}
