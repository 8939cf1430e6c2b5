import { describe, expect, test, vi } from "vitest";
import { allocate } from "../../src/kernels/reference/allocate.ts";
import { split } from "../../src/network/add-sections.ts";
import { forward } from "../../src/kernels/reference/forward.ts";
import { gradient, readoutGradient } from "../../src/kernels/reference/gradient.ts";
import { grow } from "../../src/kernels/reference/grow.ts";
import { error, output } from "../../src/kernels/reference/output.ts";
import { inputDelta, readoutDelta, sourceDelta } from "../../src/kernels/reference/source-delta.ts";
import { addOnline, updateOnline, updateReadoutOnline } from "../../src/kernels/reference/update-online.ts";
import { update, updateReadout } from "../../src/kernels/reference/update.ts";
import { NEURONS_PER_BLOCK } from "../../src/network/constants.ts";
import { HEADER } from "../../src/network/layout.ts";
import type { Scratch } from "../../src/kernels/reference/scratch.ts";
import type { NetworkModel } from "../../src/network/network-model.ts";
import { count } from "../../src/network/state.ts";
import { expectClose, expectSameModel, expectSameScores } from "./compare.ts";
import { beginStep, CASES, copyOf, emptyModel, makeData, trainedModel, type Case } from "./gpu-networks.ts";
import { useGpu } from "./gpu-support.ts";
import { runKernels } from "./kernel-bench.ts";
import { networkOf, randomStep, talliedRows } from "./scored.ts";

/** The software device is slow on a busy machine. */
vi.setConfig({ testTimeout: 300_000 });

const open = useGpu();

/** Sums of a few hundred products in 32 bits, in another order than the reference's. */
const SUM_TOLERANCE = 3e-6;
/** Adam divides by the root of a mean square, which amplifies small differences of gradients. */
const UPDATE_TOLERANCE = 2e-5;

/** Errors of values and of sums over hundreds of synapses, relative to the largest delta. */
const DELTA_TOLERANCE = 5e-5;
/** A bias reverts the changes of all sections of its block, hundreds of them, each with its own rounding. */
const BIAS_TOLERANCE = 3e-4;

/**
 * Where a source shows nearly the same value in all samples, its centred gradient is only rounding, which Adam
 * amplifies: to this share of a step, whose size is the rate.
 */
const NOISE_TOLERANCE = 5e-4;

const BATCH = { mode: "batch", rate: 0.02 } as const;
const ONLINE = { mode: "online", rate: 0.03 } as const;

/** Values or deltas of one hexagon's neurons. */
function ofHexagon(array: ArrayLike<number>, model: NetworkModel, scratch: Scratch, hexagon: number): number[] {
  const found: number[] = [];
  for (const block of model.hexagons[hexagon]!.blocks) {
    const from = scratch.at(block, 0);
    for (let i = from; i < scratch.at(block, scratch.samples); i++) found.push(array[i]!);
  }
  return found;
}

