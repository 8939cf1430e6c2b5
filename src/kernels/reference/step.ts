import { allocate } from "./allocate.ts";
import { split } from "../../network/add-sections.ts";
import { forward } from "./forward.ts";
import { gradient, readoutGradient } from "./gradient.ts";
import { grow } from "./grow.ts";
import { error, output } from "./output.ts";
import { inputDelta, readoutDelta, sourceDelta } from "./source-delta.ts";
import { updateOnline, updateReadoutOnline } from "./update-online.ts";
import { update, updateReadout } from "./update.ts";
import type { NetworkModel } from "../../network/network-model.ts";
import { HEADER } from "../../network/layout.ts";
import { NEURONS_PER_BLOCK } from "../../network/constants.ts";
import type { UpdateRule } from "../../network/run.ts";
import type { Scratch } from "./scratch.ts";

/** How a step turns gradients into changes. */
export interface StepRule {
  update: UpdateRule;
  /** Step size of this step, without the root of the samples that count. */
  rate: number;
}

/**
 * Forward only: `scratch.output` from the unpacked inputs in `scratch.value`. Changes nothing but what neurons remember
 * from one cycle to the next.
 */
export function requestStep(model: NetworkModel, scratch: Scratch): void {
  for (const hexagon of model.hexagons) if (hexagon.role !== "input") forward(model, scratch, hexagon);
  output(model, scratch);
  rememberValues(model, scratch);
}

/**
 * One training step on the unpacked inputs and expectations in `scratch`. Hexagons are processed in list order: as soon
 * as the values of one are known, what it feeds grows, so that later hexagons already compute with it.
 *
 * Connections that run backwards in the list compute with the previous step's values and grow with this step's.
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

/** The backward half: every delta is computed with the weights of the forward half, then these step once. */
function learn(model: NetworkModel, scratch: Scratch, rule: StepRule): void {
  const isBatch = rule.update === "batch";
  if (isBatch) model.state.arrays.header[HEADER.adamSteps]! += 1;
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
    if (isBatch) update(model, scratch, hexagon, rate);
    else updateOnline(model, scratch, hexagon, rate);
  }
}

/** Keeps the last sample's values for connections that run backwards. */
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
