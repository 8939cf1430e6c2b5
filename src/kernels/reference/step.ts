import { allocate } from "./allocate.ts";
import { split } from "../../network/add-sections.ts";
import { forward } from "./forward.ts";
import { gradient, readoutGradient } from "./gradient.ts";
import { grow } from "./grow.ts";
import { error, output } from "./output.ts";
import { inputDelta, readoutDelta, sourceDelta } from "./source-delta.ts";
import { addOnline, updateOnline, updateReadoutOnline } from "./update-online.ts";
import { update, updateReadout } from "./update.ts";
import type { NetworkModel } from "../../network/network-model.ts";
import { HEADER } from "../../network/layout.ts";
import { NEURONS_PER_BLOCK } from "../../network/constants.ts";
import type { UpdateRule } from "../../network/run.ts";
import type { Scratch } from "./scratch.ts";

/** How a step turns gradients into weight changes. */
export interface StepRule {
  update: UpdateRule;
  /** Learning rate of this step, before the factor for the samples that are not skipped. */
  rate: number;
  /** Weight decay of the batch rule; `WEIGHT_DECAY` by default. */
  weightDecay?: number | undefined;
}

/**
 * Forward only: computes `scratch.output` from the unpacked inputs in `scratch.value`. Changes nothing in the state but
 * the values that neurons carry from one cycle to the next.
 */
export function requestStep(model: NetworkModel, scratch: Scratch): void {
  for (const hexagon of model.hexagons) if (hexagon.role !== "input") forward(model, scratch, hexagon);
  output(model, scratch);
  rememberValues(model, scratch);
}

/**
 * Performs one training step on the unpacked inputs and expected values in `scratch`. Hexagons are processed in list
 * order: once the values of one are known, the sections that it feeds grow, so later hexagons already use them.
 *
 * Backward connections compute with the previous step's values and grow by this step's.
 */
export function trainStep(model: NetworkModel, scratch: Scratch, rule: StepRule): void {
  for (const hexagon of model.hexagons) {
    if (hexagon.role !== "input") forward(model, scratch, hexagon);
    allocate(model, scratch, hexagon);
    grow(model, scratch, hexagon);
    split(model, hexagon);
    scratch.coverBlocks(model);
  }
  output(model, scratch);
  error(model, scratch);
  if (scratch.learning > 0) learn(model, scratch, rule);
  rememberValues(model, scratch);
}

/** The backward half: computes every delta with the weights of the forward half, then updates each weight once. */
function learn(model: NetworkModel, scratch: Scratch, rule: StepRule): void {
  const isBatch = rule.update === "batch";
  const { header } = model.state.arrays;
  if (isBatch) header[HEADER.adamSteps]! += 1;
  else addOnline(header, scratch.learning);
  const rate = isBatch ? rule.rate * Math.sqrt(scratch.learning) : rule.rate;
  scratch.beginBackward(model);
  readoutDelta(model, scratch);
  readoutGradient(model, scratch);
  if (isBatch) updateReadout(model, scratch, rate);
  else updateReadoutOnline(model, scratch, rate);
  for (const hexagon of model.hexagons.toReversed()) {
    if (hexagon.role === "input") continue;
    inputDelta(scratch, hexagon);
    sourceDelta(model, scratch, hexagon);
    gradient(model, scratch, hexagon);
    if (isBatch) update(model, scratch, hexagon, rate, rule.weightDecay);
    else updateOnline(model, scratch, hexagon, rate);
  }
}

/** Keeps the last sample's values for backward connections. */
function rememberValues(model: NetworkModel, scratch: Scratch): void {
  if (!model.hasBackEdges || scratch.samples === 0) return;
  const { lastValue } = model.state.arrays;
  for (const { blocks } of model.hexagons) {
    for (const block of blocks) {
      const from = scratch.at(block, scratch.samples - 1);
      lastValue.set(scratch.value.subarray(from, from + NEURONS_PER_BLOCK), block * NEURONS_PER_BLOCK);
    }
  }
}
