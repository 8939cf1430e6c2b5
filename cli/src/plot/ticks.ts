import { shortNumber } from "../output/measures.ts";

/** The nice number, 1, 2 or 5 times a power of ten, that is not below the value. */
function niceStep(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  const factor = [1, 2, 5].find((each) => each * power >= value * (1 - 1e-9));
  return (factor ?? 10) * power;
}

/** Multiples without the digits that the arithmetic of floats adds, such as 0.30000000000000004. */
const multiple = (step: number, count: number) => Number((step * count).toPrecision(12));

/** Round values within the range, at most `most` + 1 of them. */
export function linearTicks(low: number, high: number, most: number): number[] {
  const step = niceStep((high - low) / most);
  const [first, last] = [Math.ceil(low / step - 1e-9), Math.floor(high / step + 1e-9)];
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, at) => multiple(step, first + at));
}

/** The same with whole steps. */
export function wholeTicks(low: number, high: number, most: number): number[] {
  const step = Math.max(1, niceStep((high - low) / most));
  const [first, last] = [Math.ceil(low / step), Math.floor(high / step)];
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, at) => step * (first + at));
}

/** Powers of ten within the range; where there are few, also 2 and 5 times these; where there are many, not all. */
export function logTicks(low: number, high: number, most: number): number[] {
  const [from, to] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))];
  const inside = (value: number) => value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9);
  const every = Math.max(1, Math.ceil((to - from) / most));
  const powers = Array.from({ length: to - from + 1 }, (_, at) => from + at).filter((power) => power % every === 0);
  const factors = [[1, 2, 5], [1, 3], [1]].map((each) =>
    powers.flatMap((power) => each.map((factor) => Number(`${factor}e${power}`))).filter(inside),
  );
  return factors.find((ticks) => ticks.length <= most + 1) ?? (factors.at(-1) as number[]);
}

/** Numbers below 10 000 have no suffix. */
const SUFFIX_FROM = 10_000;
const SUFFIXES = ["", "k", "M", "G", "T"] as const;
const DECIMALS_MAX = 6;

/** The texts of evenly spaced values, all with the decimals and the unit that tell them apart. */
export function linearTexts(ticks: readonly number[]): string[] {
  const highest = ticks.reduce((most, tick) => Math.max(most, Math.abs(tick)), 0);
  const [first = 0, second = 2 * first] = ticks;
  let unit = 0;
  while (highest >= SUFFIX_FROM && highest / 1000 ** unit >= 1000 && unit < SUFFIXES.length - 1) unit += 1;
  const decimals = Math.ceil(-Math.log10((second - first) / 1000 ** unit) - 1e-9);
  return ticks.map((tick) => {
    if (tick === 0) return "0";
    if (!(decimals <= DECIMALS_MAX)) return String(tick);
    return `${(tick / 1000 ** unit).toFixed(Math.max(0, decimals))}${SUFFIXES[unit]}`;
  });
}

/** The texts of values that lie on a logarithmic axis. */
export const logTexts = (ticks: readonly number[]): string[] => ticks.map(shortNumber);
