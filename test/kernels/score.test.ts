/** How good answers are before a step: the reference with made-up answers, then the CPU's kernels against it. */
import { expect, onTestFinished, test } from "vitest";
import { CLASS_SHARE, RAMP_HIGH, RAMP_LOW } from "../../src/encoders/target-shares.ts";
import { ClassScores } from "../../src/evaluation/class-scores.ts";
import { NumberScores } from "../../src/evaluation/number-scores.ts";
import { ReferenceEngine } from "../../src/kernels/reference/reference-engine.ts";
import { WasmEngine } from "../../src/kernels/wasm/wasm-engine.ts";
import { Network } from "../../src/network/network.ts";
import type { TrainRun } from "../../src/network/run.ts";
import type { NetworkModel } from "../../src/network/network-model.ts";
import { emptyScores, type RunScores } from "../../src/network/run-scores.ts";
import { count } from "../../src/network/state.ts";
import { parseTemplate } from "../../src/network/template/parse-template.ts";
import { expectSameScores } from "./compare.ts";
import { sequence } from "./gpu-networks.ts";
import { networkOf, talliedRows } from "./scored.ts";

/** The neurons of a row, from the values of each output. */
function rowOf(model: NetworkModel, values: readonly (readonly number[])[]): number[] {
  const row = Array<number>(count(model.state, "output")).fill(NaN);
  values.forEach((each, index) => each.forEach((value, k) => (row[model.outputNeurons[index]![k]!] = value)));
  return row;
}

function scoresOf(
  model: NetworkModel,
  rows: readonly { shown: number[][]; expected: number[][]; isMuted?: boolean }[],
): RunScores {
  return talliedRows(model, {
    rows: rows.length,
    shown: Float32Array.from(rows.flatMap(({ shown }) => rowOf(model, shown))),
    expected: Float32Array.from(rows.flatMap(({ expected }) => rowOf(model, expected))),
    muted: Uint8Array.from(rows, ({ isMuted }) => (isMuted ? 1 : 0)),
  });
}

test("plain rows of one 1 among 0s are classes, with the scores of an evaluation", () => {
  const model = networkOf("out: 2,1,1", [3]);
  const rows = [
    { shown: [[0.7, 0.2, 0.1]], expected: [[1, 0, 0]] },
    { shown: [[0.2, 0.3, 0.9]], expected: [[0, 1, 0]] },
    { shown: [[0.5, 0.5, 0.5]], expected: [[1, 0, 0]] },
    { shown: [[1e-9, 1e-9, 1e-9]], expected: [[0, 0, 1]] },
  ];
  const classes = new ClassScores(["0", "1", "2"]);
  for (const { shown, expected } of rows) {
    const sum = shown[0]!.reduce((total, value) => total + value, 0);
    classes.add(
      [expected[0]!.indexOf(1)],
      shown[0]!.map((value) => value / sum),
    );
  }
  const { accuracy, log_loss } = classes.metrics();
  const [out] = scoresOf(model, rows).outputs;
  // The answer to the third row is a tie, which an evaluation counts as its first class.
  expect(out).toMatchObject({ name: "out", rows: 4, odd: 0, hits: 4 * accuracy! - 1 });
  expect(out!.loss / 4).toBeCloseTo(log_loss!, 6);
});

test("other rows are odd, and the sums of values give the error and r2 of an evaluation", () => {
  const model = networkOf("out: 2,1,1", [2]);
  const rows = [
    { shown: [[0.7, 0.2]], expected: [[1, 1]] },
    { shown: [[0.1, 0.4]], expected: [[0.5, 0]] },
    { shown: [[0.1, 0.4]], expected: [[0, 1]] },
  ];
  const numbers = new NumberScores(undefined);
  for (const { shown, expected } of rows) numbers.add(expected[0]!, shown[0]!);
  const { rmse, r2 } = numbers.metrics();
  const [out] = scoresOf(model, rows).outputs;
  expect(out).toMatchObject({ rows: 3, odd: 2 });
  expect(Math.sqrt(out!.squaredErrors / 3)).toBeCloseTo(rmse!, 6);
  const variance = out!.squaredTargets / 3 - (out!.targets / 3) ** 2;
  expect(out!.squaredErrors / 3 / variance).toBeCloseTo(1 - r2!, 6);
});

test("positions of a class are averaged, a narrower one lacks the last class", () => {
  const model = networkOf("kind: 2,1,1 3,1,1 (class)", [3, 2]);
  const other = (1 - CLASS_SHARE) / 2;
  const target = [other, CLASS_SHARE, other];
  const rows = [
    {
      shown: [
        [0.2, 0.4, 0.3],
        [0.6, 0.6],
      ],
      expected: [target, target.slice(0, 2)],
    },
  ];
  const { outputs } = scoresOf(model, rows);
  const shares = [0.4 - other, 0.5 - other, 0.15 - other];
  expect(outputs).toHaveLength(1);
  expect(outputs[0]).toMatchObject({ rows: 1, odd: 0, hits: 1 });
  expect(outputs[0]!.loss).toBeCloseTo(-Math.log(shares[1]! / (shares[0]! + shares[1]! + shares[2]!)), 5);
});

