import { expect, test } from "vitest";
import { OFFSETS_MAX, OffsetFit, subtractOffsets } from "../../src/encoders/offsets.ts";

/** The offsets of rows, which come in blocks. */
function fitted(...blocks: number[][][]): number[] | undefined {
  const fit = new OffsetFit(blocks[0]![0]!.length);
  for (const block of blocks) fit.add(Float32Array.from(block.flat()));
  return fit.offsets();
}

test("values that are far from 0 get an offset a quarter of their range below them, all others 0", () => {
  const rows = [
    [1000, 0, 5, 7, 10],
    [1004, 1, 8, 7, 19.5],
    [1002, 2, 10, 7, 12],
  ];
  expect(fitted(rows)).toEqual([999, 0, 0, 0, 7.625]);
  expect(fitted(...rows.map((row) => [row]))).toEqual([999, 0, 0, 0, 7.625]);
});

test.each([
  ["0", 0],
  ["a negative value", -1],
  ["infinity", Infinity],
  ["negative infinity", -Infinity],
  ["NaN", NaN],
  ["twice the least value", 2000],
])("a column with %s has no offset, wherever it is", (_, strange) => {
  const usual = [[1000], [1001]];
  expect(fitted([...usual, ...usual])).toEqual([999.75]);
  expect(fitted([...usual, [strange]], usual)).toBeUndefined();
  expect(fitted([[strange]], usual)).toBeUndefined();
  const fit = new OffsetFit(1);
  fit.add(Float32Array.of(1000, strange, 1001));
  expect(fit.isOver).toBe(true);
});

test("bytes have offsets, too; constants, no rows and very wide inputs have none", () => {
  const bytes = new OffsetFit(1);
  bytes.add(Uint8Array.of(200, 204));
  expect(bytes.offsets()).toEqual([199]);
  expect(fitted([[7], [7]])).toBeUndefined();
  expect(new OffsetFit(3).offsets()).toBeUndefined();
  expect(new OffsetFit(OFFSETS_MAX + 1).isOver).toBe(true);
});

test("offsets are subtracted from each row of a window, and from the first columns of a narrow row", () => {
  const of = (width: number, ...values: number[]) => {
    const shifted = Float32Array.from(values);
    subtractOffsets(shifted, width, [1000, 0.5]);
    return [...shifted];
  };
  expect(of(2, 1001, 1, 999, 2)).toEqual([1, 0.5, -1, 1.5]);
  expect(of(4, 1001, 1, 1002, 2)).toEqual([1, 0.5, 2, 1.5]);
  expect(of(3, 1001, 1, 1002, 1003, 3, 1004)).toEqual([1, 0.5, 2, 3, 2.5, 4]);
  expect(of(1, 1001, 1002)).toEqual([1, 2]);
  expect(of(0)).toEqual([]);
});

test("the difference is rounded once, to a float", () => {
  const shifted = Float32Array.of(1000.125);
  subtractOffsets(shifted, 1, [999.1]);
  expect(shifted[0]).toBe(Math.fround(1000.125 - 999.1));
});
