type Measured = number | null | undefined;

const isNumber = (value: Measured): value is number => typeof value === "number" && Number.isFinite(value);

/** A number with three digits that count; `-` for none. */
export const numberText = (value: Measured): string => (isNumber(value) ? String(Number(value.toPrecision(3))) : "-");

/** A share from 0 to 1 in percent; `-` for none. */
export const shareText = (value: Measured): string => (isNumber(value) ? `${(100 * value).toFixed(1)} %` : "-");

const SUFFIXES = ["", "k", "M", "G", "T"] as const;

/** A large number in a few characters: `950`, `12.3k`, `4.56M`; `-` for none. */
export function shortNumber(value: Measured): string {
  if (!isNumber(value)) return "-";
  let [rest, step] = [value, 0];
  // 999.6 would be rounded to 1000.
  while (Math.abs(rest) >= 999.5 && step < SUFFIXES.length - 1) [rest, step] = [rest / 1000, step + 1];
  return `${Number(rest.toPrecision(3))}${SUFFIXES[step]}`;
}

const two = (value: number) => String(value).padStart(2, "0");

/** `42 s`, `3 min 05 s`, `2 h 05 min`, `3 d 04 h`. */
export function durationText(seconds: number): string {
  const all = Math.max(0, Math.round(seconds));
  if (all < 60) return `${all} s`;
  if (all < 3600) return `${Math.floor(all / 60)} min ${two(all % 60)} s`;
  const minutes = Math.round(all / 60);
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`;
  const hours = Math.round(minutes / 60);
  return `${Math.floor(hours / 24)} d ${two(hours % 24)} h`;
}
