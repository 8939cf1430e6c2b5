/** The same digits, shown in other ways. */
import { create, score, train } from "./runs.ts";
import { digits, type Problem } from "./tables.ts";

const shownAs = (map: (pixel: number) => number): Problem => ({
  train: digits("train", 0, 50_000, map),
  test: digits("train", 50_000, 60_000, map),
  measure: "percent",
});

/** One sample of the first ones is a million times as bright. */
function withOutlier(): Problem {
  const problem = shownAs((pixel) => pixel);
  problem.train.x.forEach((pixel, i, x) => {
    if (i >= 5 * 784 && i < 6 * 784) x[i] = pixel * 1e6;
  });
  return problem;
}

export function inputs(): void {
  const kinds: [string, () => Problem, { inputs: string }?][] = [
    ["0..255", () => shownAs((pixel) => pixel)],
    ["times 1/255", () => shownAs((pixel) => pixel / 255)],
    ["times 1000", () => shownAs((pixel) => pixel * 1000)],
    ["0 and 1", () => shownAs((pixel) => (pixel > 127 ? 1 : 0))],
    ["one sample times 1e6", withOutlier],
    ["binary input", () => shownAs((pixel) => (pixel > 127 ? 1 : 0)), { inputs: "in: 1,1,1 (binary)" }],
  ];
  console.log("| pixels | batches of 128 | online |\n|---|---|---|");
  for (const [name, load, template] of kinds) {
    const problem = load();
    const cells = [128, 1].map((step) => {
      const network = create(1, template);
      train(network, problem.train, step);
      const result = score(network, problem);
      network.dispose();
      return result.toFixed(2);
    });
    console.log(`| ${name} | ${cells.join(" | ")} |`);
  }
}
