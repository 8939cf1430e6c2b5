/** What of a time is coded: its position on the line of time in seconds since 1970, and parts of the calendar (UTC). */
export const TIME_PARTS = ["position", "year", "month", "weekday", "hour"] as const;
export type TimePart = (typeof TIME_PARTS)[number];

const DAY = 86_400;
const HOUR = 3_600;

/** The part of a time in seconds since 1970: month 1 to 12, weekday 0 (Monday) to 6, hour 0 to 23. */
export function timePart(part: TimePart, seconds: number): number {
  if (part === "position") return seconds;
  const day = Math.floor(seconds / DAY);
  if (part === "hour") return Math.floor((seconds - day * DAY) / HOUR);
  if (part === "weekday") return (((day + 3) % 7) + 7) % 7;
  return calendar(day)[part];
}

/**
 * Seconds since 1970 of a stored time. A 32-bit number of seconds is rounded; half of its last place is added, so that
 * midnight never becomes the evening before.
 */
export const secondsOf = (origin: number, value: number): number => origin + value + Math.abs(value) * 2 ** -24;

/** Year and month of a day since 1970, by Howard Hinnant's `civil_from_days`: years begin in March, eras last 400. */
function calendar(day: number): { year: number; month: number } {
  const shifted = day + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const leapless =
    dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096);
  const yearOfEra = Math.floor(leapless / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month };
}
