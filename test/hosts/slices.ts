import type { TrainRun } from "../../src/network/run.ts";
import { oneHot, pixel } from "../support/compute.ts";

/** Cycles of a whole training. */
export const HORIZON = 320;

/** Cycles of the generated pictures; `timeLength` is 1. */
export function sliceOf(firstCycle: number, cycles: number, batchSize = 16): TrainRun {
  const picture = new Uint8Array(cycles * 16).map((_, i) => pixel(firstCycle + Math.floor(i / 16), i % 16));
  const label = new Uint8Array(cycles * 8).map((_, i) => oneHot(firstCycle + Math.floor(i / 8), i % 8));
  return {
    cycles,
    timeLength: 1,
    inputs: [{ index: 0, width: 16, values: picture }],
    expected: [{ index: 0, width: 8, values: label }],
    batchSize,
    schedule: { firstCycle, horizon: HORIZON },
  };
}
