/** Every kind of data in one table: ours, what a kept result of before has, and the best of the peers. */
import { report, savedResults, type REPORT_OPTIONS } from "../../harness/report.ts";
import { continual } from "./continual.ts";
import { estimate, type Part, type Sizes } from "./measures.ts";
import { offset } from "./offset.ts";
import { pictures } from "./pictures.ts";
import { series } from "./series.ts";
import { finder, kept, show, showEstimate, type KeptLine, type Line } from "./show.ts";
import { streams } from "./streams.ts";
import { tables } from "./tables.ts";

const PARTS: Part[] = [tables, pictures, offset, series, streams, continual];
const NAME = "learning-everything";

interface Options extends Sizes {
  /** Names of parts, separated by commas; all of them by default. */
  only: string;
}

export function everything({ full, test, only, ...options }: Options & typeof REPORT_OPTIONS): void {
  const before = savedResults<{ lines: KeptLine[] }>(NAME);
  const lines: Line[] = [];
  const seconds: Record<string, number> = {};
  for (const { name: part, measure } of chosen(only)) {
    const started = performance.now();
    for (const found of measure({ full, test })) {
      lines.push({ part, ...found });
      console.error(`${part}: ${found.name}: ${showEstimate(estimate(found.values), found.unit)}`);
    }
    seconds[part] = Math.round((performance.now() - started) / 100) / 10;
    console.error(`${part}: ${seconds[part]} s`);
  }
  const taken = Object.entries(seconds).map(([part, each]) => `${part} ${each}`);
  const text = `${show(lines, finder(before))}\n\nseconds: ${taken.join(", ")}`;
  report(NAME, { full, seconds, lines: lines.map(kept) }, text, options);
}

function chosen(only: string): Part[] {
  const names = only.split(",").filter(Boolean);
  const strange = names.find((name) => !PARTS.some((part) => part.name === name));
  if (strange !== undefined)
    throw new Error(`There is no part '${strange}', only ${PARTS.map(({ name }) => name).join(", ")}`);
  return PARTS.filter(({ name }) => names.length === 0 || names.includes(name));
}
