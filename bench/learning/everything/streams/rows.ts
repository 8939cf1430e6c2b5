/** The streams: tables in the order in which their rows come, with inputs of 0 to 1. The same seed gives the same. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readCsv } from "../../../tables/read-csv.ts";
import { digits, make, pick, uniform, type Table } from "../../tables.ts";

const CLASSES = 10;

/** The digits of a folder's digits.csv, 8×8 pixels of 0 to 16, in a random order. */
export function smallDigits(folder: string, seed: number): Table {
  const columns = readCsv(readFileSync(join(folder, "digits.csv"), "utf8"));
  const target = columns.find(({ name }) => name === "target")!;
  const pixels = columns.filter((column) => column !== target);
  const rows = target.values.length;
  const table = make(rows, pixels.length, CLASSES, (row) => [
    pixels.map(({ values }) => values[row]! / 16),
    oneHot(target.values[row]!),
  ]);
  return shuffled(table, seed);
}

const oneHot = (index: number) => Array.from({ length: CLASSES }, (_, k) => Number(k === index));

export function shuffled(table: Table, seed: number): Table {
  const random = uniform(seed);
  const order = Array.from({ length: table.rows }, (_, row) => row);
  for (let last = order.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [order[last], order[other]] = [order[other]!, order[last]!];
  }
  return pick(table, order);
}

/** The same rows `times` times, with each class called the next one each time. */
export function shifting(table: Table, times: number): Table {
  const { rows, outputs } = table;
  const repeated = pick(
    table,
    Array.from({ length: times * rows }, (_, row) => row % rows),
  );
  const y = Float32Array.from(repeated.y, (_, i) => {
    const [row, k] = [Math.floor(i / outputs), i % outputs];
    const shift = Math.floor(row / rows) % outputs;
    return repeated.y[row * outputs + ((k - shift + outputs) % outputs)]!;
  });
  return { ...repeated, y };
}

const PLANE_INPUTS = 10;
const PLANE_DRIFT = 0.001;
const PLANE_FLIP = 0.1;

/**
 * On which side of a plane a point lies. The plane moves with each row; each of its weights turns round with a chance
 * of one in ten, as in the generators of stream libraries.
 */
export function hyperplane(rows: number, seed: number): Table {
  const random = uniform(seed);
  const weights = Array.from({ length: PLANE_INPUTS }, random);
  const directions = weights.map((): number => (random() < 0.5 ? -1 : 1));
  return make(rows, PLANE_INPUTS, 2, (row) => {
    if (row > 0) directions.forEach((direction, i) => (directions[i] = random() < PLANE_FLIP ? -direction : direction));
    const x = weights.map(() => random());
    const side = weights.reduce((sum, weight, i) => sum + weight * (x[i]! - 0.5), 0);
    const isAbove = side > 0;
    weights.forEach((weight, i) => (weights[i] = weight + PLANE_DRIFT * directions[i]!));
    return [x, [Number(!isAbove), Number(isAbove)]];
  });
}

/** Digits, then as many pieces of clothing with the same ten outputs; each seed takes others of the training rows. */
export function twoKindsOfPictures(fashion: string, count: number, seed: number): Table {
  const first = ((seed - 1) * count) % 50_000;
  const [mnist, clothes] = [undefined, fashion].map((folder) =>
    digits("train", first, first + count, (pixel) => pixel / 255, folder),
  );
  return joined(mnist!, clothes!);
}

function joined(a: Table, b: Table): Table {
  const concat = (left: Float32Array, right: Float32Array) => {
    const all = new Float32Array(left.length + right.length);
    all.set(left);
    all.set(right, left.length);
    return all;
  };
  return { ...a, rows: a.rows + b.rows, x: concat(a.x, b.x), y: concat(a.y, b.y) };
}
