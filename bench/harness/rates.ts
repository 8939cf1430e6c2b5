/** Statistics of one quantity over several rounds. */
export interface Rate {
  median: number;
  low: number;
  high: number;
}

export function rateOf(values: number[]): Rate {
  const sorted = values.toSorted((a, b) => a - b);
  return { median: sorted[sorted.length >> 1]!, low: sorted[0]!, high: sorted.at(-1)! };
}

/** "median (low to high)". */
export const showRate = ({ median, low, high }: Rate, show = (value: number) => value.toFixed(1)): string =>
  `${show(median)} (${show(low)} to ${show(high)})`;

/** NaN for an empty list. */
export function quantiles(values: number[]): { p50: number; p99: number; max: number } {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}
