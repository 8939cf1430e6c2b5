import { describe, expect, test } from "vitest";
import { Activation } from "../../src/kernels/reference/ramps.ts";
import { INPUT_SECTION, MATCH_SECTION, NEURON_SECTION, type SectionKind } from "../../src/network/section-kind.ts";
import { sectionOfInput, setSection, smallModel } from "./small.ts";

/** Activations and slope of a section with these ramp ends. */
function activate(kind: SectionKind, ends: number[], value: number, lower = 0, range?: number) {
  const model = smallModel();
  const section = sectionOfInput(model);
  setSection(model, section, ends, 1);
  model.state.arrays.lower[section] = lower;
  if (range !== undefined) model.state.arrays.range[section] = range;
  const activation = new Activation();
  const touched = activation.compute(model.state.arrays, section, kind, value);
  return [...activation.ramps.subarray(0, touched), "slope", activation.slope];
}

describe("ramps", () => {
  test("fill up one after the other", () => {
    const ends = [2, 4, 8];
    expect(activate(INPUT_SECTION, ends, 1)).toEqual([0.5, "slope", 0.5]);
    expect(activate(INPUT_SECTION, ends, 2)).toEqual([1, "slope", 0]);
    expect(activate(INPUT_SECTION, ends, 3)).toEqual([1, 0.5, "slope", 0.5]);
    expect(activate(INPUT_SECTION, ends, 5)).toEqual([1, 1, 0.25, "slope", 0.25]);
    expect(activate(INPUT_SECTION, ends, 100)).toEqual([1, 1, 1, "slope", 0]);
    expect(activate(INPUT_SECTION, [], 1)).toEqual(["slope", 0]);
  });

  test("encode what lies between lower and lower + range", () => {
    expect(activate(INPUT_SECTION, [2, 4], 5, 5)).toEqual(["slope", 0]);
    expect(activate(INPUT_SECTION, [2, 4], 6, 5)).toEqual([0.5, "slope", 0.5]);
    expect(activate(INPUT_SECTION, [2, 4], 100, 5, 3)).toEqual([1, 0.5, "slope", 0]);
  });

  test("the last one is open in sections fed by neurons", () => {
    expect(activate(NEURON_SECTION, [1, 3], 4)).toEqual([1, 1.5, "slope", 0.5]);
    expect(activate(NEURON_SECTION, [1, 3], 5)).toEqual([1, 2, "slope", 0]);
    expect(activate(NEURON_SECTION, [1, 3], 1e9)).toEqual([1, 2, "slope", 0]);
    expect(activate(NEURON_SECTION, [1, 3], 1e9, 0, 3)).toEqual([1, 1, "slope", 0]);
  });

  test("a match section is all or nothing", () => {
    const ends = [2, 4, 8];
    expect(activate(MATCH_SECTION, ends, 1.9)).toEqual(["slope", 0]);
    expect(activate(MATCH_SECTION, ends, 2)).toEqual([1, "slope", 0]);
    expect(activate(MATCH_SECTION, ends, 7.9)).toEqual([1, 1, "slope", 0]);
    expect(activate(MATCH_SECTION, ends, 8)).toEqual([1, 1, 1, "slope", 0]);
  });

  test("ramps without width do no harm", () => {
    expect(activate(INPUT_SECTION, [0, 0, 2], 1)).toEqual([1, 1, 0.5, "slope", 0.5]);
  });
});
