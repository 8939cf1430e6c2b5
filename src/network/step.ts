import { allocate, split } from "../kernels/reference/allocate.ts";
import { forward } from "../kernels/reference/forward.ts";
import { gradient, readoutGradient } from "../kernels/reference/gradient.ts";
import { grow } from "../kernels/reference/grow.ts";
import { error, output } from "../kernels/reference/output.ts";
import { inputDelta, readoutDelta, sourceDelta } from "../kernels/reference/source-delta.ts";
import { updateOnline, updateReadoutOnline } from "../kernels/reference/update-online.ts";
import { update, updateReadout } from "../kernels/reference/update.ts";
import type { Cluster } from "./cluster.ts";
import { NEURONS_PER_BLOCK } from "./constants.ts";
import { HEADER } from "./layout.ts";
import type { Scratch } from "./scratch.ts";

/** How a step turns gradients into changes. */
export interface StepRule {
  update: "batch" | "online";
  /** Step size of this step, without the root of the samples that count. */
  rate: number;
}

/**
 * Forward only: `scratch.output` from the unpacked inputs in `scratch.value`. Changes nothing but what neurons remember
 * from one cycle to the next.
 */
export function requestStep(cluster: Cluster, scratch: Scratch): void {
  for (const hexagon of cluster.hexagons) if (hexagon.role !== "input") forward(cluster, scratch, hexagon);
  output(cluster, scratch);
  rememberValues(cluster, scratch);
}

/**
 * One training step on the unpacked inputs and expectations in `scratch`. Hexagons are processed in list order: as soon
 * as the values of one are known, what it feeds grows, so that later hexagons already compute with it.
 *
 * Connections that run backwards in the list compute with the previous step's values and grow with this step's.
 */
export function trainStep(cluster: Cluster, scratch: Scratch, rule: StepRule): void {
  for (const hexagon of cluster.hexagons) {
    if (hexagon.role !== "input") forward(cluster, scratch, hexagon);
    allocate(cluster, scratch, hexagon);
    grow(cluster, scratch, hexagon);
    split(cluster, hexagon);
    scratch.coverBlocks(cluster);
  }
  output(cluster, scratch);
  error(cluster, scratch);
  if (scratch.learning > 0) learn(cluster, scratch, rule);
  rememberValues(cluster, scratch);
}

/** The backward half: every delta is computed with the weights of the forward half, then these step once. */
function learn(cluster: Cluster, scratch: Scratch, rule: StepRule): void {
  const isBatch = rule.update === "batch";
  if (isBatch) cluster.state.arrays.header[HEADER.adamSteps]! += 1;
  const rate = isBatch ? rule.rate * Math.sqrt(scratch.learning) : rule.rate;
  scratch.beginBackward(cluster);
  readoutDelta(cluster, scratch);
  readoutGradient(cluster, scratch);
  if (isBatch) updateReadout(cluster, scratch, rate);
  else updateReadoutOnline(cluster, scratch, rate);
  for (const hexagon of cluster.hexagons.toReversed()) {
    if (hexagon.role === "input") continue;
    inputDelta(scratch, hexagon);
    sourceDelta(cluster, scratch, hexagon);
    gradient(cluster, scratch, hexagon);
    if (isBatch) update(cluster, scratch, hexagon, rate);
    else updateOnline(cluster, scratch, hexagon, rate);
  }
}

/** Keeps the last sample's values for connections that run backwards. */
function rememberValues(cluster: Cluster, scratch: Scratch): void {
  if (!cluster.hasBackEdges || scratch.samples === 0) return;
  const { lastValue } = cluster.state.arrays;
  for (const { blocks } of cluster.hexagons) {
    for (const block of blocks) {
      const from = scratch.at(block, scratch.samples - 1);
      lastValue.set(scratch.value.subarray(from, from + NEURONS_PER_BLOCK), block * NEURONS_PER_BLOCK);
    }
  }
}
