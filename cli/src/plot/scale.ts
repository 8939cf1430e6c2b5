import { linearTexts, linearTicks, logTexts, logTicks, wholeTicks } from "./ticks.ts";

/** Values that span more are drawn on a logarithmic axis. */
const LOG_SPAN = 10;
const TICKS = 6;

/** An axis of values. */
export interface Scale {
  /** 0 at the low end of the axis, 1 at the high end. */
  place: (value: number) => number;
  ticks: { value: number; text: string }[];
  isLog: boolean;
}

const withTexts = (values: readonly number[], texts: readonly string[]) =>
  values.map((value, index) => ({ value, text: texts[index] as string }));

const placeBetween = (low: number, high: number) => (value: number) => (value - low) / (high - low);

function linearScale(low: number, high: number, isShare: boolean): Scale {
  const ticks = linearTicks(low, high, TICKS);
  const texts = isShare ? linearTexts(ticks.map((tick) => tick * 100)).map((text) => `${text} %`) : linearTexts(ticks);
  return { place: placeBetween(low, high), ticks: withTexts(ticks, texts), isLog: false };
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

/**
 * An axis that shows all of the values, with a little air; at least one, all of them finite. Shares are shown in
 * percent, up to 100. Other numbers lie on a logarithmic axis where they span several sizes.
 */
export function scaleFor(values: readonly number[], { isShare }: { isShare: boolean }): Scale {
  // Not Math.min(...values): there may be too many for arguments.
  const low = values.reduce((a, b) => Math.min(a, b), Infinity);
  const high = values.reduce((a, b) => Math.max(a, b), -Infinity);
  if (!isShare && low > 0 && high / low >= LOG_SPAN) {
    const air = (high / low) ** 0.04;
    return logScale(low / air, high * air);
  }
  // Values that are all the same lie in the middle.
  const air = high > low ? (high - low) * 0.05 : Math.abs(high) * 0.1 || (isShare ? 0.1 : 1);
  const [floor, ceiling] = [low >= 0 ? 0 : -Infinity, isShare ? 1 : Infinity];
  return linearScale(Math.max(low - air, floor), Math.min(high + air, ceiling), isShare);
}
