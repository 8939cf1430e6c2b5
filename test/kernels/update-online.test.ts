import { describe, expect, test } from "vitest";
import { addOnline, updateOnline, updateReadoutOnline } from "../../src/kernels/reference/update-online.ts";
import { Scratch } from "../../src/kernels/reference/scratch.ts";
import { MEAN_MIN } from "../../src/network/constants.ts";
import { HEADER } from "../../src/network/layout.ts";
import { INPUT_SECTION, runsOfRamp } from "../../src/network/section-kind.ts";
import { HIDDEN, hexagon, sectionOfInput, setSection, smallModel } from "./small.ts";

const RATE = 0.1;

/** A network with one section of two ramps, of which the learners touch the first. */
function prepared({ before = 0, learners = 1, activation = 0.8, delta = 0.3 } = {}) {
  const model = smallModel();
  const section = sectionOfInput(model);
  setSection(model, section, [1, 2], 0.5);
  const { arrays } = model.state;
  const scratch = new Scratch();
  scratch.begin(model, learners);
  scratch.learning = learners;
  scratch.beginBackward(model);
  arrays.header[HEADER.onlineSamples] = before;
  addOnline(arrays.header, learners);
  const [first, second] = [0, 1].map((ramp) => runsOfRamp(arrays.seed[section]!, INPUT_SECTION, ramp)[0]!);
  const [synapse, neuron] = [section * 128 + first!, arrays.target[section]! * 128 + first!];
  scratch.touched[section] = 1;
  scratch.activationSum[section * 4] = activation * learners;
  scratch.gradient.fill(delta * activation * learners, synapse, synapse + 32);
  scratch.deltaSum.fill(delta * learners, neuron, neuron + 32);
  const tiles = { touched: section * 4 + first! / 32, silent: section * 4 + second! / 32 };
  const step = () => updateOnline(model, scratch, hexagon(model, HIDDEN), RATE);
  return { model, arrays, scratch, section, synapse, neuron, tiles, step };
}

describe("the online rule", () => {
  test("centres deltas, and biases undo what a step adds to the mean input", () => {
    const { arrays, section, synapse, neuron, tiles, step } = prepared({ before: 200 });
    arrays.deltaMean[neuron] = 0.1;
    arrays.rampMean[tiles.touched] = 0.5;
    arrays.rampMean[tiles.silent] = 0.5;
    // Of the 200 samples before, it has missed three.
    arrays.seenOnline[section] = 197;
    step();
    const mean = 0.5 * 0.99 ** 3 * 0.99 + 0.01 * 0.8;
    expect(arrays.rampMean[tiles.touched]).toBeCloseTo(mean, 6);
    expect(arrays.rampMean[tiles.silent]).toBeCloseTo(0.5 * 0.99 ** 4, 6);
    expect(arrays.seenOnline[section]).toBe(201);
    expect(arrays.weight[synapse]).toBeCloseTo(0.5 - RATE * (0.3 - 0.1) * 0.8, 6);
    expect(arrays.bias[neuron]).toBeCloseTo(RATE * (0.3 - 0.1) * 0.8 * mean - RATE * 0.3, 6);
    expect(arrays.deltaMean[neuron]).toBeCloseTo(0.1 + 0.02 * (0.3 - 0.1), 6);
    // A neuron without a delta moves back what its mean says, and its mean falls.
    expect(arrays.deltaMean[neuron + 1]).toBeCloseTo(0.02 * 0.3, 6);
    expect(arrays.weight[synapse - (synapse % 128) + (tiles.silent % 4) * 32]).toBe(0.5);
  });

  test("the first sample is the mean, and the second counts as much", () => {
    const first = prepared();
    first.step();
    expect(first.arrays.rampMean[first.tiles.touched]).toBeCloseTo(0.8, 6);
    expect(first.arrays.deltaMean[first.neuron]).toBeCloseTo(0.3, 6);
    expect(first.arrays.weight[first.synapse]).toBeCloseTo(0.5 - RATE * 0.3 * 0.8, 6);
    const second = prepared({ before: 1 });
    second.arrays.rampMean[second.tiles.touched] = 0.4;
    second.arrays.seenOnline[second.section] = 1;
    second.step();
    expect(second.arrays.rampMean[second.tiles.touched]).toBeCloseTo(0.6, 6);
  });

  test("several samples count as many, by their mean", () => {
    const { arrays, section, synapse, neuron, tiles, step } = prepared({ before: 500, learners: 4 });
    arrays.rampMean[tiles.touched] = 0.5;
    arrays.seenOnline[section] = 498;
    arrays.deltaMean[neuron] = 0.1;
    step();
    const decayed = 0.5 * 0.99 ** 2;
    expect(arrays.rampMean[tiles.touched]).toBeCloseTo(decayed + 0.04 * (0.8 - decayed), 6);
    expect(arrays.deltaMean[neuron]).toBeCloseTo(0.1 + 0.08 * (0.3 - 0.1), 6);
    expect(arrays.weight[synapse]).toBeCloseTo(0.5 - RATE * 4 * (0.3 - 0.1) * 0.8, 6);
    expect(arrays.seenOnline[section]).toBe(504);
  });

  test("more samples than the share allows for are the whole mean", () => {
    const { arrays, neuron, tiles, step } = prepared({ before: 500, learners: 200 });
    arrays.rampMean[tiles.touched] = 0.5;
    arrays.deltaMean[neuron] = 0.1;
    step();
    expect(arrays.rampMean[tiles.touched]).toBeCloseTo(0.8, 6);
    expect(arrays.deltaMean[neuron]).toBeCloseTo(0.3, 6);
  });

  test("a full count goes on in its upper half", () => {
    const { arrays, section, neuron, tiles, step } = prepared({ before: 0xffffffff });
    expect(arrays.header[HEADER.onlineSamples]).toBe(0x80000000);
    arrays.rampMean[tiles.touched] = 0.5;
    arrays.seenOnline[section] = 0xffffffff;
    arrays.deltaMean[neuron] = 0.1;
    step();
    // Its shares stay small. That it takes the mean as old is no matter: it is rebuilt from here on.
    expect(arrays.rampMean[tiles.touched]).toBeCloseTo(0.008, 6);
    expect(arrays.deltaMean[neuron]).toBeCloseTo(0.104, 6);
    expect(arrays.seenOnline[section]).toBe(0x80000000);
  });

  test("a mean that has nearly gone is 0", () => {
    const { arrays, neuron, tiles, step } = prepared({ before: 500, delta: 0 });
    arrays.rampMean[tiles.silent] = MEAN_MIN;
    arrays.deltaMean[neuron] = MEAN_MIN;
    arrays.deltaMean[neuron + 1] = -2 * MEAN_MIN;
    step();
    expect(arrays.deltaMean[neuron]).toBe(0);
    expect(arrays.deltaMean[neuron + 1]).toBeLessThan(0);
    expect(arrays.rampMean[tiles.silent]).toBe(0);
  });

  test("readout weights and output biases step by half the rate", () => {
    const { model, arrays, scratch } = prepared();
    arrays.outputBias[0] = 0.5;
    scratch.errorSum[0] = 0.4;
    updateReadoutOnline(model, scratch, RATE);
    expect(arrays.outputBias[0]).toBeCloseTo(0.5 - 0.05 * 0.4, 6);
  });
});
