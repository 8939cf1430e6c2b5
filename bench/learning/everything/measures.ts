import { mean } from "../../tables/results.ts";

/** What the numbers of a measure are, and which of two is better. */
export type Unit = "percent" | "error" | "rank" | "ratio";

/** One line of the table: a number for each seed or fold, or for each table. */
export interface Measure {
  name: string;
  unit: Unit;
  /** The rows that are answered. */
  on: string;
  values: number[];
  /** What others reach on them, by name. */
  peers?: Record<string, number>;
}

/** Some of the lines, measured one after the other. */
export interface Part {
  name: string;
  measure: (sizes: Sizes) => Iterable<Measure>;
}

export interface Sizes {
  /** The sizes for a night. */
  full: boolean;
  /** Pictures are learnt from all training rows and measured on the test rows. */
  test: boolean;
}

/** Seeds of what takes seconds. */
export const seedsOf = ({ full }: Sizes): number[] => Array.from({ length: full ? 10 : 3 }, (_, i) => i + 1);

export interface Estimate {
  mean: number;
  /** Standard error of the mean: the deviation of the values over the root of their number. */
  error?: number;
}

/** Without an error for a single value. */
export function estimate(values: readonly number[]): Estimate {
  const centre = mean(values);
  const n = values.length;
  if (n < 2) return { mean: centre };
  const squares = values.reduce((sum, value) => sum + (value - centre) ** 2, 0);
  return { mean: centre, error: Math.sqrt(squares / (n - 1) / n) };
}

/** The peer that does best. */
export function bestPeer({
  unit,
  peers = {},
}: Pick<Measure, "unit" | "peers">): [name: string, value: number] | undefined {
  const sign = unit === "percent" ? -1 : 1;
  return Object.entries(peers).sort(([, a], [, b]) => sign * (a - b))[0];
}
