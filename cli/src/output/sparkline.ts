const BARS = "▁▂▃▄▅▆▇█";
/** Values that span more are drawn by their logarithms: the smaller ones would all look alike. */
const LOG_SPAN = 10;

type Value = number | null | undefined;

/** The mean of each of `width` stretches of the values; NaN for a stretch without any. */
function means(values: readonly Value[], width: number): number[] {
  const count = Math.min(width, values.length);
  return Array.from({ length: count }, (_, at) => {
    const stretch = values
      .slice(Math.floor((at * values.length) / count), Math.floor(((at + 1) * values.length) / count))
      .filter((value) => typeof value === "number" && Number.isFinite(value));
    return stretch.reduce<number>((sum, value) => sum + (value as number) / stretch.length, stretch.length ? 0 : NaN);
  });
}

/** Values as bars, in at most `width` columns of a terminal; those that are missing or not finite as blanks. */
export function sparkline(values: readonly Value[], width: number): string {
  const drawn = means(values, width);
  const finite = drawn.filter((value) => !Number.isNaN(value));
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  const scale = low > 0 && high / low >= LOG_SPAN ? Math.log : (value: number) => value;
  // Divided before they are subtracted: the span of the largest numbers is infinite.
  const size = Math.max(Math.abs(scale(low)), Math.abs(scale(high)), Number.MIN_VALUE);
  const place = (value: number) => scale(value) / size;
  const span = place(high) - place(low) || 1;
  return drawn
    .map((value) =>
      Number.isNaN(value) ? " " : BARS[Math.round(((place(value) - place(low)) / span) * (BARS.length - 1))],
    )
    .join("");
}
