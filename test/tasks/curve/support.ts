import type { NetworkFigures } from "../../../src/network/network-figures.ts";
import { emptyScores, type OutputTally, type RunScores } from "../../../src/network/run-scores.ts";
import { parseTemplate } from "../../../src/network/template/parse-template.ts";
import { Curve } from "../../../src/tasks/curve/curve.ts";
import type { CurveOutput } from "../../../src/clusters/curve-output.ts";
import { smallTemplate } from "../../support/compute.ts";

export const none = emptyScores(parseTemplate(smallTemplate)).outputs[0]!;

const figures: NetworkFigures = {
  cycle: 0,
  blocks: 2,
  neurons: 256,
  sections: 5,
  synapses: 640,
  bytes: 0,
  hexagons: [0, 1, 1].map((blocks) => ({ blocks, sections: 0, bytes: 0 })),
};

/** A report of a slice with these tallies; `grown` blocks are new. */
export function slice(
  cycles: number,
  tallies: Partial<OutputTally>[] = [],
  { grown = 0, ...scores }: Partial<RunScores> & { grown?: number } = {},
) {
  const outputs = tallies.map((tally, nth) => ({ ...none, name: `out_${nth}`, ...tally }));
  const hexagons = figures.hexagons.map((each, nth) => ({ ...each, blocks: each.blocks + (nth === 1 ? grown : 0) }));
  return {
    cycles,
    scores: { samples: cycles, skipped: 0, learningRate: 0.5, ...scores, outputs },
    figures: { ...figures, hexagons, sections: figures.sections + grown },
    wallMs: 10 * cycles,
  };
}

export function newCurve(measures: readonly (CurveOutput["measure"] | CurveOutput)[], start = 0): Curve {
  const outputs = measures.map((each, nth): CurveOutput =>
    typeof each === "string" ? { name: `out_${nth}`, measure: each, range: 1 } : each,
  );
  return new Curve({ period: 100, hexagons: 3, outputs }, start);
}
