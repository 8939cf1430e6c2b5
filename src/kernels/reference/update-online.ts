/**
 * The online rule, for small batches: gradient descent, for which a single sample is enough. Activations are never
 * negative, so every step of a weight would drag the answers to all other samples along. Running means over earlier
 * samples prevent that: weights step by deltas without their mean, and biases undo what a step adds to the mean input.
 */
import type { Hexagon, NetworkModel } from "../../network/network-model.ts";
import {
  MEAN_MIN,
  DELTA_MEAN_SHARE,
  NEURONS_PER_BLOCK,
  RAMP_MEAN_SHARE,
  READOUT_RATE_SHARE,
  RUN,
  SECTIONS_PER_BLOCK,
} from "../../network/constants.ts";
import { HEADER } from "../../network/layout.ts";
import { bounded } from "../../network/learning.ts";
import { runsOfRamp } from "../../network/section-kind.ts";
import { count } from "../../network/state.ts";
import type { Scratch } from "./scratch.ts";
import { kindOf } from "./section-source.ts";

/**
 * Counts samples that the online rule learns from, before the step that they belong to. The highest bit stays set, so
 * that a full count does not start over like that of a new network.
 */
export function addOnline(header: Uint32Array, samples: number): void {
  const before = header[HEADER.onlineSamples]!;
  header[HEADER.onlineSamples] = (before + samples) | (before & 0x80000000);
}

/** The share of one sample in a running mean: the first ones count equally, until the share falls to `least`. */
const shareOf = (header: Uint32Array, least: number) => Math.max(least, 1 / header[HEADER.onlineSamples]!);

const settled = (mean: number) => (Math.abs(mean) < MEAN_MIN ? 0 : mean);

/** Updates the touched sections and the biases of a hexagon, and their running means. */
export function updateOnline(model: NetworkModel, scratch: Scratch, hexagon: Hexagon, rate: number): void {
  const { blockSections, places, bias, deltaMean, header } = model.state.arrays;
  const { touched, deltaSum, learning } = scratch;
  const share = Math.min(1, learning * shareOf(header, DELTA_MEAN_SHARE));
  for (const block of hexagon.blocks) {
    for (let place = 0; place < blockSections[block]!; place++) {
      const section = places[block * SECTIONS_PER_BLOCK + place]!;
      if (touched[section] !== 0) updateSection(model, scratch, section, rate);
    }
    for (let id = block * NEURONS_PER_BLOCK; id < (block + 1) * NEURONS_PER_BLOCK; id++) {
      bias[id] = bounded(bias[id]! - rate * deltaSum[id]!);
      const mean = deltaMean[id]! + share * (deltaSum[id]! / learning - deltaMean[id]!);
      deltaMean[id] = settled(mean);
    }
  }
}

/** Updates the weights of a section, its ramps' means and the biases of its target block. */
function updateSection(model: NetworkModel, scratch: Scratch, section: number, rate: number): void {
  const { weight, ramps, seed, target, bias, deltaMean, rampMean, seenOnline, header } = model.state.arrays;
  const { gradient, activationSum, learning } = scratch;
  const kind = kindOf(model, section);
  const share = shareOf(header, RAMP_MEAN_SHARE);
  const missed = (header[HEADER.onlineSamples]! - learning - seenOnline[section]!) >>> 0;
  seenOnline[section] = header[HEADER.onlineSamples]!;
  const first = section * NEURONS_PER_BLOCK;
  const neurons = target[section]! * NEURONS_PER_BLOCK;
  for (let r = 0; r < ramps[section]!; r++) {
    const sum = activationSum[section * 4 + r]!;
    for (const run of runsOfRamp(seed[section]!, kind, r)) {
      const tile = section * 4 + run / RUN;
      // The ramp was silent in all samples that the section missed.
      const decayed = rampMean[tile]! * (1 - share) ** missed;
      rampMean[tile] = settled(decayed + Math.min(1, learning * share) * (sum / learning - decayed));
      const mean = rampMean[tile]!;
      for (let n = run; n < run + RUN; n++) {
        const step = rate * (gradient[first + n]! - deltaMean[neurons + n]! * sum);
        weight[first + n] = bounded(weight[first + n]! - step);
        bias[neurons + n] = bounded(bias[neurons + n]! + step * mean);
      }
    }
  }
}

/** Updates readout weights and output biases by the summed gradient. */
export function updateReadoutOnline(model: NetworkModel, scratch: Scratch, fullRate: number): void {
  const { readout, outputBias } = model.state.arrays;
  const rate = fullRate * READOUT_RATE_SHARE;
  for (let i = 0; i < count(model.state, "row") * NEURONS_PER_BLOCK; i++)
    readout[i] = bounded(readout[i]! - rate * scratch.readoutGradient[i]!);
  for (let k = 0; k < scratch.outputStride; k++) outputBias[k] = bounded(outputBias[k]! - rate * scratch.errorSum[k]!);
}
