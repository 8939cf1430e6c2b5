import { expect, test } from "vitest";
import type { Cells } from "../../src/encoders/cells.ts";
import { EncoderError } from "../../src/encoders/encoder-error.ts";
import {
  bindTarget,
  decode,
  extendClasses,
  fitClass,
  fitNumber,
  widenNumber,
  widthOfTarget,
  type FittedTarget,
} from "../../src/encoders/targets.ts";
import { categories, numbers, times } from "./columns.ts";

function taught(target: FittedTarget, cells: Cells): Float32Array {
  const rows = cells.values.length;
  const values = new Float32Array(rows * widthOfTarget(target));
  bindTarget(target, cells).encode(cells.values, rows, values);
  return values;
}

test("a class is taught as 0.9, the others share the rest, and a missing one teaches nothing", () => {
  const cells = categories("c", ["b", "c", undefined, "a"]);
  const target = fitClass(cells);
  expect(target.classes).toEqual(["a", "b", "c"]);
  expect(taught(target, cells)).toEqual(
    Float32Array.of(0.05, 0.9, 0.05, 0.05, 0.05, 0.9, NaN, NaN, NaN, 0.9, 0.05, 0.05),
  );
  expect(taught(fitClass(categories("c", ["a"])), cells)[3]).toBeCloseTo(0.9);
  expect(taught(fitClass(categories("c", ["a"])), cells)[0]).toBeNaN();
});

test("numbers may be classes, in ascending order and the shortest text", () => {
  const target = fitClass(numbers("n", [10, 9, 0.1, -2, NaN, 9]));
  expect(target.classes).toEqual(["-2", "0.1", "9", "10"]);
  const texts = categories("n", ["10", "9.0", "0.1", "-2", undefined, "11"]);
  expect(taught(target, texts)).toEqual(taught(target, numbers("n", [10, 9, 0.1, -2, NaN, NaN])));
});

test("new classes come after the known ones, and members that lack them show 0 for them", () => {
  const target = fitClass(categories("c", ["b", "d"]));
  const grown = extendClasses(target, categories("c", ["c", "b", "a", undefined]));
  expect(grown.classes).toEqual(["b", "d", "a", "c"]);
  expect(target.classes).toEqual(["b", "d"]);
  expect(extendClasses(grown, categories("c", ["a"]))).toEqual(grown);
  const members = [
    { width: 2, values: Float32Array.of(0.9, 0.1) },
    { width: 4, values: Float32Array.of(0.1, 0.05, 0.05, 0.9) },
  ];
  const { labels, probabilities } = decode(grown, members, 1);
  expect([...labels]).toEqual([0]);
  expect(probabilities[3]).toBeGreaterThan(0.4);
});

test.each([1, 2, 3, 100, 4096])("probabilities of %i classes sum to 1, whatever the outputs are", (classes) => {
  const names = Array.from({ length: classes }, (_, k) => `k${k}`);
  const target = { kind: "class", column: "c", classes: names } as const;
  for (const shown of [0, 1, 0.5, 1e-30]) {
    const values = new Float32Array(2 * classes).fill(shown);
    values[classes - 1] = 1;
    const { labels, probabilities } = decode({ ...target, classes: names }, [{ width: classes, values }], 2);
    for (const row of [0, 1]) {
      const one = probabilities.subarray(row * classes, (row + 1) * classes);
      expect(one.reduce((sum, each) => sum + each, 0)).toBeCloseTo(1, 4);
      expect(one.every((each) => each > 0 && each <= 1)).toBe(true);
    }
    expect(labels[0]).toBe(shown === 1 ? 0 : classes - 1);
  }
});

test("outputs that fit the targets give the shares of the classes", () => {
  const target = fitClass(categories("c", ["a", "b"]));
  const values = Float32Array.of(0.1 + 0.8 * 0.3, 0.1 + 0.8 * 0.7);
  const { probabilities } = decode(target, [{ width: 2, values }], 1);
  expect(probabilities[0]).toBeCloseTo(0.3);
});

