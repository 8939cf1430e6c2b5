import { expect, test } from "vitest";
import { encodeRows } from "../../src/clusters/row-codec.ts";
import type { NetworkEncoders } from "../../src/encoders/network-encoders.ts";
import { emptyFigures } from "../../src/network/network-figures.ts";
import { parseTemplate } from "../../src/network/template/parse-template.ts";

const text = `version: 1 settings: hexagons: 1,1,1 2,1,1 3,1,1 1,3,1 2,3,1
  inputs: row: 1,1,1 1,3,1 (table) outputs: answer: 3,1,1 2,3,1 (class)`;
const template = parseTemplate(text);
const encoders: NetworkEncoders = {
  inputs: { row: { columns: [{ name: "x", kind: "number", missing: false, knots: [0, 1, 2] }] } },
  outputs: { answer: { kind: "class", column: "word", classes: ["a", "b"] } },
};
const limits = { inputValues: 100, outputValues: 100 };

/** Rows with these cells, for a network whose input has learnt so many values. */
function encoded(cells: Record<string, (number | string)[]>, learnt: number) {
  const figures = { ...emptyFigures(template), inputs: [learnt, learnt] };
  const info = { template: text, seed: 1, remembers: false, encoders: "", figures };
  const columns = { rows: 2, cells: new Map(Object.entries(cells)) };
  return encodeRows({ info, template, encoders }, columns, limits, { withTargets: true });
}

test("the positions of an input share its rows, and so do those of an output", async () => {
  const rows = await encoded({ x: [0, 2], word: ["a", "b"] }, 4);
  expect(rows.width).toBe(8);
  const [first, second] = rows.inputs(1, 1);
  expect(first).toMatchObject({ index: 0, width: 4 });
  expect(second!.values).toBe(first!.values);
  expect(rows.expected(0, 2).map(({ index, width }) => [index, width])).toEqual([
    [0, 2],
    [1, 2],
  ]);
  expect(rows.warnings()).toEqual([]);
});

test("a table of which windows were learnt is asked row by row with a warning", async () => {
  const rows = await encoded({ x: [0, 2], word: ["a", "b"] }, 12);
  expect(rows.warnings()).toEqual([
    "input 'row' has learnt windows of 3 rows: each row stands alone here, as the first of a window",
  ]);
});
