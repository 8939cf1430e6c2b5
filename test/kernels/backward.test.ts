import { describe, expect, test } from "vitest";
import { gradient, readoutGradient } from "../../src/kernels/reference/gradient.ts";
import { forward } from "../../src/kernels/reference/forward.ts";
import { error, output } from "../../src/kernels/reference/output.ts";
import { inputDelta, readoutDelta, sourceDelta } from "../../src/kernels/reference/source-delta.ts";
import { update, updateReadout } from "../../src/kernels/reference/update.ts";
import { updateReadoutOnline } from "../../src/kernels/reference/update-online.ts";
import type { NetworkModel } from "../../src/network/network-model.ts";
import { HEADER } from "../../src/network/layout.ts";
import { NEURON_SECTION, runsOfRamp, tileOfRun } from "../../src/network/section-kind.ts";
import { Scratch } from "../../src/kernels/reference/scratch.ts";
import { trainStep } from "../../src/kernels/reference/step.ts";
import { count } from "../../src/network/state.ts";
import { unpack } from "../../src/kernels/reference/unpack.ts";
import { HIDDEN, hexagon, INPUT, OUTPUT, smallModel } from "./small.ts";

const SAMPLES = 5;
const INPUTS = 6;
const OUTPUTS = 3;
// Far from every ramp's end, so that a small change of a weight moves no value across a kink.
const X = Float32Array.from({ length: SAMPLES * INPUTS }, (_, i) => (i % 3 === 0 ? 0 : 1 + ((i * 7) % 5)));
const Y = Float32Array.from({ length: SAMPLES * OUTPUTS }, (_, i) => 0.1 + ((i * 3) % 8) / 10);

function loaded(model: NetworkModel): Scratch {
  const scratch = new Scratch();
  scratch.begin(model, SAMPLES);
  unpack(model, scratch, INPUT, X, INPUTS);
  scratch.expected.set(Y);
  return scratch;
}

/** A grown network of two layers, with biases that keep its neurons away from their kink at 0 and give clear slopes. */
function grown(): NetworkModel {
  const model = smallModel({ inputs: INPUTS, outputs: OUTPUTS });
  for (let step = 0; step < 3; step++) trainStep(model, loaded(model), { update: "online", rate: 0.05 });
  const { bias, readout } = model.state.arrays;
  for (let i = 0; i < bias.length; i++) bias[i]! += 0.7;
  for (let i = 0; i < readout.length; i++) readout[i]! *= 4;
  return model;
}

function computed(model: NetworkModel): Scratch {
  const scratch = loaded(model);
  forward(model, scratch, hexagon(model, HIDDEN));
  forward(model, scratch, hexagon(model, OUTPUT));
  output(model, scratch);
  error(model, scratch);
  return scratch;
}

/** Cross entropy over all samples: its slope over an output's input is output - expected, the error of the rule. */
function loss(model: NetworkModel): number {
  const { output: shown } = computed(model);
  let sum = 0;
  Y.forEach((y, i) => (sum -= y * Math.log(shown[i]!) + (1 - y) * Math.log(1 - shown[i]!)));
  return sum;
}

/** Runs the backward half without updates. */
function backward(model: NetworkModel): Scratch {
  const scratch = computed(model);
  scratch.beginBackward(model);
  readoutDelta(model, scratch);
  readoutGradient(model, scratch);
  for (const index of [OUTPUT, HIDDEN]) {
    inputDelta(scratch, hexagon(model, index));
    sourceDelta(model, scratch, hexagon(model, index));
    gradient(model, scratch, hexagon(model, index));
  }
  return scratch;
}

/** Measures the slope of the loss over element `i` of an array. */
function measured(model: NetworkModel, array: Float32Array, i: number): number {
  const before = array[i]!;
  const h = 0.002;
  array[i] = before + h;
  const above = loss(model);
  array[i] = before - h;
  const below = loss(model);
  array[i] = before;
  return (above - below) / (2 * h);
}