test("a number is scored as a share of its range", () => {
  const model = networkOf("weight: 2,1,1 (number)", [8]);
  const ramps = (share: number) =>
    Array.from({ length: 8 }, (_, j) => RAMP_LOW + (RAMP_HIGH - RAMP_LOW) * Math.min(1, Math.max(0, 8 * share - j)));
  const [out] = scoresOf(model, [{ shown: [ramps(0.75)], expected: [ramps(0.5)] }]).outputs;
  expect(out).toMatchObject({ rows: 1, odd: 0, hits: 0, loss: 0 });
  expect(Math.sqrt(out!.squaredErrors)).toBeCloseTo(0.25, 5);
  expect(out!.targets).toBeCloseTo(0.5, 5);
});

test("muted rows and missing targets do not count", () => {
  const model = networkOf("a: 2,1,1 b: 3,1,1 (bool)", [2, 1]);
  const { outputs } = scoresOf(model, [
    { shown: [[0.99, 0.01], [0.98]], expected: [[1, 0], [1]] },
    { shown: [[0.5, 0.5], [0.7]], expected: [[1, 0], [0]], isMuted: true },
    { shown: [[0.9, 0.2], [0.4]], expected: [[NaN, NaN], [1]] },
    { shown: [[0, 0], [0.98]], expected: [[1, 0], [1]] },
  ]);
  expect(outputs[0]).toMatchObject({ name: "a", rows: 2, hits: 1, odd: 0 });
  expect(outputs[1]).toMatchObject({ name: "b", rows: 3, hits: 2, odd: 0 });
});

test("an empty run, and a network whose outputs have no width yet, change nothing", () => {
  const nothing = emptyScores(networkOf("a: 2,1,1", [0]).template);
  expect(scoresOf(networkOf("a: 2,1,1", [0]), [])).toEqual(nothing);
  expect(scoresOf(networkOf("a: 2,1,1", [0]), [{ shown: [], expected: [] }])).toEqual(nothing);
});

/** Rows of the kinds of targets that tables have, for outputs of these widths. */
function tableRows(kinds: readonly string[], widths: readonly number[], rows: number, seed: number): TrainRun {
  const random = sequence(seed);
  const expected = widths.map((width, index) => {
    const values = new Float32Array(rows * width);
    for (let row = 0; row < rows; row++) {
      const chosen = Math.floor(random() * width);
      const other = (1 - CLASS_SHARE) / Math.max(1, width - 1);
      for (let k = 0; k < width; k++)
        values[row * width + k] = kinds[index] === "class" ? (k === chosen ? CLASS_SHARE : other) : random();
    }
    return { index, width, values };
  });
  const inputs = [{ index: 0, width: 5, values: Float32Array.from({ length: 5 * rows }, random) }];
  return { cycles: rows, timeLength: 1, inputs, expected, batchSize: 33, schedule: 0.8, update: "batch" };
}

test("the CPU's kernels add up what the reference does, also where an output has become wider later", async () => {
  const [single, engine] = [new WasmEngine(), new WasmEngine({ threads: 2 })];
  onTestFinished(() => engine.close());
  const template = parseTemplate(`version: 1 settings: hexagons: 1,1,1 2,1,1 3,1,1 4,1,1 5,1,1 6,1,1 7,1,1
    inputs: in: 1,1,1 outputs: kind: 3,1,1 4,1,1 (class) size: 5,1,1 (number) late: 6,1,1 (class) plain: 7,1,1`);
  const kinds = ["class", "class", "number", "class", "plain"];
  const guide = Network.create(template, 5, engine);
  for (const [nth, widths] of [
    [5, 5, 8, 3, 2],
    [5, 4, 8, 9, 1],
    [70, 70, 8, 9, 2],
  ].entries()) {
    guide.train(tableRows(kinds, widths, 70, nth));
    const state = guide.export();
    const run = tableRows(kinds, widths, 41, 10 + nth);
    const [fast, reference] = [engine, new ReferenceEngine()].map((each) => Network.restore(state, each));
    for (const network of [fast!, reference!]) network.train(run);
    const expected = reference!.takeScores();
    expect(expected.outputs.map(({ rows, odd }) => [rows, odd])).toEqual([
      [41, 0],
      [41, 0],
      [41, 0],
      [41, 41],
    ]);
    expectSameScores(fast!.takeScores(), expected, 1e-3);
    // Rows are shared among threads, which changes no sum.
    const [one, two] = [single, engine].map((each) => Network.restore(state, each));
    for (const network of [one!, two!]) network.train(tableRows(kinds, widths, 600, 20 + nth));
    expect(two!.takeScores()).toEqual(one!.takeScores());
    for (const network of [one!, two!]) network.dispose();
    expect(fast!.takeScores()).toEqual(emptyScores(template));
    fast!.dispose();
  }
});
