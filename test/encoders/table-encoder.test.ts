import { expect, test } from "vitest";
import type { Cells } from "../../src/encoders/cells.ts";
import { EncoderError } from "../../src/encoders/encoder-error.ts";
import { bindTable, fitColumn, widthOf, type TableEncoder } from "../../src/encoders/table-encoder.ts";
import { categories, numbers, times } from "./columns.ts";

/** The channels of each row of columns, by an encoder. */
function encode(encoder: TableEncoder, columns: (Cells | undefined)[], rows = columns[0]!.values.length): number[][] {
  const width = widthOf(encoder);
  const target = new Float32Array(rows * width).fill(7);
  bindTable(encoder, columns).encode(
    columns.map((cells) => cells?.values),
    rows,
    target,
  );
  return Array.from({ length: rows }, (_, row) => [...target.subarray(row * width, (row + 1) * width)]);
}

const encoderOf = (...columns: Cells[]): TableEncoder => ({ columns: columns.map(fitColumn) });

test("a number has its position, the rest to 1, and ramps between quantiles", () => {
  const column = numbers("x", [0, 1, 4]);
  expect(encode(encoderOf(column), [numbers("x", [-5, 0, 2.5, 4, 9])])).toEqual([
    [0, 1, 0, 0],
    [0, 1, 0, 0],
    [0.625, 0.375, 1, 0.5],
    [1, 0, 1, 1],
    [1, 0, 1, 1],
  ]);
});

test.each([
  [1, 0],
  [2, 2],
  [8, 9],
  [9, 10],
  [10, 10],
  [1000, 10],
])("%i distinct numbers have %i channels", (count, channels) => {
  const column = numbers(
    "x",
    Array.from({ length: count }, (_, i) => i * i),
  );
  const encoder = encoderOf(column);
  expect(widthOf(encoder)).toBe(channels);
  for (const row of encode(encoder, [column])) for (const value of row) expect(value >= 0 && value <= 1).toBe(true);
});

test("a column without rows, without values or with one value has no channels", () => {
  for (const column of [numbers("x", []), numbers("x", [NaN, NaN]), numbers("x", [3, 3]), categories("x", ["a", "a"])])
    expect(encode(encoderOf(column), [column])).toEqual(Array.from(column.values, () => []));
});

test("missing cells have a channel if the fitted rows missed some; nothing else means missing", () => {
  const encoder = encoderOf(numbers("x", [0, NaN, 1]), numbers("y", [0, 0.5, 1]));
  const rows = encode(encoder, [numbers("x", [NaN, 0, Infinity]), numbers("y", [NaN, -Infinity, 3e38])]);
  expect(rows).toEqual([
    [0, 0, 1, 0, 0, 0, 0],
    [0, 1, 0, 0, 1, 0, 0],
    [1, 0, 0, 1, 0, 1, 1],
  ]);
  // A constant that is sometimes missing says only that.
  expect(encode(encoderOf(numbers("x", [5, NaN])), [numbers("x", [5, NaN, 6])])).toEqual([[0], [1], [0]]);
});

test("a larger unit or another origin of a column changes nothing", () => {
  const values = Array.from({ length: 500 }, (_, i) => Math.fround(Math.sin(i) ** 3));
  const plain = encode(encoderOf(numbers("x", values)), [numbers("x", values)]);
  for (const [scale, shift] of [
    [2 ** 80, 0],
    [2 ** -80, 0],
    [0.37, 0],
    [3, 2],
  ] as const) {
    const changed = numbers(
      "x",
      values.map((value) => scale * value + shift),
    );
    encode(encoderOf(changed), [changed]).forEach((row, i) =>
      row.forEach((value, k) => expect(Math.abs(value - plain[i]![k]!)).toBeLessThan(2e-3)),
    );
  }
});

test("ramps stay where most values are, whatever an outlier is", () => {
  const values = Array.from({ length: 999 }, (_, i) => i / 999);
  const encoder = encoderOf(numbers("x", [...values, 3.4e38]));
  const [low, high] = encode(encoder, [numbers("x", [0.2, 0.8])]);
  const ramps = (row: number[]) => row.slice(2).reduce((sum, each) => sum + each, 0);
  expect(ramps(high!) - ramps(low!)).toBeCloseTo(4.8, 1);
});