test.each([
  ["usual numbers", [1, 5, 2.25, -3, 10]],
  ["the largest numbers", [-3.4e38, 0, 3.4e38]],
  ["tiny numbers", [1e-44, 5e-44, 1.4e-45]],
  ["two numbers", [3, 4]],
  ["a constant", [7, 7]],
  ["one row", [7]],
])("%s come back from what they are taught as", (_, values) => {
  const cells = numbers("y", values);
  const target = fitNumber(cells);
  const shown = taught(target, cells);
  expect(shown.every((each) => each >= 0 && each <= 1)).toBe(true);
  const width = widthOfTarget(target);
  const decoded = decode(
    target,
    [
      { width, values: shown },
      { width, values: shown },
    ],
    values.length,
  ).values;
  const range = Math.max(...values) - Math.min(...values);
  decoded.forEach((value, row) =>
    expect(Math.abs(value - Math.fround(values[row]!))).toBeLessThanOrEqual(1e-5 * range),
  );
});

test("a number far from all others does not widen the ramps, and is counted", () => {
  const values = Array.from({ length: 100 }, (_, i) => i);
  const cells = numbers("y", [...values, 1e30]);
  const target = fitNumber(cells);
  expect(target.knots[0]).toBe(0);
  expect(target.knots.at(-1)).toBeLessThan(300);
  const bound = bindTarget(target, cells);
  bound.encode(cells.values, 101, new Float32Array(101 * widthOfTarget(target)));
  expect(bound.beyond).toBe(1);
});

test("a number that is missing teaches nothing", () => {
  const target = fitNumber(numbers("y", [1, NaN, 2]));
  expect(taught(target, numbers("y", [NaN])).every(Number.isNaN)).toBe(true);
  expect(taught(fitNumber(numbers("y", [1])), numbers("y", [NaN, 1]))).toEqual(Float32Array.of(NaN, 0.05));
});

test("targets that cannot be learnt are refused by name", () => {
  const refused: [() => unknown, string][] = [
    [() => fitClass(categories("c", [undefined])), "The target 'c' has no value in any row."],
    [() => fitNumber(numbers("y", [])), "The target 'y' has no value in any row."],
    [() => fitNumber(categories("y", ["1", "low"])), "The target 'y' is a number and has 'low'."],
    [() => fitNumber(times("y", ["2024-01-01"])), "The target 'y' is a number and has times."],
    [() => fitClass(times("c", ["2024-01-01"])), "The target 'c' has times, which cannot be classes."],
    [
      () => bindTarget(fitClass(categories("c", ["a"])), numbers("c", [1])),
      "The target 'c' has numbers, and its classes are texts.",
    ],
    [() => fitClass(categories("c", ["x".repeat(1025)])), "A class of 'c' has more than 1024 characters"],
    [
      () =>
        fitClass(
          numbers(
            "c",
            Array.from({ length: 4097 }, (_, i) => i),
          ),
        ),
      "The target 'c' has more than 4096 classes; is it a number?",
    ],
  ];
  for (const [act, message] of refused) {
    expect(act).toThrow(EncoderError);
    expect(act).toThrow(message);
  }
});

test("numbers in texts are numbers", () => {
  const target = fitNumber(categories("y", ["1", "2.5", undefined]));
  expect(target).toEqual(fitNumber(numbers("y", [1, 2.5, NaN])));
});

test("a number target widens when many cells are beyond its range, not for outliers", () => {
  const cells = (values: number[]) => ({
    name: "y",
    kind: "number" as const,
    categories: [],
    origin: 0,
    values: Float32Array.from(values),
  });
  const target = fitNumber(cells(Array.from({ length: 100 }, (_, i) => i)));
  const outliers = Array.from({ length: 100 }, (_, i) => (i < 20 ? 1e30 : i));
  expect(widenNumber(target, cells(outliers))).toBe(target);
  expect(widenNumber(target, cells([1000]))).toBe(target);
  expect(widenNumber(target, cells([]))).toBe(target);
  const drifted = widenNumber(target, cells(Array.from({ length: 20 }, (_, i) => 150 + i)));
  expect(drifted.knots[0]).toBe(0);
  expect(drifted.knots.at(-1)).toBeGreaterThan(169);
  expect(drifted.knots).toHaveLength(target.knots.length);
  const huge = widenNumber(target, cells(Array.from({ length: 20 }, () => -3e38)));
  expect(huge.knots.every(Number.isFinite)).toBe(true);
});
