import { expect, test } from "vitest";
import { HostError } from "../../src/hosts/host-errors.ts";
import { sliceColumns } from "../../src/hosts/slice-columns.ts";

test("a window is the concatenation of its rows, and the next one begins a row later", () => {
  const rows = new Uint8Array([1, 2, 3, 4, 5, 6]);
  expect(sliceColumns([{ index: 3, width: 2, rows }], 2, 2)).toEqual([{ index: 3, values: rows, width: 4, stride: 2 }]);
});

test("exactly the rows of the cycles suffice, one less does not", () => {
  const columns = (length: number) => [{ index: 0, width: 2, rows: new Float32Array(length) }];
  expect(() => sliceColumns(columns(6), 2, 2)).not.toThrow();
  expect(() => sliceColumns(columns(5), 2, 2)).toThrow(new HostError("input", "5 values where 6 are needed"));
  expect(() => sliceColumns(columns(0), 0, 2)).not.toThrow();
});
