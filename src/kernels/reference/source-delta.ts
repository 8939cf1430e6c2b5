import type { Hexagon, NetworkModel } from "../../network/network-model.ts";
import { NEURONS_PER_BLOCK, RUN, SECTIONS_PER_BLOCK } from "../../network/constants.ts";
import { bounded } from "../../network/learning.ts";
import type { Scratch } from "./scratch.ts";
import { tileOfRun } from "../../network/section-kind.ts";
import { count } from "../../network/state.ts";
import { Activation } from "./ramps.ts";
import { SectionSource } from "./section-source.ts";

/** Propagates the output errors through the readout weights into the deltas of the neurons. */
export function readoutDelta(model: NetworkModel, scratch: Scratch): void {
  const { tileBlock, tileOutput, tileOutputCount, tileRow, readout } = model.state.arrays;
  const { delta, error, skipped, outputStride } = scratch;
  for (let tile = 0; tile < count(model.state, "tile"); tile++) {
    for (let q = 0; q < scratch.samples; q++) {
      if (skipped[q] !== 0) continue;
      const d = scratch.at(tileBlock[tile]!, q);
      for (let k = 0; k < tileOutputCount[tile]!; k++) {
        const u = error[q * outputStride + tileOutput[tile]! + k]!;
        const v = (tileRow[tile]! + k) * NEURONS_PER_BLOCK;
        for (let n = 0; n < NEURONS_PER_BLOCK; n++) delta[d + n]! += u * readout[v + n]!;
      }
    }
  }
}

/** Turns a hexagon's deltas over values into deltas over inputs, and sums these over the samples. */
export function inputDelta(scratch: Scratch, hexagon: Hexagon): void {
  const { delta, slope, deltaSum, skipped } = scratch;
  for (const block of hexagon.blocks) {
    const sum = block * NEURONS_PER_BLOCK;
    deltaSum.fill(0, sum, sum + NEURONS_PER_BLOCK);
    for (let q = 0; q < scratch.samples; q++) {
      if (skipped[q] !== 0) continue;
      const at = scratch.at(block, q);
      for (let n = 0; n < NEURONS_PER_BLOCK; n++) {
        const d = bounded(delta[at + n]! * slope[at + n]!);
        delta[at + n] = d;
        deltaSum[sum + n]! += d;
      }
    }
  }
}

const activation = new Activation();

/**
 * Propagates the hexagon's deltas to the neurons of earlier hexagons that feed it. Uses the true slope: only the last
 * touched ramp of a section changes with its source.
 */
export function sourceDelta(model: NetworkModel, scratch: Scratch, hexagon: Hexagon): void {
  const { arrays } = model.state;
  const { blockSections, places, weight, seed } = arrays;
  const { delta, skipped } = scratch;
  for (const block of hexagon.blocks) {
    for (let place = 0; place < blockSections[block]!; place++) {
      const section = places[block * SECTIONS_PER_BLOCK + place]!;
      const source = new SectionSource(model, scratch, section);
      if (!source.learns) continue;
      const runsPerRamp = source.kind.rampSize / RUN;
      for (let q = 0; q < scratch.samples; q++) {
        if (skipped[q] !== 0) continue;
        const x = source.get(q);
        if (!(x > 0)) continue;
        const runs = activation.compute(arrays, section, source.kind, x) * runsPerRamp;
        if (activation.slope === 0) continue;
        let sum = 0;
        for (let run = runs - runsPerRamp; run < runs; run++) {
          const first = tileOfRun(seed[section]!, run) * RUN;
          const w = section * NEURONS_PER_BLOCK + first;
          const t = scratch.at(block, q) + first;
          for (let i = 0; i < RUN; i++) sum += delta[t + i]! * weight[w + i]!;
        }
        const at = source.first + q * source.step;
        delta[at] = delta[at]! + sum * activation.slope;
      }
    }
  }
}
