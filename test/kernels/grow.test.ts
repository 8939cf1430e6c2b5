import { describe, expect, test } from "vitest";
import { growSection } from "../../src/kernels/reference/grow.ts";
import type { NetworkModel } from "../../src/network/network-model.ts";
import {
  INPUT_SECTION,
  MATCH_SECTION,
  NEURON_SECTION,
  tileOfRun,
  type SectionKind,
} from "../../src/network/section-kind.ts";
import { sectionOfInput, setSection, smallModel } from "./small.ts";

/** A network with one section without tolerance, and a function that feeds it. */
function fresh(kind: SectionKind = INPUT_SECTION) {
  const model = smallModel();
  const section = sectionOfInput(model);
  model.state.arrays.tolerance[section] = 0;
  const feed = (...values: number[]) => values.forEach((value) => growSection(model.state, section, kind, value));
  return { model, section, arrays: model.state.arrays, feed };
}

const endsOf = ({ state }: NetworkModel, section: number) => {
  const { ends, ramps } = state.arrays;
  return [...ends.subarray(section * 4, section * 4 + ramps[section]!)];
};

/** The 32 weights of a ramp of an input-fed section. */
const weightsOf = ({ state }: NetworkModel, section: number, ramp: number) => {
  const first = section * 128 + tileOfRun(state.arrays.seed[section]!, ramp) * 32;
  return [...state.arrays.weight.subarray(first, first + 32)];
};

describe("grow", () => {
  test("the first value ends the first ramp", () => {
    const { model, section, feed } = fresh();
    feed(5);
    expect(endsOf(model, section)).toEqual([5]);
    const weights = weightsOf(model, section, 0);
    expect(weights.every((weight) => weight !== 0 && Math.abs(weight) <= 0.2)).toBe(true);
    expect(new Set(weights).size).toBeGreaterThan(30);
  });

  test("a ramp is added beyond twice the end, not before", () => {
    const { model, section, feed } = fresh();
    feed(5, 3, 10);
    expect(endsOf(model, section)).toEqual([5]);
    feed(10.5);
    expect(endsOf(model, section)).toEqual([5, 10.5]);
  });

  test("sections with a tolerance add ramps sooner", () => {
    const { model, section, arrays, feed } = fresh();
    arrays.tolerance[section] = 0.01;
    feed(8, 9);
    expect(endsOf(model, section)).toEqual([8]);
    feed(9.5);
    expect(endsOf(model, section)).toEqual([8, 9.5]);
  });

  test("neurons' first ramp is at least 1 wide", () => {
    const { model, section, feed } = fresh(NEURON_SECTION);
    feed(0.25);
    expect(endsOf(model, section)).toEqual([1]);
    feed(3);
    expect(endsOf(model, section)).toEqual([1, 3]);
  });

  test.each([
    [INPUT_SECTION, [1, 3, 7, 15], 31, 3],
    [NEURON_SECTION, [1, 3], 7, 1],
    [MATCH_SECTION, [1, 3, 7, 15], 2, 3],
  ])("a full section is marked at its middle %#", (kind, values, more, middle) => {
    const { model, section, arrays, feed } = fresh(kind);
    feed(...values);
    expect(endsOf(model, section)).toEqual(values);
    expect(arrays.split[section]).toBe(0);
    feed(more);
    expect(arrays.split[section]).toBe(middle);
    expect(endsOf(model, section)).toEqual(values);
  });

  test("a value near a ramp's middle shrinks it and the ramps above move down", () => {
    const { model, section, arrays, feed } = fresh();
    setSection(model, section, [3, 6], 0.3);
    arrays.tolerance[section] = 0.25;
    feed(2.9, 3.2);
    expect(endsOf(model, section)).toEqual([3, 6]);
    feed(1.5);
    expect(endsOf(model, section)).toEqual([2, 5]);
    expect(arrays.tolerance[section]).toBeCloseTo(0.25 / 1.2, 6);
    expect(weightsOf(model, section, 0)[0]).toBeCloseTo(0.2, 6);
    expect(weightsOf(model, section, 1)[0]).toBeCloseTo(0.3, 6);
  });

  test("an extreme first value is forgotten after 64 visits, at most twice", () => {
    const { model, section, arrays, feed } = fresh();
    feed(1e6);
    const visit = () => feed(...Array.from({ length: 64 }, (_, i) => (i === 9 ? 10 : 5)));
    visit();
    expect(endsOf(model, section)).toEqual([10]);
    expect(arrays.recoveries[section]).toBe(1);
    setSection(model, section, [160, 1e6], 1);
    visit();
    expect(arrays.recoveries[section]).toBe(2);
    expect(endsOf(model, section)[1]).toBe(10);
    setSection(model, section, [1e6], 1);
    visit();
    expect(endsOf(model, section)).toEqual([1e6]);
  });

  test("a section looks only at its own range", () => {
    const { model, section, arrays, feed } = fresh();
    arrays.lower[section] = 10;
    arrays.range[section] = 4;
    feed(10, 9);
    expect(endsOf(model, section)).toEqual([]);
    feed(100);
    expect(endsOf(model, section)).toEqual([4]);
  });

  test("match: every distinct value gets its ramp, in ascending order", () => {
    const { model, section, arrays, feed } = fresh(MATCH_SECTION);
    const tile = (ramp: number) => section * 4 + tileOfRun(arrays.seed[section]!, ramp);
    feed(5);
    arrays.weight.fill(0.7, section * 128, section * 128 + 128);
    arrays.rampSquare[section * 4] = 0.5;
    arrays.rampMean[tile(0)] = 0.25;
    arrays.rampMean[tile(2)] = 0.75;
    feed(5, 9, 2, 9);
    expect(endsOf(model, section)).toEqual([2, 5, 9]);
    expect(weightsOf(model, section, 1)).toEqual(Array.from({ length: 32 }, () => Math.fround(0.7)));
    expect(weightsOf(model, section, 0)[0]).not.toBe(Math.fround(0.7));
    expect([...arrays.rampSquare.subarray(section * 4, section * 4 + 3)]).toEqual([0, 0.5, 0]);
    expect([0, 1, 2].map((ramp) => arrays.rampMean[tile(ramp)])).toEqual([0, 0.25, 0]);
  });
});
