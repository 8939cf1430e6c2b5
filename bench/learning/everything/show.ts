import { markdown } from "../../harness/table.ts";
import { bestPeer, estimate, type Estimate, type Measure, type Unit } from "./measures.ts";

/** A measure with the name of its part. */
export interface Line extends Measure {
  part: string;
}

/** A line as it is kept by `--save`. */
export type KeptLine = Line & Estimate;

const keyOf = ({ part, name, on }: Line) => [part, name, on].join("\n");

export const kept = (line: Line): KeptLine => ({ ...line, ...estimate(line.values) });

/** Finds the newest of the kept results that has a line. `results` are in the order of their age, the newest first. */
export function finder(results: readonly { lines?: readonly KeptLine[] }[]): (line: Line) => Estimate | undefined {
  const found = new Map<string, Estimate>();
  for (const line of results.flatMap(({ lines = [] }) => lines))
    if (!found.has(keyOf(line))) found.set(keyOf(line), line);
  return (line) => found.get(keyOf(line));
}

/** The table of all lines as Markdown. */
export function show(lines: readonly Line[], before: (line: Line) => Estimate | undefined): string {
  const rows = lines.map((line) => {
    const { part, name, unit, on, values } = line;
    const earlier = before(line);
    const [peer, best] = bestPeer(line) ?? [];
    return [
      part,
      name,
      on,
      showEstimate(estimate(values), unit),
      earlier === undefined ? "" : showEstimate(earlier, unit),
      best === undefined ? "" : `${best.toFixed(decimals(best, unit))} ${peer}`,
    ];
  });
  return markdown(["part", "what", "measured on", "ours", "before", "best peer"], rows);
}

export function showEstimate({ mean, error }: Estimate, unit: Unit): string {
  const places = decimals(mean, unit);
  return `${mean.toFixed(places)}${error === undefined ? "" : ` ± ${error.toFixed(places)}`}`;
}

/** Errors and ratios have three digits, whatever their size. */
const decimals = (value: number, unit: Unit) =>
  unit === "percent" || unit === "rank" ? 2 : Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value) || 1)));
