import { describe, expect, test } from "vitest";
import { allocate } from "../../src/kernels/reference/allocate.ts";
import { split } from "../../src/network/add-sections.ts";
import { FLOAT_MAX, NONE } from "../../src/network/constants.ts";
import { tileOfRun } from "../../src/network/section-kind.ts";
import { exportState, restoreState } from "../../src/network/state-file.ts";
import { count } from "../../src/network/state.ts";
import { HIDDEN, hexagon, hexagonIndexOf, INPUT, OUTPUT, scratchWith, smallModel } from "./small.ts";

/** A network whose first `active` of `inputs` values have been seen once. */
function seen(active: number, inputs = active) {
  const model = smallModel({ inputs, outputs: 3 });
  const values = Array.from({ length: inputs }, (_, i) => (i < active ? 1 : 0));
  allocate(model, scratchWith(model, 1, values), hexagon(model, INPUT));
  return model;
}

describe("allocate", () => {
  test("nothing active creates nothing", () => {
    expect(count(seen(0, 200).state, "section")).toBe(0);
    expect(count(seen(0, 200).state, "tile")).toBe(0);
  });

  test("the first sources get a section in every block", () => {
    const model = seen(9);
    const { blockSections, tolerance } = model.state.arrays;
    const { blocks } = hexagon(model, HIDDEN);
    // Eight times four makes 32; the ninth source finds the hexagon sufficiently filled.
    expect(blocks).toHaveLength(4);
    expect(count(model.state, "section")).toBe(33);
    const used = blocks.map((block) => blockSections[block]!);
    expect(used.every((each) => each === 8 || each === 9)).toBe(true);
    expect(tolerance[31]).toBe(Math.fround(0.49));
    expect(tolerance[32]).toBe(0);
  });

  test.each([127, 128, 129])("%i sources: each has a list, and each section a place", (active) => {
    const model = seen(active, 200);
    expect(count(model.state, "section")).toBe(active + 3 * 8);
    const { sectionHead } = model.state.arrays;
    expect(sectionHead[active - 1]).not.toBe(NONE);
    expect(sectionHead[active]).toBe(NONE);
    expect(() => restoreState(exportState(model))).not.toThrow();
  });

  test("a source gets sections once, also in a later sample", () => {
    const model = smallModel();
    const scratch = scratchWith(model, 3, [0, -1, 4]);
    allocate(model, scratch, hexagon(model, INPUT));
    allocate(model, scratch, hexagon(model, INPUT));
    expect(count(model.state, "section")).toBe(4);
  });

  test("blocks are added while fewer than 256 places are free", () => {
    const blocksAfter = (sections: number) => hexagon(seen(sections - 24), HIDDEN).blocks.length;
    expect(blocksAfter(4 * 512 - 256 + 1)).toBe(4);
    expect(blocksAfter(4 * 512 - 256 + 2)).toBe(5);
    expect(blocksAfter(5 * 512 - 256 + 2)).toBe(6);
  });

  test("sections spread over all blocks", () => {
    const model = seen(1000);
    for (const block of hexagon(model, HIDDEN).blocks) {
      expect(model.state.arrays.blockSections[block]).toBeGreaterThan(180);
      expect(model.state.arrays.blockSections[block]).toBeLessThan(330);
    }
  });

  test("blocks of an output hexagon come with readout weights", () => {
    const model = seen(1);
    const scratch = scratchWith(model, 1, [1]);
    const [first] = hexagon(model, HIDDEN).blocks;
    scratch.value[scratch.at(first!, 0)] = 1;
    allocate(model, scratch, hexagon(model, HIDDEN));
    const { tileBlock, tileRow, readout } = model.state.arrays;
    expect([count(model.state, "tile"), count(model.state, "row")]).toEqual([2, 6]);
    expect([...tileBlock.subarray(0, 2)]).toEqual(hexagon(model, OUTPUT).blocks);
    expect([...tileRow.subarray(0, 2)]).toEqual([0, 3]);
    const weights = [...readout.subarray(0, 6 * 128)];
    expect(weights.every((weight) => Math.abs(weight) <= Math.fround(0.1))).toBe(true);
    expect(Math.abs(weights.reduce((sum, weight) => sum + weight, 0) / weights.length)).toBeLessThan(0.01);
  });

  test("an output hexagon feeds nothing", () => {
    const model = seen(1);
    expect(hexagon(model, OUTPUT).targets).toEqual([]);
  });
});

describe("split", () => {
  test("the old section keeps the lower half, a new one takes the rest", () => {
    const model = seen(20);
    const before = count(model.state, "section");
    const { lower, range, ramps, ends, rampMean, seed, split: marks } = model.state.arrays;
    lower[5] = 2;
    range[5] = 100;
    ramps[5] = 4;
    ends.set([1, 3, 7, 15], 20);
    marks[5] = 3;
    rampMean.fill(0.5, 20, 24);
    split(model, hexagon(model, HIDDEN));
    expect(count(model.state, "section")).toBe(before);
    split(model, hexagon(model, INPUT));
    expect(count(model.state, "section")).toBe(before + 1);
    const { arrays } = model.state;
    expect([arrays.lower[5], arrays.range[5], arrays.ramps[5], arrays.split[5]]).toEqual([2, 3, 2, 0]);
    const means = [0, 1, 2, 3].map((run) => arrays.rampMean[20 + tileOfRun(seed[5]!, run)]);
    expect(means).toEqual([0.5, 0.5, 0, 0]);
    expect([...arrays.rampMean.subarray(before * 4, before * 4 + 4)]).toEqual([0, 0, 0, 0]);
    expect([arrays.lower[before], arrays.range[before], arrays.ramps[before]]).toEqual([5, 97, 0]);
    expect(arrays.source[before]).toBe(arrays.source[5]);
    expect(hexagonIndexOf(model, arrays.target[before]!)).toBe(HIDDEN);
    expect(() => restoreState(exportState(model))).not.toThrow();
  });

  test("an unbounded range stays unbounded", () => {
    const model = seen(1);
    model.state.arrays.split[0] = 3;
    split(model, hexagon(model, INPUT));
    expect(model.state.arrays.range[4]).toBe(FLOAT_MAX);
  });
});
