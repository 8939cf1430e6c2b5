/** The tables that evaluate the learning rule. All but the digits are generated here, from fixed seeds. */
import { pcg } from "../../src/network/random.ts";
import { CLASSES, readMnist, type MnistPart } from "../harness/digits.ts";

export interface Table {
  rows: number;
  /** [rows + timeLength - 1][inputs] */
  x: Float32Array;
  inputs: number;
  /** [rows][outputs] */
  y: Float32Array;
  outputs: number;
  /** Number of these columns for each output of the network; by default all belong to the first. */
  split?: number[];
  /** Rows per cycle; 1 by default. */
  timeLength?: number;
}

/** Data to train on, and data to measure the result with. */
export interface Problem {
  train: Table;
  test: Table;
  /** Percent of rows whose largest output is right, or the root mean square error of all outputs. */
  measure: "percent" | "rms";
}

/** Digits `first` up to `end` of MNIST, or pictures of another folder; `map` changes pixels, 0..255. */
export function digits(
  part: MnistPart,
  first: number,
  end: number,
  map = (pixel: number) => pixel,
  folder?: string,
): Table {
  const found = readMnist(part, first, end, folder);
  if (found === undefined) {
    throw new Error(
      folder === undefined
        ? "Set HANAMI_MNIST_DIR to the folder of MNIST's four files."
        : `${folder} has no files as MNIST's`,
    );
  }
  const { count, width, pixels, labels } = found;
  return {
    rows: count,
    x: Float32Array.from(pixels, map),
    inputs: width,
    y: Float32Array.from(labels),
    outputs: CLASSES,
  };
}

/** The split for choosing settings: the last 10 000 of the 60 000 training images are never trained on. */
export const validationSplit = (rows = 50_000, folder?: string): Problem => ({
  train: digits("train", 0, rows, undefined, folder),
  test: digits("train", 50_000, 60_000, undefined, folder),
  measure: "percent",
});

/** The split for final numbers. */
export const testSplit = (rows = 60_000, folder?: string): Problem => ({
  train: digits("train", 0, rows, undefined, folder),
  test: digits("t10k", 0, 10_000, undefined, folder),
  measure: "percent",
});

/** The listed rows of a table, in that order. */
export function pick(table: Table, rows: readonly number[]): Table {
  const take = (values: Float32Array, width: number) => {
    const taken = new Float32Array(rows.length * width);
    rows.forEach((row, i) => taken.set(values.subarray(row * width, (row + 1) * width), i * width));
    return taken;
  };
  return { ...table, rows: rows.length, x: take(table.x, table.inputs), y: take(table.y, table.outputs) };
}

/** `count` rows of a table from row `first` on. */
export const slice = (table: Table, first: number, count: number): Table =>
  pick(
    table,
    Array.from({ length: count }, (_, i) => first + i),
  );

/** A source of numbers in 0..1. */
export function uniform(seed: number): () => number {
  let state = pcg(seed);
  return () => (state = pcg(state)) / 2 ** 32;
}

/** A table of generated rows: `row` gives the inputs and the expected outputs of one, in order. */
export function make(
  rows: number,
  inputs: number,
  outputs: number,
  row: (index: number) => [number[], number[]],
): Table {
  const table = { rows, x: new Float32Array(rows * inputs), inputs, y: new Float32Array(rows * outputs), outputs };
  for (let i = 0; i < rows; i++) {
    const [x, y] = row(i);
    table.x.set(x, i * inputs);
    table.y.set(y, i * outputs);
  }
  return table;
}

export function xor(): Problem {
  const table = make(4, 2, 1, (i) => [[i & 1, i >> 1], [(i & 1) ^ (i >> 1)]]);
  return { train: table, test: table, measure: "rms" };
}

/** Two spirals of one and a half turns, with alternating classes. */
export function spirals(rows: number): Problem {
  const table = (count: number, seed: number) => {
    const random = uniform(seed);
    return make(count, 2, 2, (i) => {
      const radius = 0.05 + 0.95 * random();
      const angle = 3 * Math.PI * radius + (i & 1) * Math.PI;
      const at = (side: number) => 100 * (1.1 + radius * side + 0.02 * (random() - 0.5));
      return [
        [at(Math.cos(angle)), at(Math.sin(angle))],
        [1 - (i & 1), i & 1],
      ];
    });
  };
  return { train: table(rows, 77), test: table(1000, 78), measure: "percent" };
}

/** Two waves over two inputs. */
export function sine(rows: number): Problem {
  const table = (count: number, seed: number) => {
    const random = uniform(seed);
    return make(count, 2, 2, () => {
      const [a, b] = [random(), random()];
      const wave = 0.5 + 0.25 * Math.sin(2 * Math.PI * a) + 0.25 * a * Math.cos(2 * Math.PI * b);
      return [
        [100 * a, 100 * b],
        [wave, 0.5 + 0.4 * Math.sin(2 * Math.PI * (a + b))],
      ];
    });
  };
  return { train: table(rows, 81), test: table(1000, 82), measure: "rms" };
}

/** A noisy wave; `timeLength` consecutive values predict the next one. */
export function series(rows: number, timeLength = 20): Problem {
  const table = (count: number, seed: number): Table => {
    const random = uniform(seed);
    const noisy = Array.from({ length: count + timeLength }, (_, t) => {
      const wave = 0.5 + 0.25 * Math.sin(t / 5) + 0.15 * Math.sin(t / 17);
      return wave + 0.05 * (random() - 0.5);
    });
    return {
      rows: count,
      x: Float32Array.from(noisy, (value) => 100 * value),
      inputs: 1,
      y: Float32Array.from({ length: count }, (_, c) => noisy[c + timeLength]!),
      outputs: 1,
      timeLength,
    };
  };
  return { train: table(rows, 91), test: table(500, 92), measure: "rms" };
}

/** Three overlapping classes of four measurements each, like the iris flowers. */
export function flowers(rows: number): Problem {
  const centres = [
    [5, 3.4, 1.5, 0.3],
    [5.9, 2.8, 4.3, 1.3],
    [6.6, 3, 5.5, 2],
  ];
  const table = (count: number, seed: number) => {
    const random = uniform(seed);
    return make(count, 4, 3, (i) => {
      const kind = i % 3;
      const spread = () => (random() + random() + random() + random() - 2) * 0.6;
      return [centres[kind]!.map((value) => value + spread()), [0, 1, 2].map((k) => (k === kind ? 1 : 0))];
    });
  };
  return { train: table(rows, 101), test: table(600, 102), measure: "percent" };
}

/** All pairs of numbers 1 to 10: whether the first is larger, their product, half of their difference. */
export function numbers(): Problem {
  const table = make(100, 2, 3, (i) => {
    const [a, b] = [1 + (i % 10), 1 + Math.floor(i / 10)];
    return [
      [a, b],
      [a > b ? 1 : 0, a * b, (a - b) / 2],
    ];
  });
  return { train: table, test: table, measure: "percent" };
}