/** Each kernel of the forward half changes the reference's state as the reference itself does next. */
async function checkForwardHalf(each: Case, model: NetworkModel, samples: number): Promise<Scratch> {
  const scratch = beginStep(model, makeData(each, samples, 77), samples);
  for (const hexagon of model.hexagons) {
    const at = { hexagon: hexagon.index };
    if (hexagon.role !== "input") {
      const before = { model: copyOf(model), scratch };
      const names =
        model.hasMemory && hexagon.role === "hidden" ? (["forward", "spike"] as const) : (["forward"] as const);
      const shown = await runKernels(open(), before, names, { ...BATCH, ...at, slopes: true });
      forward(model, scratch, hexagon);
      const pick = (array: ArrayLike<number>) => ofHexagon(array, model, scratch, hexagon.index);
      expectClose(pick(shown.values), pick(scratch.value), SUM_TOLERANCE, `values of hexagon ${hexagon.index}`);
      expectClose(pick(shown.deltas), pick(scratch.slope), SUM_TOLERANCE, `slopes of hexagon ${hexagon.index}`);
      expectSameModel(shown.model, model, SUM_TOLERANCE);
    }
    const rowsBefore = count(model.state, "row");
    const allocated = await runKernels(
      open(),
      { model: copyOf(model), scratch },
      ["find-fresh", "allocate", "start-readout"],
      { ...BATCH, ...at, rowsBefore },
    );
    allocate(model, scratch, hexagon);
    expectSameModel(allocated.model, model, 1e-7);

    const grown = await runKernels(open(), { model: copyOf(model), scratch }, ["grow"], { ...BATCH, ...at });
    grow(model, scratch, hexagon);
    expectSameModel(grown.model, model, 1e-6);

    // `grow` marks full sections, which `split` divides: both sides grow once more to test the two together.
    const before = { model: copyOf(model), scratch };
    const divided = await runKernels(open(), before, ["find-fresh", "grow", "split"], { ...BATCH, ...at });
    grow(model, scratch, hexagon);
    split(model, hexagon);
    expectSameModel(divided.model, model, 1e-6);
    scratch.coverBlocks(model);
  }

  const shown = await runKernels(open(), { model: copyOf(model), scratch }, ["output"], {
    ...BATCH,
    poisoned: ["shown"],
  });
  output(model, scratch);
  const outputs = samples * scratch.outputStride;
  expectClose(shown.shown, scratch.output.subarray(0, outputs), SUM_TOLERANCE, "outputs");

  if (samples > 2) scratch.skipped[1] = 1;
  const erred = await runKernels(open(), { model: copyOf(model), scratch }, ["error", "collect-learners"], {
    ...BATCH,
    poisoned: ["errors"],
  });
  error(model, scratch);
  const learners = [...Array(samples).keys()].filter((q) => scratch.skipped[q] === 0);
  expect(erred.learners).toEqual(learners);
  for (const q of learners) {
    const range = [q * scratch.outputStride, (q + 1) * scratch.outputStride] as const;
    expectClose(
      erred.errors.subarray(...range),
      scratch.error.subarray(...range),
      SUM_TOLERANCE,
      `errors of sample ${q}`,
    );
  }
  return scratch;
}

/** Each kernel of the backward half changes the reference's state as the reference itself does next. */
async function checkBackwardHalf(
  model: NetworkModel,
  scratch: Scratch,
  settings: typeof BATCH | typeof ONLINE,
): Promise<void> {
  if (scratch.learning === 0) return;
  if (settings.mode === "batch") model.state.arrays.header[HEADER.adamSteps]! += 1;
  else addOnline(model.state.arrays.header, scratch.learning);
  const learners = [...Array(scratch.samples).keys()].filter((q) => scratch.skipped[q] === 0);
  scratch.beginBackward(model);
  readoutDelta(model, scratch);
  readoutGradient(model, scratch);
  for (const hexagon of model.hexagons.toReversed()) {
    if (hexagon.role === "input") continue;
    // The device keeps slopes in the place of later deltas: give it the deltas of later hexagons and the slopes of this
    // one.
    const before = { model: copyOf(model), scratch: withSlopes(model, scratch, hexagon.index) };
    const kernel = hexagon.role === "output" ? "readout-delta" : "source-delta";
    const asked = await runKernels(open(), before, [kernel], { ...settings, hexagon: hexagon.index });
    inputDelta(scratch, hexagon);
    const pick = (array: Float32Array) =>
      hexagon.blocks.flatMap((block) =>
        learners.flatMap((q) => [...array.subarray(scratch.at(block, q), scratch.at(block, q) + NEURONS_PER_BLOCK)]),
      );
    // Deltas are small, so they are compared relative to the largest of them.
    const what = `deltas of hexagon ${hexagon.index}`;
    expectClose(pick(asked.deltas), pick(scratch.delta), DELTA_TOLERANCE, what, Number.MIN_VALUE);
    sourceDelta(model, scratch, hexagon);
  }
  const before = copyOf(model);
  const updated = await runKernels(
    open(),
    { model: before, scratch },
    ["sum-deltas", "update-readout", "update-outputs", "update-sections", "update-neurons"],
    settings,
  );
  for (const hexagon of model.hexagons) {
    if (hexagon.role === "input") continue;
    gradient(model, scratch, hexagon);
    for (const block of hexagon.blocks) {
      const range = [block * NEURONS_PER_BLOCK, (block + 1) * NEURONS_PER_BLOCK] as const;
      expectClose(
        updated.deltaSums.subarray(...range),
        scratch.deltaSum.subarray(...range),
        SUM_TOLERANCE,
        "delta sums",
      );
    }
    if (settings.mode === "batch") update(model, scratch, hexagon, settings.rate);
    else updateOnline(model, scratch, hexagon, settings.rate);
  }
  if (settings.mode === "batch") updateReadout(model, scratch, settings.rate);
  else updateReadoutOnline(model, scratch, settings.rate);
  const weight = settings.mode === "batch" ? NOISE_TOLERANCE : UPDATE_TOLERANCE;
  expectSameModel(updated.model, model, UPDATE_TOLERANCE, { bias: BIAS_TOLERANCE, weight });
}

