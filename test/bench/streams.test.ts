import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { behindEncoders, eachRow, inSteps } from "../../bench/learning/everything/streams/networks.ts";
import { nearestNeighbours, softmaxRegression } from "../../bench/learning/everything/streams/peers.ts";
import { prequential, type Learner } from "../../bench/learning/everything/streams/prequential.ts";
import { hyperplane, shifting, shuffled, smallDigits } from "../../bench/learning/everything/streams/rows.ts";
import { make, slice, type Table } from "../../bench/learning/tables.ts";

const folders: string[] = [];
afterEach(() => folders.splice(0).forEach((folder) => rmSync(folder, { recursive: true })));

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "hanami-streams-"));
  folders.push(folder);
  return folder;
}

const labelsOf = ({ rows, outputs, y }: Table) =>
  Array.from({ length: rows }, (_, row) => y.subarray(row * outputs, (row + 1) * outputs).indexOf(1));

/** Row i has i as its input and the class i mod `classes`. */
const counting = (rows: number, classes: number) =>
  make(rows, 1, classes, (row) => [[row], Array.from({ length: classes }, (_, k) => Number(k === row % classes))]);

test("the drifting plane follows from its seed, and its classes are about equally common", () => {
  const plane = hyperplane(2000, 3);
  expect([plane.rows, plane.inputs, plane.outputs]).toEqual([2000, 10, 2]);
  expect(hyperplane(2000, 3)).toEqual(plane);
  expect(hyperplane(2000, 4).x).not.toEqual(plane.x);
  expect(plane.x.every((value) => value >= 0 && value < 1)).toBe(true);
  const ones = labelsOf(plane).filter((label) => label === 1).length;
  expect(ones / plane.rows).toBeGreaterThan(0.45);
  expect(ones / plane.rows).toBeLessThan(0.55);
});

test("a shuffled table has the same rows in an order of its seed", () => {
  const table = counting(100, 10);
  const mixed = shuffled(table, 1);
  expect(mixed.x).not.toEqual(table.x);
  expect(mixed.x.toSorted()).toEqual(table.x);
  expect(labelsOf(mixed)).toEqual([...mixed.x].map((value) => value % 10));
  expect(shuffled(table, 1)).toEqual(mixed);
  expect(shuffled(table, 2).x).not.toEqual(mixed.x);
});

test("labels shift by one class each time", () => {
  const stream = shifting(counting(5, 3), 4);
  expect(stream.rows).toBe(20);
  expect([...stream.x]).toEqual([0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1, 2, 3, 4]);
  expect(labelsOf(stream)).toEqual([0, 1, 2, 0, 1, 1, 2, 0, 1, 2, 2, 0, 1, 2, 0, 0, 1, 2, 0, 1]);
});

test("small digits are read from their CSV file", () => {
  const folder = newFolder();
  writeFileSync(join(folder, "digits.csv"), "pixel_0_0,pixel_0_1,target\n0.0,16.0,3\n8.0,4.0,9\n");
  const digits = smallDigits(folder, 1);
  expect([digits.rows, digits.inputs, digits.outputs]).toEqual([2, 2, 10]);
  const rows = labelsOf(digits).map((label, row) => [label, ...digits.x.subarray(2 * row, 2 * row + 2)]);
  expect(rows.sort((a, b) => a[0]! - b[0]!)).toEqual([
    [3, 0, 1],
    [9, 0.5, 0.25],
  ]);
});

test("rows are answered before they are learnt, and the last step may be shorter", () => {
  const calls: string[] = [];
  const learner: Learner = {
    step: 4,
    answer({ rows, x, outputs }) {
      calls.push(`answer ${[...x].join(" ")}`);
      return new Float32Array(rows * outputs);
    },
    learn({ x }) {
      calls.push(`learn ${[...x].join(" ")}`);
    },
  };
  // All answers are the first of three classes, which rows 0, 3, 6 and 9 have.
  expect(prequential(counting(10, 3), learner)).toBeCloseTo(40, 10);
  expect(calls).toEqual(["0 1 2 3", "4 5 6 7", "8 9"].flatMap((rows) => [`answer ${rows}`, `learn ${rows}`]));
});

test("a learner that repeats the class of the row before is right where two rows agree", () => {
  let last: ArrayLike<number> = new Float32Array(2);
  const learner: Learner = { step: 1, answer: () => last, learn: ({ y }) => void (last = y) };
  const classes = [0, 0, 1, 1, 1];
  const stream = make(5, 1, 2, (row) => [[row], [1 - classes[row]!, classes[row]!]]);
  expect(prequential(stream, learner)).toBe(80);
});

const clouds = (rows: number) =>
  shuffled(
    make(rows, 2, 2, (row) => [
      [row % 2 === 0 ? 0.2 : 0.8, (row % 7) / 7],
      [1 - (row % 2), row % 2],
    ]),
    1,
  );

test.each([
  ["logistic regression", softmaxRegression],
  ["nearest neighbours", nearestNeighbours],
])("%s learns two clouds", (_, create) => {
  const stream = clouds(1200);
  expect(prequential(stream, create(stream))).toBeGreaterThan(95);
});

test("nearest neighbours forget all but the last 1000 rows", () => {
  const stream = counting(1, 2);
  const other = make(1, 1, 2, () => [[0], [0, 1]]);
  const learner = nearestNeighbours(stream);
  learner.learn(stream);
  expect(learner.answer(other)[0]).toBeGreaterThan(1);
  for (let i = 0; i < 1000; i++) learner.learn(other);
  expect(learner.answer(other)[0]).toBe(0);
});

test.each([
  ["row by row", eachRow],
  ["in steps", inSteps],
  ["behind encoders", behindEncoders],
])("a network learns two clouds %s", (_, create) => {
  const stream = clouds(400);
  const learner = create(1, stream);
  expect(prequential(stream, learner)).toBeGreaterThan(75);
  learner.dispose();
});

test("behind encoders, classes that appear later are added", () => {
  const stream = make(400, 1, 3, (row) => {
    const kind = row < 100 ? row % 2 : row % 3;
    return [[kind / 2], [0, 1, 2].map((k) => Number(k === kind))];
  });
  const learner = behindEncoders(1, stream);
  prequential(stream, learner);
  const last = slice(stream, 101, 1);
  const shown = [...(learner.answer(last) as Float32Array)];
  expect(shown.indexOf(Math.max(...shown))).toBe(2);
  learner.dispose();
});
