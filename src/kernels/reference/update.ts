/**
 * The batch rule: centred gradients and Adam. Activations are never negative, so all samples share one large gradient
 * direction, which alone would limit the step. It is removed from the gradient, not from the forward pass.
 */
import type { Hexagon, NetworkModel } from "../../network/network-model.ts";
import { HEADER } from "../../network/layout.ts";
import {
  NEURONS_PER_BLOCK,
  RUN,
  SECTIONS_PER_BLOCK,
  ADAM_EPSILON,
  MOMENT_KEEP,
  READOUT_RATE_SHARE,
  SQUARE_KEEP,
  WEIGHT_DECAY,
} from "../../network/constants.ts";
import { bounded } from "../../network/learning.ts";
import type { Scratch } from "./scratch.ts";
import { runsOfRamp } from "../../network/section-kind.ts";
import { count } from "../../network/state.ts";
import { kindOf } from "./section-source.ts";

/** Adam's bias corrections, for moments that started at 0; the current step is already counted. */
interface Corrections {
  moment: number;
  square: number;
}

function corrections({ state }: NetworkModel): Corrections {
  const steps = state.arrays.header[HEADER.adamSteps]!;
  return { moment: 1 - MOMENT_KEEP ** steps, square: 1 - SQUARE_KEEP ** steps };
}

/**
 * Updates the touched sections of a hexagon, compensates the biases so that the weight changes do not move any neuron's
 * mean input over the batch, then updates the biases. `rate` includes the factor for the samples that are not skipped.
 */
export function update(
  model: NetworkModel,
  scratch: Scratch,
  hexagon: Hexagon,
  rate: number,
  weightDecay = WEIGHT_DECAY,
): void {
  const { blockSections, places } = model.state.arrays;
  const correct = corrections(model);
  for (const block of hexagon.blocks) {
    for (let place = 0; place < blockSections[block]!; place++) {
      const section = places[block * SECTIONS_PER_BLOCK + place]!;
      if (scratch.touched[section] !== 0) updateSection(model, scratch, section, { rate, weightDecay, correct });
    }
    const { bias, biasMoment, biasSquare } = model.state.arrays;
    for (let id = block * NEURONS_PER_BLOCK; id < (block + 1) * NEURONS_PER_BLOCK; id++) {
      const g = scratch.deltaSum[id]! / scratch.samples;
      adam(bias, biasMoment, biasSquare, id, g, rate, correct);
    }
  }
}

function updateSection(
  model: NetworkModel,
  scratch: Scratch,
  section: number,
  { rate, weightDecay, correct }: { rate: number; weightDecay: number; correct: Corrections },
): void {
  const { weight, weightMoment, rampSquare, ramps, seed, target, bias } = model.state.arrays;
  const { gradient, activationSum, deltaSum, samples, learning } = scratch;
  const kind = kindOf(model, section);
  const first = section * NEURONS_PER_BLOCK;
  const neurons = target[section]! * NEURONS_PER_BLOCK;
  for (let r = 0; r < ramps[section]!; r++) {
    const mean = activationSum[section * 4 + r]! / learning;
    const runs = runsOfRamp(seed[section]!, kind, r);
    let squares = 0;
    for (const run of runs) {
      for (let n = run; n < run + RUN; n++) {
        const g = (gradient[first + n]! - deltaSum[neurons + n]! * mean) / samples;
        gradient[first + n] = g;
        squares += g * g;
      }
    }
    const square = SQUARE_KEEP * rampSquare[section * 4 + r]! + (1 - SQUARE_KEEP) * (squares / kind.rampSize);
    rampSquare[section * 4 + r] = square;
    const step = rate / correct.moment / (Math.sqrt(square / correct.square) + ADAM_EPSILON);
    for (const run of runs) {
      for (let n = run; n < run + RUN; n++) {
        const g = gradient[first + n]!;
        const moment = MOMENT_KEEP * weightMoment[first + n]! + (1 - MOMENT_KEEP) * g;
        weightMoment[first + n] = moment;
        const before = weight[first + n]!;
        const decayed = before * (1 - weightDecay * rate);
        const after = bounded(decayed - step * (MOMENT_KEEP * moment + (1 - MOMENT_KEEP) * g));
        weight[first + n] = after;
        bias[neurons + n] = bounded(bias[neurons + n]! - (weight[first + n]! - before) * mean);
      }
    }
  }
}

/** Updates readout weights and output biases by the mean gradient, without centring. */
export function updateReadout(model: NetworkModel, scratch: Scratch, fullRate: number): void {
  const { readout, readoutMoment, readoutSquare, outputBias, outputBiasMoment, outputBiasSquare } = model.state.arrays;
  const correct = corrections(model);
  const rate = fullRate * READOUT_RATE_SHARE;
  for (let i = 0; i < count(model.state, "row") * NEURONS_PER_BLOCK; i++)
    adam(readout, readoutMoment, readoutSquare, i, scratch.readoutGradient[i]! / scratch.samples, rate, correct);
  for (let k = 0; k < scratch.outputStride; k++)
    adam(outputBias, outputBiasMoment, outputBiasSquare, k, scratch.errorSum[k]! / scratch.samples, rate, correct);
}

/** One Adam step with Nesterov's look-ahead. A gradient of exactly 0 (silent neuron, unused output) changes nothing. */
function adam(
  weights: Float32Array,
  moments: Float32Array,
  squares: Float32Array,
  i: number,
  g: number,
  rate: number,
  correct: Corrections,
): void {
  if (g === 0) return;
  const square = SQUARE_KEEP * squares[i]! + (1 - SQUARE_KEEP) * g * g;
  const moment = MOMENT_KEEP * moments[i]! + (1 - MOMENT_KEEP) * g;
  squares[i] = square;
  moments[i] = moment;
  const ahead = (MOMENT_KEEP * moment + (1 - MOMENT_KEEP) * g) / correct.moment;
  weights[i] = bounded(weights[i]! - (rate * ahead) / (Math.sqrt(square / correct.square) + ADAM_EPSILON));
}
