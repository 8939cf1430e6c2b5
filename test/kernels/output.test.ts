import { describe, expect, test } from "vitest";
import { error, output } from "../../src/kernels/reference/output.ts";
import { growBlock, widenOutput } from "../../src/network/readout.ts";
import { hexagon, OUTPUT, scratchWith, smallModel } from "./small.ts";

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

/** A network with `outputs` outputs that read `blocks` blocks, all readout weights `weight`. */
function readout({ outputs = 2, blocks = 1, weight = 0.5, samples = 1 } = {}) {
  const model = smallModel({ outputs });
  for (let i = 0; i < blocks; i++) growBlock(model, hexagon(model, OUTPUT));
  model.state.arrays.readout.fill(weight);
  const scratch = scratchWith(
    model,
    samples,
    Array.from({ length: samples }, () => 0),
  );
  return { model, scratch, block: hexagon(model, OUTPUT).blocks[0]! };
}

describe("output", () => {
  test("sigmoid of bias and weighted values, over all blocks", () => {
    const { model, scratch } = readout({ blocks: 2 });
    const [first, second] = hexagon(model, OUTPUT).blocks;
    scratch.value[scratch.at(first!, 0) + 3] = 2;
    scratch.value[scratch.at(second!, 0) + 127] = 4;
    model.state.arrays.outputBias[1] = -3;
    output(model, scratch);
    expect(scratch.output[0]).toBeCloseTo(sigmoid(3), 6);
    expect(scratch.output[1]).toBeCloseTo(0.5, 6);
  });

  test("outputs that were added later read what was there before", () => {
    const { model } = readout({ outputs: 1 });
    widenOutput(model, 0, 3);
    model.state.arrays.readout.fill(0.25);
    const scratch = scratchWith(model, 1, [0]);
    scratch.value[scratch.at(hexagon(model, OUTPUT).blocks[0]!, 0)] = 4;
    output(model, scratch);
    for (let k = 0; k < 3; k++) expect(scratch.output[k]).toBeCloseTo(sigmoid(1), 6);
  });

  test("a hexagon without blocks shows 0", () => {
    const { model, scratch } = readout({ blocks: 0 });
    output(model, scratch);
    expect([...scratch.output]).toEqual([0, 0]);
  });

  test.each([0, 1, 2, 31])("%i outputs and samples", (size) => {
    const { model, scratch } = readout({ outputs: size, samples: size });
    model.state.arrays.outputBias.fill(1);
    output(model, scratch);
    for (let i = 0; i < size * size; i++) expect(scratch.output[i]).toBeCloseTo(sigmoid(1), 6);
  });
});

describe("error", () => {
  /** Error and skips for these outputs and expectations of two output neurons. */
  function judge(outputs: number[], expected: number[]) {
    const samples = outputs.length / 2;
    const { model, scratch } = readout({ samples });
    scratch.output.set(outputs);
    scratch.expected.set(expected);
    error(model, scratch);
    const errors = [...scratch.error].slice(0, outputs.length).map((each) => Math.round(each * 1000) / 1000);
    return { errors, skipped: [...scratch.skipped], learning: scratch.learning };
  }

  test("a sample is skipped when all hard expectations are nearly reached", () => {
    expect(judge([0.96, 0.04, 0.94, 0.04], [1, 0, 1, 0])).toEqual({
      errors: [-0.04, 0.04, -0.06, 0.04],
      skipped: [1, 0],
      learning: 1,
    });
  });

  test("a value between 0 and 1 never skips", () => {
    expect(judge([0.5, 0], [0.5, 0]).skipped).toEqual([0]);
  });

  test("outputs without an expectation have no error", () => {
    expect(judge([0.3, 0.04], [NaN, 0])).toEqual({ errors: [0, 0.04], skipped: [1], learning: 0 });
    expect(judge([0.3, 0.4], [NaN, 0])).toEqual({ errors: [0, 0.4], skipped: [0], learning: 1 });
  });

  test("outputs without blocks cannot learn", () => {
    const { model, scratch } = readout({ blocks: 0 });
    scratch.expected.fill(1);
    error(model, scratch);
    expect([...scratch.error]).toEqual([0, 0]);
    expect(scratch.learning).toBe(0);
  });
});