// Outputs are rounded to 32 bits, which changes a measured slope by about 1e-4; the largest slopes are a few times
// 1e-2.
const AGREEMENT = 0.02;

/** Largest difference between measured and computed slopes, as a share of the largest slope. */
function disagreement(model: NetworkModel, array: Float32Array, slopes: Float32Array, indices: number[]): number {
  const largest = Math.max(...indices.map((i) => Math.abs(slopes[i]!)));
  expect(largest).toBeGreaterThan(0.01);
  const differences = indices.map((i) => Math.abs(slopes[i]! - measured(model, array, i)));
  // Some neurons are still so close to a kink that the measurement crosses it; the others must agree.
  differences.sort((a, b) => a - b);
  return differences[Math.floor(differences.length * 0.9)]! / largest;
}

describe("computed slopes are the true ones", () => {
  const model = grown();
  const scratch = backward(model);
  const { arrays } = model.state;
  const some = (from: number, until: number, most: number) => {
    const step = Math.max(1, Math.floor((until - from) / most));
    return Array.from({ length: Math.ceil((until - from) / step) }, (_, i) => from + i * step);
  };
  const sectionsOf = (index: number) =>
    Array.from({ length: count(model.state, "section") }, (_, s) => s).filter(
      (s) => arrays.blockHexagon[arrays.target[s]!] === index && scratch.touched[s] === 1,
    );

  test("of readout weights and output biases", () => {
    const rows = count(model.state, "row") * 128;
    expect(disagreement(model, arrays.readout, scratch.readoutGradient, some(0, rows, 100))).toBeLessThan(AGREEMENT);
    expect(disagreement(model, arrays.outputBias, scratch.errorSum, [0, 1, 2])).toBeLessThan(AGREEMENT);
  });

  test.each([
    ["output", OUTPUT],
    ["hidden", HIDDEN],
  ])("of synapses and biases of the %s hexagon", (_, index) => {
    const sections = sectionsOf(index);
    expect(sections.length).toBeGreaterThan(5);
    const synapses = sections.flatMap((s) => some(s * 128, s * 128 + 128, 2)).slice(0, 120);
    expect(disagreement(model, arrays.weight, scratch.gradient, synapses)).toBeLessThan(AGREEMENT);
    const biases = hexagon(model, index).blocks.flatMap((block) => some(block * 128, block * 128 + 128, 20));
    expect(disagreement(model, arrays.bias, scratch.deltaSum, biases)).toBeLessThan(AGREEMENT);
  });

  test("sections that no learning sample touches are left out", () => {
    const silent = computed(model);
    silent.skipped.fill(1);
    silent.beginBackward(model);
    gradient(model, silent, hexagon(model, HIDDEN));
    expect(silent.touched.every((each) => each === 0)).toBe(true);
  });
});

describe("update online", () => {
  test("lowers the loss when the means are those of the samples", () => {
    const model = grown();
    // The first samples of a network are its whole means.
    model.state.arrays.header[HEADER.onlineSamples] = 0;
    trainStep(model, loaded(model), { update: "online", rate: 0 });
    const before = loss(model);
    trainStep(model, loaded(model), { update: "online", rate: 0.0005 });
    expect(loss(model)).toBeLessThan(before);
  });

  test("of readout weights is a plain step down the gradient", () => {
    const model = grown();
    const scratch = backward(model);
    const { readout, outputBias } = model.state.arrays;
    const before = { readout: readout.slice(), outputBias: outputBias.slice() };
    updateReadoutOnline(model, scratch, 0.1);
    expect(readout[9]).toBeCloseTo(before.readout[9]! - 0.05 * scratch.readoutGradient[9]!, 6);
    expect(outputBias[1]).toBeCloseTo(before.outputBias[1]! - 0.05 * scratch.errorSum[1]!, 6);
  });
});

