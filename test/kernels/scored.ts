import { CLASS_SHARE } from "../../src/encoders/target-shares.ts";
import { score, type ShownRows } from "../../src/kernels/reference/score.ts";
import { Scratch } from "../../src/kernels/reference/scratch.ts";
import { createModel, type NetworkModel } from "../../src/network/network-model.ts";
import { widenOutput } from "../../src/network/readout.ts";
import { emptyScores, type RunScores } from "../../src/network/run-scores.ts";
import { scoredOutputs } from "../../src/network/scored-outputs.ts";
import { parseTemplate } from "../../src/network/template/parse-template.ts";
import { sequence } from "./gpu-networks.ts";

/** A network of one output hexagon per position, as wide as given. */
export function networkOf(outputs: string, widths: readonly number[]): NetworkModel {
  const model = createModel(
    parseTemplate(`version: 1 settings: hexagons: 1,1,1 2,1,1 3,1,1 4,1,1 5,1,1 inputs: in: 1,1,1 outputs: ${outputs}`),
    1,
  );
  widths.forEach((width, index) => widenOutput(model, index, width));
  return model;
}

/** The sums of the reference. */
export function talliedRows(model: NetworkModel, rows: ShownRows): RunScores {
  const scores = emptyScores(model.template);
  for (const [index, output] of scoredOutputs(model).entries()) score(output, scores.outputs[index]!, rows);
  return scores;
}

/** Outputs and targets of random rows: a third of plain rows are classes, some targets are missing. */
export function randomStep(model: NetworkModel, samples: number, seed: number): Scratch {
  const random = sequence(seed);
  const scratch = new Scratch();
  scratch.begin(model, samples);
  const { outputStride: stride } = scratch;
  for (let i = 0; i < samples * stride; i++) scratch.output[i] = Math.fround(0.001 + 0.998 * random());
  for (let q = 0; q < samples; q++) {
    if (q > 0 && random() < 0.1) scratch.skipped[q] = 1;
    model.outputNeurons.forEach((neurons, index) => {
      const { kind } = model.template.outputs[index]!;
      const chosen = Math.floor(random() * neurons.length);
      const style = random();
      neurons.forEach((neuron, k) => {
        const other = (1 - CLASS_SHARE) / Math.max(1, neurons.length - 1);
        let target = random();
        if (kind === "class") target = k === chosen ? CLASS_SHARE : other;
        else if (kind === "bool") target = target < 0.5 ? 0 : 1;
        else if (style < 0.4) target = k === chosen ? 1 : 0;
        if (style > 0.9) target = NaN;
        // Some samples are nearly reached.
        if (q % 5 === 4 && kind !== "class" && !Number.isNaN(target)) {
          target = Math.round(target);
          scratch.output[q * stride + neuron] = target === 1 ? 0.99 : 0.01;
        }
        scratch.expected[q * stride + neuron] = Math.fround(target);
      });
    });
  }
  return scratch;
}