function withSlopes(model: NetworkModel, scratch: Scratch, hexagon: number): Scratch {
  const delta = scratch.delta.slice();
  for (const block of model.hexagons[hexagon]!.blocks)
    for (let i = scratch.at(block, 0); i < scratch.at(block, scratch.samples); i++) delta[i] = scratch.slope[i]!;
  return Object.assign(Object.create(Object.getPrototypeOf(scratch)), scratch, { delta }) as Scratch;
}

describe.each(CASES)("every kernel against the reference: $name", (each) => {
  const trained = trainedModel(each, 3, { update: "batch", rate: 0.01 });

  // Around the 8 and 16 samples of a tile, the 64 of source-delta, the 128 of collect-learners.
  test.each([0, 1, 15, 16, 17, 65, 129])("%i samples, a batch update", async (samples) => {
    const model = copyOf(trained);
    const scratch = await checkForwardHalf(each, model, samples);
    await checkBackwardHalf(model, scratch, BATCH);
  });

  test.each([1, 8])("%i samples, an online update, after others", async (samples) => {
    const model = trainedModel(each, 3, { update: "online", rate: 0.01 }, 7);
    // A section that has missed many samples, and one that has missed none.
    model.state.arrays.header[HEADER.onlineSamples]! += 300;
    model.state.arrays.seenOnline[0] = 300;
    const scratch = await checkForwardHalf(each, model, samples);
    await checkBackwardHalf(model, scratch, ONLINE);
  });

  test.each([1, 8, 201])("%i samples, an online update, on a fresh network", async (samples) => {
    const model = emptyModel(each);
    const scratch = await checkForwardHalf(each, model, samples);
    await checkBackwardHalf(model, scratch, ONLINE);
  });
});

// Rows of many widths, and numbers of samples around the 64 of a workgroup.
test.each([
  ["plain", "out: 2,1,1", [[1], [2], [63], [64], [65], [129]]],
  [
    "class at two positions",
    "kind: 2,1,1 3,1,1 (class)",
    [
      [1, 1],
      [64, 63],
      [65, 65],
      [130, 2],
    ],
  ],
  ["number, bool, float and plain", "a: 2,1,1 (number) b: 3,1,1 (bool) c: 4,1,1 (float) d: 5,1,1", [[8, 3, 2, 0]]],
])("score adds up what the reference does: %s", async (_, outputs, widths) => {
  for (const each of widths) {
    const model = networkOf(outputs, each);
    // Nothing learns here, as no hexagon has neurons; `webgpu-network.test.ts` compares what is skipped.
    for (const samples of [0, 1, 63, 64, 65]) {
      const scratch = randomStep(model, samples, 1000 * each[0]! + samples);
      const used = samples * scratch.outputStride;
      const { scores } = await runKernels(open(), { model, scratch }, ["error", "score"], {
        mode: "batch",
        rate: 0.01,
      });
      const [shown, expected] = [scratch.output.slice(0, used), scratch.expected.slice(0, used)];
      const muted = scratch.skipped.slice(0, samples);
      const wanted = talliedRows(model, { rows: samples, shown, expected, muted });
      expectSameScores({ ...scores, skipped: 0 }, wanted, 2e-5);
    }
  }
});