describe("update in batches", () => {
  const RATE = 0.01;

  function updated() {
    const model = grown();
    model.state.arrays.header[HEADER.adamSteps] = 1;
    const scratch = backward(model);
    const { weight, bias, readout, outputBias } = model.state.arrays;
    const before = {
      weight: weight.slice(),
      bias: bias.slice(),
      readout: readout.slice(),
      outputBias: outputBias.slice(),
    };
    const summed = scratch.gradient.slice();
    updateReadout(model, scratch, RATE);
    for (const index of [OUTPUT, HIDDEN]) update(model, scratch, hexagon(model, index), RATE);
    return { model, scratch, before, summed };
  }

  test("the first step of a readout weight has half the rate, against the gradient's sign", () => {
    const { model, scratch, before } = updated();
    const { readout, outputBias } = model.state.arrays;
    const i = scratch.readoutGradient.findIndex((g) => Math.abs(g) > 0.01);
    // Moments are corrected to the gradient itself, except for the look ahead: 0.8 * 0.2 + 0.2 over 1 - 0.8.
    const step = (0.36 / 0.2) * RATE * 0.5;
    expect(readout[i]).toBeCloseTo(before.readout[i]! - step * Math.sign(scratch.readoutGradient[i]!), 5);
    expect(outputBias[0]).toBeCloseTo(before.outputBias[0]! - step * Math.sign(scratch.errorSum[0]!), 5);
  });

  test("the first step of a section: centred, one second moment per ramp, decay", () => {
    const { model, scratch, before, summed } = updated();
    const { weight, target, seed } = model.state.arrays;
    const s = scratch.touched.lastIndexOf(1);
    const mean = scratch.activationSum[s * 4]! / scratch.learning;
    const neurons = runsOfRamp(seed[s]!, NEURON_SECTION, 0).flatMap((run) =>
      Array.from({ length: 32 }, (_, i) => run + i),
    );
    const g = neurons.map((n) => (summed[s * 128 + n]! - scratch.deltaSum[target[s]! * 128 + n]! * mean) / SAMPLES);
    const root = Math.sqrt(g.reduce((sum, each) => sum + each * each, 0) / 64);
    neurons.forEach((n, i) => {
      const step = ((0.36 / 0.2) * RATE * g[i]!) / (root + 1e-6);
      expect(weight[s * 128 + n]).toBeCloseTo(before.weight[s * 128 + n]! * (1 - 0.2 * RATE) - step, 5);
    });
  });

  test("biases compensate for the effect of the weights on the mean input", () => {
    const { model, scratch, before } = updated();
    const { bias, weight, target, seed, ramps } = model.state.arrays;
    const id = hexagon(model, HIDDEN).blocks[0]! * 128 + 40;
    let shift = 0;
    for (let s = 0; s < count(model.state, "section"); s++) {
      if (target[s] !== Math.floor(id / 128) || scratch.touched[s] === 0) continue;
      // Neuron 40 is in the second tile; sections into the hidden hexagon come from the input, one run per ramp.
      const ramp = [0, 1, 2, 3].findIndex((r) => tileOfRun(seed[s]!, r) === 1);
      if (ramp >= ramps[s]!) continue;
      const mean = scratch.activationSum[s * 4 + ramp]! / scratch.learning;
      shift += (weight[s * 128 + 40]! - before.weight[s * 128 + 40]!) * mean;
    }
    const own = (0.36 / 0.2) * RATE * Math.sign(scratch.deltaSum[id]!);
    expect(bias[id]).toBeCloseTo(before.bias[id]! - shift - own, 4);
    expect(Math.abs(shift)).toBeGreaterThan(0);
  });

  test("a gradient of exactly 0 changes nothing", () => {
    const { model, scratch, before } = updated();
    const { readout, readoutMoment, readoutSquare } = model.state.arrays;
    const i = scratch.readoutGradient.subarray(0, count(model.state, "row") * 128).indexOf(0);
    expect(i).toBeGreaterThanOrEqual(0);
    expect([readout[i], readoutMoment[i], readoutSquare[i]]).toEqual([before.readout[i], 0, 0]);
  });
});
