/** Dates and times of ISO 8601, as seconds from 1970 on. */

const TIME =
  /^(\d{4})-(\d\d)(?:-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?\s?(Z|[+-]\d\d(?::?\d\d)?)?)?)?$/i;
const DAY = 86_400;
/** Days of a month in a year that is no leap year. */
const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
/** The longest text that is a time. */
const LENGTH_MAX = 36;

interface Time {
  /** From 1970 on; without a zone, as if it were UTC. */
  seconds: number;
  hasZone: boolean;
}

/**
 * Parses `YYYY-MM`, `YYYY-MM-DD`, or a date with `HH:MM[:SS[.f]]` behind a `T` or a blank, with or without a zone.
 * Undefined for other texts and for days and hours that do not exist.
 */
export function parseTime(text: string): Time | undefined {
  if (text.length > LENGTH_MAX || text[4] !== "-") return undefined;
  const match = TIME.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second, fraction, zone] = match;
  const days = daysSince1970(Number(year), Number(month), Number(day ?? 1));
  const [hours, minutes, seconds] = [Number(hour ?? 0), Number(minute ?? 0), Number(second ?? 0)];
  if (days === undefined || hours > 23 || minutes > 59 || seconds > 59) return undefined;
  const offset = zone === undefined ? 0 : zoneSeconds(zone);
  if (offset === undefined) return undefined;
  const ofDay = 3600 * hours + 60 * minutes + seconds + (fraction === undefined ? 0 : Number(`0.${fraction}`));
  return { seconds: DAY * days + ofDay - offset, hasZone: zone !== undefined };
}

function daysSince1970(year: number, month: number, day: number): number | undefined {
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const last = (MONTH_DAYS[month - 1] ?? 0) + (month === 2 && isLeap ? 1 : 0);
  if (day < 1 || day > last) return undefined;
  const date = new Date(0);
  // `Date.UTC` takes the years before 100 for those after 1900.
  return date.setUTCFullYear(year, month - 1, day) / (DAY * 1000);
}

function zoneSeconds(zone: string): number | undefined {
  if (zone.length === 1) return 0;
  const [hours, minutes] = [Number(zone.slice(1, 3)), Number(zone.slice(3).replace(":", ""))];
  if (hours > 23 || minutes > 59) return undefined;
  return (zone.startsWith("-") ? -1 : 1) * (3600 * hours + 60 * minutes);
}

const isDay = (seconds: number) => seconds % DAY === 0;

/** Whether a column of times consists of days, as far as its facts tell. */
export const areDays = ({ quantiles }: { quantiles: readonly number[] }) => quantiles.every(isDay);

/**
 * The text of a time, without a zone; only the day if `areOnlyDays`, and if that says it all. Milliseconds are kept.
 * Years beyond 0000 to 9999 have six digits and a sign, as in ISO 8601. Empty for times beyond those of JavaScript.
 */
export function timeText(seconds: number, areOnlyDays: boolean): string {
  const date = new Date(Math.round(seconds * 1000));
  if (Number.isNaN(date.getTime())) return "";
  const text = date.toISOString();
  return areOnlyDays && isDay(seconds) ? text.slice(0, -14) : text.slice(0, -1).replace(".000", "");
}
