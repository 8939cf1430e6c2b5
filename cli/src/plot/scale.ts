import { linearTexts, linearTicks, logTexts, logTicks, wholeTicks } from "./ticks.ts";

/** Values that span more are drawn on a logarithmic axis. */
const LOG_SPAN = 10;
const TICKS = 6;
/** Less of the values' size is not shown: the texts of such ticks would have too many digits. */
const LEAST_SPAN = 1e-3;

/** The share of the values that an axis of shares may leave out: a training's first ones, far below all others. */
const OUTLIERS = 0.04;

/** An axis of values. */
export interface Scale {
  /** 0 at the low end of the axis, and of values below it; 1 at the high end. */
  place: (value: number) => number;
  ticks: { value: number; text: string }[];
  isLog: boolean;
}

const withTexts = (values: readonly number[], texts: readonly string[]) =>
  values.map((value, index) => ({ value, text: texts[index] as string }));

const placeBetween = (low: number, high: number) => (value: number) => (value - low) / (high - low);

function linearScale(low: number, high: number, isShare: boolean): Scale {
  const ticks = linearTicks(low, isShare ? Math.min(high, 1) : high, TICKS);
  const texts = isShare ? linearTexts(ticks.map((tick) => tick * 100)).map((text) => `${text} %`) : linearTexts(ticks);
  const place = placeBetween(low, high);
  return { place: (value) => Math.max(0, place(value)), ticks: withTexts(ticks, texts), isLog: false };
}

function logScale(low: number, high: number): Scale {
  const ticks = logTicks(low, high, TICKS);
  const place = placeBetween(Math.log(low), Math.log(high));
  return { place: (value) => place(Math.log(value)), ticks: withTexts(ticks, logTexts(ticks)), isLog: true };
}

/** An axis of whole numbers from 0 on. */
export function countScale(high: number): Scale {
  const ticks = wholeTicks(0, high, TICKS);
  return { place: placeBetween(0, high), ticks: withTexts(ticks, linearTexts(ticks)), isLog: false };
}

/** The lowest value, or that of most of them where the others would take more than half of the axis. */
function lowestOf(values: readonly number[], high: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const [lowest, low] = [sorted[0]!, sorted[Math.floor(OUTLIERS * sorted.length)]!];
  return high - low < (high - lowest) / 2 ? low : lowest;
}

/**
 * An axis that shows the values, with a little air; all of them are finite, and there is one. Shares are shown in
 * percent, and a few far below all others at the low end. Other numbers lie on a logarithmic axis where they span
 * several sizes.
 */
export function scaleFor(values: readonly number[], { isShare }: { isShare: boolean }): Scale {
  // Not Math.min(...values): there may be too many for arguments.
  const high = values.reduce((a, b) => Math.max(a, b), -Infinity);
  const low = isShare ? lowestOf(values, high) : values.reduce((a, b) => Math.min(a, b), Infinity);
  if (!isShare && low > 0 && high / low >= LOG_SPAN) {
    // By logarithms: the quotient of the largest and the smallest numbers is infinite.
    const air = Math.exp((Math.log(high) - Math.log(low)) * 0.04);
    return logScale(Math.max(low / air, Number.MIN_VALUE), Math.min(high * air, Number.MAX_VALUE));
  }
  const least = (high > low ? LEAST_SPAN : 0.2) * Math.abs(high) || 0.1;
  const air = Math.max((high - low) * 0.05, (least - (high - low)) / 2);
  const from = low >= 0 ? Math.max(low - air, 0) : low - air;
  // A curve at 100 % is not hidden by the frame.
  const to = isShare ? Math.min(high + air, 1 + 0.04 * (1 - from)) : high + air;
  return linearScale(from, to, isShare);
}
