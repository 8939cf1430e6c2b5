import { expect, test } from "vitest";
import type { SliceColumns } from "../../src/hosts/host.ts";
import { sliceSteps, type Step } from "../../src/hosts/slice-steps.ts";

const bytes = (...values: number[]): SliceColumns["rows"] => new Uint8Array(values);
const floats = (...values: number[]): SliceColumns["rows"] => new Float32Array(values);

/** The values of a step are only valid until the next one. */
const copy = ({ firstCycle, count, inputs, expected }: Step) => ({
  firstCycle,
  count,
  inputs: inputs.map(({ values, width }) => ({ width, values: [...values] })),
  expected: expected.map(({ values, width }) => ({ width, values: [...values] })),
});

test("rows are cut into steps of which only the last is shorter, and bytes become floats", () => {
  const slice = {
    cycles: 5,
    timeLength: 1,
    inputs: [{ index: 0, width: 2, rows: bytes(0, 255, 2, 3, 4, 5, 6, 7, 8, 9) }],
    expected: [{ index: 0, width: 1, rows: floats(0, 0.1, 0.2, 0.3, 0.4) }],
  };
  const steps = [...sliceSteps(slice, 2)].length;
  expect(steps).toBe(3);
  const [first, , last] = Array.from(sliceSteps(slice, 2), copy);
  expect(first?.inputs).toEqual([{ width: 2, values: [0, 255, 2, 3] }]);
  expect(last).toEqual({
    firstCycle: 4,
    count: 1,
    inputs: [{ width: 2, values: [8, 9] }],
    expected: [{ width: 1, values: [...new Float32Array([0.4])] }],
  });
});

test.each([
  ["bytes", bytes(1, 2, 3, 4, 5, 6)],
  ["floats", floats(1, 2, 3, 4, 5, 6)],
])("a window is the concatenation of its rows, oldest first, and expects its oldest row (%s)", (_, rows) => {
  const slice = {
    cycles: 2,
    timeLength: 2,
    inputs: [{ index: 0, width: 2, rows }],
    expected: [{ index: 0, width: 1, rows: bytes(7, 8) }],
  };
  const [step] = Array.from(sliceSteps(slice, 128), copy);
  expect(step?.inputs).toEqual([{ width: 4, values: [1, 2, 3, 4, 3, 4, 5, 6] }]);
  expect(step?.expected).toEqual([{ width: 1, values: [7, 8] }]);
});

test("missing rows are refused before anything is computed", () => {
  const slice = { cycles: 2, timeLength: 2, inputs: [{ index: 0, width: 2, rows: bytes(1, 2, 3, 4) }] };
  expect(() => [...sliceSteps(slice, 8)]).toThrow("4 values where 6 are needed");
});
