/** The same digits, presented in other ways. */
import { PIXELS } from "../harness/digits.ts";
import { printHead, printRow } from "../harness/table.ts";
import type { Shape } from "../harness/template.ts";
import { trial } from "./runs.ts";
import { digits, type Problem } from "./tables.ts";

const shownAs = (map: (pixel: number) => number): Problem => ({
  train: digits("train", 0, 50_000, map),
  test: digits("train", 50_000, 60_000, map),
  measure: "percent",
});

/** One of the first samples is a million times as bright. */
function withOutlier(): Problem {
  const problem = shownAs((pixel) => pixel);
  problem.train.x.forEach((pixel, i, x) => {
    if (i >= 5 * PIXELS && i < 6 * PIXELS) x[i] = pixel * 1e6;
  });
  return problem;
}

export function inputs(): void {
  const kinds: [string, () => Problem, Shape?][] = [
    ["0..255", () => shownAs((pixel) => pixel)],
    ["times 1/255", () => shownAs((pixel) => pixel / 255)],
    ["times 1000", () => shownAs((pixel) => pixel * 1000)],
    ["0 and 1", () => shownAs((pixel) => (pixel > 127 ? 1 : 0))],
    ["one sample times 1e6", withOutlier],
    ["binary input", () => shownAs((pixel) => (pixel > 127 ? 1 : 0)), { inputs: "in: 1,1,1 (binary)" }],
  ];
  printHead("pixels", "batches of 128", "online");
  for (const [name, load, shape = {}] of kinds) {
    const problem = load();
    printRow(name, ...[128, 1].map((step) => trial(1, problem, step, { shape }).score.toFixed(2)));
  }
}
