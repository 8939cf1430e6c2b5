/** The next value of a series from a window of the last ones, given as they are; the first four fifths are learnt. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { autoEpochs } from "../../../src/encoders/default-template.ts";
import { defaultBatchSize } from "../../../src/network/batch-size.ts";
import { leastSquares, times, withOnes, type Matrix } from "../../tables/linear-solver.ts";
import { readCsv } from "../../tables/read-csv.ts";
import { trials, windows } from "../runs.ts";
import { series as wave, slice, type Table } from "../tables.ts";
import { folderOf } from "./data.ts";
import { seedsOf, type Measure, type Part } from "./measures.ts";

interface Series {
  name: string;
  values: ArrayLike<number>;
  /** How many values predict the next one. */
  window: number;
  /** After how many values it resembles itself. */
  period: number;
}

const TRAIN_SHARE = 0.8;
/** What the least and the largest learnt value are taught as. */
const [LOW, HIGH] = [0.1, 0.9];
const WINDOW = 12;

const FILES = [
  { name: "airpassengers", window: 24, period: 12 },
  { name: "nottem", window: 24, period: 12 },
  { name: "sunspot_year", window: WINDOW, period: 11 },
];

export const series: Part = {
  name: "series",
  *measure(sizes) {
    const seeds = seedsOf(sizes).length;
    const folder = folderOf("HANAMI_TABLES_DIR");
    for (const { name, ...shape } of folder === undefined ? [] : FILES) {
      const columns = readCsv(readFileSync(join(folder!, `${name}.csv`), "utf8"));
      const { values } = columns.find((column) => column.name === "y")!;
      yield learn({ name, values, ...shape }, seeds);
    }
    // Its longer wave has a length of 107, the shorter one of 31.
    yield learn(
      { name: "generated waves, times 100", values: wave(2000, WINDOW).train.x, window: WINDOW, period: 31 },
      seeds,
    );
  },
};

function learn({ name, values, window, period }: Series, seeds: number): Measure {
  const rows = values.length - window;
  const learnt = Math.floor(TRAIN_SHARE * rows);
  const targets = Float32Array.from({ length: rows }, (_, row) => values[row + window]!);
  const known = targets.slice(0, learnt);
  const [least, largest] = [Math.min(...known), Math.max(...known)];
  const scale = (HIGH - LOW) / (largest - least);
  const all: Table = windows({
    rows,
    x: Float32Array.from(values),
    inputs: 1,
    y: targets.map((value) => LOW + scale * (value - least)),
    outputs: 1,
    timeLength: window,
  });
  const [train, test] = [slice(all, 0, learnt), slice(all, learnt, rows - learnt)];
  const { epochs } = autoEpochs({ rows: learnt, isClass: false });
  const step = defaultBatchSize(learnt * epochs);
  const { each } = trials(seeds, { train, test, measure: "rms" }, step, { epochs });
  const error = (predict: (row: number) => number) => rms(test.rows, (i) => predict(learnt + i) - targets[learnt + i]!);
  const regression = autoregression(train, known, test);
  return {
    name,
    unit: "error",
    on: "last fifth",
    values: each.map(({ score }) => score / scale),
    peers: {
      "last value": error((row) => values[row + window - 1]!),
      "a period ago": error((row) => values[row + window - period]!),
      autoregression: error((row) => regression[row - learnt]!),
    },
  };
}

/** Predicts the rows of `test` with the weights of the same window that suit those of `train` best. */
function autoregression(train: Table, targets: ArrayLike<number>, test: Table): Float64Array {
  const design = ({ rows, inputs, x }: Table): Matrix =>
    withOnes({ rows, width: inputs, values: Float64Array.from(x) });
  return times(design(test), leastSquares(design(train), targets));
}

function rms(count: number, difference: (index: number) => number): number {
  let squares = 0;
  for (let i = 0; i < count; i++) squares += difference(i) ** 2;
  return Math.sqrt(squares / count);
}