test.each([
  ["the largest numbers", [-3.4e38, -1e38, 1e38, 3.4e38]],
  ["the smallest numbers", [1.4e-45, 2.8e-45, 4.2e-45, 1e-44]],
])("%s are coded like others", (_, values) => {
  const column = numbers("x", values);
  const rows = encode(encoderOf(column), [column]);
  expect(rows[0]).toEqual([0, 1, 0, 0, 0]);
  expect(rows[3]).toEqual([1, 0, 1, 1, 1]);
  expect(rows[1]!.slice(2)).toEqual([1, 0, 0]);
});

test("categories have a channel each, the commonest first; unknown ones are silent and counted", () => {
  const encoder = encoderOf(categories("c", ["a", "b", "b", undefined]));
  const later = categories("c", ["x", "a", undefined, "b", "x"]);
  const bound = bindTable(encoder, [later]);
  const target = new Float32Array(15);
  bound.encode([later.values], 5, target);
  expect([...target]).toEqual([0, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]);
  bound.encode([later.values], 1, target);
  expect([...bound.unknown]).toEqual([["c", 3]]);
});

test.each([49, 50, 51])("of %i categories, at most 50 have channels", (count) => {
  const column = categories(
    "c",
    Array.from({ length: count }, (_, i) => `k${i}`),
  );
  const encoder = encoderOf(column);
  expect(widthOf(encoder)).toBe(Math.min(50, count));
  const later = categories("c", ["new"]);
  const bound = bindTable(encoder, [later]);
  bound.encode([later.values], 1, new Float32Array(50));
  expect(bound.unknown.get("c")).toBe(count > 50 ? undefined : 1);
});

test("columns of a new file may come in another order, with other codes, or not at all", () => {
  const encoder = encoderOf(categories("c", ["a", "b"]), numbers("x", [0, 1]));
  const later = { name: "c", kind: "category", origin: 0, categories: ["b", "a"] } as const;
  expect(encode(encoder, [{ ...later, values: Float32Array.of(0, 1) }, undefined])).toEqual([
    [0, 1, 0, 0],
    [1, 0, 0, 0],
  ]);
});

test("times have the parts that vary", () => {
  const days = times("t", ["2024-01-31T00:00:00Z", "2024-02-29T00:00:00Z", "2024-03-01T00:00:00Z"]);
  const { columns } = encoderOf(days);
  expect(columns[0]).toMatchObject({
    parts: [
      { part: "position" },
      { part: "month", knots: [1, 2, 3] },
      // Wednesday, Thursday, Friday
      { part: "weekday", knots: [2, 3, 4] },
    ],
  });
  const years = times("t", ["1899-12-31T23:00:00Z", "1970-01-01T01:00:00Z", "2100-12-31T22:00:00Z"]);
  expect(encoderOf(years).columns[0]).toMatchObject({
    parts: [
      { part: "position" },
      { part: "year", knots: [1899, 1970, 2100] },
      { part: "month", knots: [1, 12] },
      { part: "weekday", knots: [3, 4, 6] },
      { part: "hour", knots: [1, 22, 23] },
    ],
  });
  expect(encode({ columns }, [times("t", ["2024-02-29T00:00:00Z"])])[0]!.slice(4, 8)).toEqual([0.5, 0.5, 1, 0]);
});

test("a column of another kind is refused by name", () => {
  const column = {
    number: numbers("age", [1, 2]),
    category: categories("age", ["a", "b"]),
    time: times("age", ["2024-01-01", "2024-02-01"]),
  };
  for (const learnt of ["number", "category", "time"] as const)
    for (const found of ["number", "category", "time"] as const) {
      const bind = () => bindTable(encoderOf(column[learnt]), [column[found]]);
      if (learnt === found) bind();
      else {
        expect(bind).toThrow(EncoderError);
        expect(bind).toThrow("Column 'age' was learnt as");
      }
    }
});

test("texts that spell numbers stand for numbers, and the other way round", () => {
  const asNumbers = numbers("n", [0.1, 3, 0.1, NaN]);
  const asTexts = categories("n", ["0.1", "3.0", "0.1", undefined]);
  for (const encoder of [encoderOf(asNumbers), encoderOf(asTexts)])
    expect(encode(encoder, [asTexts])).toEqual(encode(encoder, [asNumbers]));
});

test("a column that had no value fits any kind", () => {
  const encoder = encoderOf(numbers("x", [NaN]));
  for (const later of [numbers("x", [1]), categories("x", ["a"]), times("x", ["2024-01-01"])])
    expect(encode(encoder, [later])).toEqual([[]]);
});
