/** Plain inputs whose values lie far from 0: the network sees them less an offset, wherever they come from. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { createCluster } from "../../src/clusters/create-cluster.ts";
import { openDirectIo } from "../../src/clusters/direct-io.ts";
import { learnRows } from "../../src/clusters/learn-rows.ts";
import { predictRows } from "../../src/clusters/predict-rows.ts";
import { setMode } from "../../src/clusters/set-mode.ts";
import { switchHost } from "../../src/clusters/switch-host.ts";
import { openDatasetFile } from "../../src/datasets/file/reader.ts";
import { datasetPath } from "../../src/files/storage.ts";
import { createEvaluateTask } from "../../src/tasks/create-evaluate-task.ts";
import { createRequestTask } from "../../src/tasks/create-request-task.ts";
import { createRestoreTask } from "../../src/tasks/create-restore-task.ts";
import { createSaveTask } from "../../src/tasks/create-save-task.ts";
import { createTrainTask } from "../../src/tasks/create-train-task.ts";
import { type Cell, type GeneratedGroup, makeDataset, stateOf } from "../support/compute.ts";
import { openRig, over, type Rig } from "../support/compute-rig.ts";
import { createRandom } from "../support/random.ts";
import { base64, createTestApp, type TestApp } from "../support/test-app.ts";

let app: TestApp;
beforeAll(async () => {
  app = await createTestApp();
});
afterAll(() => app.close());

const template = `version: 1 settings: hexagons: 1,1,1 2,1,1 3,1,1 inputs: x: 1,1,1 outputs: y: 3,1,1`;

let names = 0;
const newCluster = async (rig: Rig, text = template) =>
  (await createCluster(rig.context, { name: `cluster ${++names}`, template: base64(text), seed: 5 })).uuid;

interface Bound {
  inputs?: readonly string[];
  time_length?: number;
  epochs?: number;
}

const bindings = (dataset_uuid: string, inputs: readonly string[]) =>
  inputs.map((name) => ({ hexagon_name: name, dataset_uuid, dataset_column: name }));

const createTraining = (rig: Rig, cluster_uuid: string, dataset: string, bound: Bound = {}) => {
  const { inputs = ["x"], time_length = 1, epochs = 5 } = bound;
  return createTrainTask(rig.context, {
    name: "train it",
    cluster_uuid,
    inputs: bindings(dataset, inputs),
    outputs: [{ hexagon_name: "y", dataset_uuid: dataset, dataset_column: "y" }],
    time_length,
    epochs,
  });
};

/** Trains and resolves to the warnings. */
async function train(rig: Rig, cluster: string, dataset: string, bound: Bound = {}): Promise<string[]> {
  const ended = await over(rig, await createTraining(rig, cluster, dataset, bound));
  expect(ended).toMatchObject({ state: "finished", error_message: null });
  return ended.warnings;
}

async function ask(rig: Rig, cluster_uuid: string, dataset: string, time_length = 1): Promise<number[]> {
  const task = await createRequestTask(rig.context, {
    name: "ask it",
    cluster_uuid,
    inputs: bindings(dataset, ["x"]),
    results: [{ hexagon_name: "y", dataset_column: "answer" }],
    time_length,
  });
  expect(await over(rig, task)).toMatchObject({ state: "finished", error_message: null });
  const reader = await openDatasetFile(datasetPath(app.app.storage, task.uuid));
  const values = await reader.readGroup("answer", 0, reader.rowCount);
  await reader.close();
  return [...values];
}

const encodersOf = (rig: Rig, cluster: string) =>
  rig.context.app.scheduler.exclusive(cluster, async (network) => (await network.ready()).info.encoders);

const make = (rows: number, groups: readonly [name: string, width: number, cell: Cell][], type?: "uint8") =>
  makeDataset(app.app, {
    rows,
    groups: groups.map(([name, width, cell]): GeneratedGroup => ({ name, width, cell })),
    type: type ?? "float32",
  });

const ROWS = 1000;
/** From 0 to 1; the first two rows are both ends. */
const random = createRandom(7);
const xs = Array.from({ length: ROWS }, (_, row) => (row < 2 ? row : random.next()));
const sine = (x: number) => 0.5 + 0.45 * Math.sin(2 * Math.PI * x);
const makeSine = (offset: number) =>
  make(ROWS, [
    ["x", 1, (row) => xs[row]! + offset],
    ["y", 1, (row) => sine(xs[row]!)],
  ]);

const rms = (answers: readonly number[]) =>
  Math.sqrt(answers.reduce((sum, answer, row) => sum + (answer - sine(xs[row]!)) ** 2, 0) / ROWS);

test("a sine of x + 1000 is learnt as one of x; direct IO, rows of JSON and a restored cluster agree", async () => {
  const rig = await openRig(app);
  const [near, far] = [await newCluster(rig), await newCluster(rig)];
  expect(await train(rig, near, await makeSine(0))).toEqual([]);
  const dataset = await makeSine(1000);
  expect(await train(rig, far, dataset)).toEqual([
    "input 'x' is far above 0, so the network sees it less 999.75, in later rows, too",
  ]);
  expect(await encodersOf(rig, near)).toBe("");
  expect(JSON.parse(await encodersOf(rig, far))).toEqual({ inputs: {}, outputs: {}, offsets: { x: [999.75] } });
  const answers = await ask(rig, far, dataset);
  expect(rms(answers)).toBeLessThan(0.02);
  expect(rms(answers)).toBeLessThan(2 * rms(await ask(rig, near, await makeSine(0))) + 0.003);

  const evaluation = await createEvaluateTask(rig.context, {
    name: "measure it",
    cluster_uuid: far,
    inputs: bindings(dataset, ["x"]),
    outputs: bindings(dataset, ["y"]),
    target_row: "first",
    time_length: 1,
  });
  expect((await over(rig, evaluation)).outcome?.metrics?.["y"]?.["rmse"]).toBeCloseTo(rms(answers), 4);

  const saved = await createSaveTask(rig.context, { cluster_uuid: far, name: "sine" });
  await over(rig, saved);
  const other = await newCluster(rig);
  await over(rig, await createRestoreTask(rig.context, { cluster_uuid: other, checkpoint_uuid: saved.uuid }));
  expect(await ask(rig, other, dataset)).toEqual(answers);

  const rows = xs.map((x) => ({ x: Math.fround(x + 1000) }));
  const predicted = await predictRows(rig.context, { cluster_uuid: far, rows: rows.slice(0, 5) });
  expect(predicted.rows.map((row) => Object.values(row)[0])).toEqual(
    answers.slice(0, 5).map((answer) => expect.closeTo(answer, 5)),
  );

  await setMode(rig.context, { uuid: far, new_state: "DIRECT" });
  const direct = await openDirectIo(rig.context, far, () => {});
  for (const [row, { x }] of rows.slice(0, 5).entries()) {
    direct.setInput("x", Float32Array.of(x));
    expect((await direct.request())[0]!.values[0]).toBeCloseTo(answers[row]!, 5);
  }
  // Trains with the same offset: one step moves the answer, if a little.
  direct.setExpected("y", Float32Array.of(1));
  for (let cycle = 0; cycle < 20; cycle++) await direct.train();
  expect((await direct.request())[0]!.values[0]).toBeGreaterThan(answers[4]! + 0.01);
  direct.close();
});

test("XOR of two years is learnt; a year as a further column of a later training has no offset", async () => {
  const rig = await openRig(app);
  const year: Cell = (row, column) => 1970 + Math.round(12 * xs[(row + 331 * column) % ROWS]!);
  const isOne = (row: number) => Number(year(row, 0) > 1976 !== year(row, 1) > 1976);
  const dataset = await make(ROWS, [
    ["x", 2, year],
    ["y", 1, isOne],
  ]);
  const cluster = await newCluster(rig);
  expect(await train(rig, cluster, dataset, { epochs: 20 })).toEqual([
    "input 'x' is far above 0 in 2 of 2 values, so the network sees these less an offset, in later rows, too: " +
      "value 0 less 1967, value 1 less 1967",
  ]);
  const answers = await ask(rig, cluster, dataset);
  const right = answers.filter((answer, row) => Math.round(answer) === isOne(row)).length;
  expect(right / ROWS).toBeGreaterThan(0.97);

  const wider = await make(ROWS, [
    ["x", 3, year],
    ["y", 1, isOne],
  ]);
  expect(await train(rig, cluster, wider, { epochs: 1 })).toEqual([]);
  expect(JSON.parse(await encodersOf(rig, cluster))).toMatchObject({ offsets: { x: [1967, 1967, 0] } });
});

test("windows: each row has the same offsets, also of bytes and in direct IO", async () => {
  const rig = await openRig(app);
  const cluster = await newCluster(rig);
  const dataset = await make(
    300,
    [
      ["x", 2, (row, column) => (column === 0 ? 200 + ((row * 7) % 23) : (row * 3) % 5)],
      ["y", 1, (row) => Number((row * 7) % 23 > 10)],
    ],
    "uint8",
  );
  expect(await train(rig, cluster, dataset, { time_length: 3, epochs: 10 })).toEqual([
    "input 'x' is far above 0 in 1 of 2 values, so the network sees these less an offset, in later rows, too: " +
      "value 0 less 194.5",
  ]);
  const answers = await ask(rig, cluster, dataset, 3);
  expect(answers.filter((answer, row) => Math.round(answer) === Number((row * 7) % 23 > 10)).length).toBeGreaterThan(
    285,
  );
  await setMode(rig.context, { uuid: cluster, new_state: "DIRECT" });
  const direct = await openDirectIo(rig.context, cluster, () => {});
  for (const first of [0, 1, 100]) {
    const rows = [first, first + 1, first + 2];
    direct.setInput("x", Float32Array.from(rows.flatMap((row) => [200 + ((row * 7) % 23), (row * 3) % 5])));
    expect((await direct.request())[0]!.values[0]).toBeCloseTo(answers[first]!, 5);
  }
  direct.close();
});

test("pictures, binary inputs and networks that learnt first by rows of JSON have no offset", async () => {
  const rig = await openRig(app);
  const pictures = await make(
    200,
    [
      ["x", 100, (row, column) => ((row * 31 + column * 17) % 5 === 0 ? 0 : 100 + ((row + column) % 50))],
      ["y", 1, (row) => row % 2],
    ],
    "uint8",
  );
  const seen = await newCluster(rig);
  expect(await train(rig, seen, pictures)).toEqual([]);
  expect(await encodersOf(rig, seen)).toBe("");

  const binary = await newCluster(rig, template.replace("x: 1,1,1", "x: 1,1,1 (binary)"));
  expect(await train(rig, binary, await makeSine(1000))).toEqual([]);
  expect(await encodersOf(rig, binary)).toBe("");

  const taught = await newCluster(rig);
  await learnRows(rig.context, { cluster_uuid: taught, rows: [{ x: 1000, y: 1 }], predict: false, targets: {} });
  expect(await train(rig, taught, await makeSine(1000))).toEqual([]);
  expect(await encodersOf(rig, taught)).toBe("");
});

test("an input that is new in a later training gets its offset then; what an ended training left does not count", async () => {
  const rig = await openRig(app);
  const two = `version: 1 settings: hexagons: 1,1,1 2,1,1 3,1,1 1,1,2 inputs: x: 1,1,1 late: 1,1,2 outputs: y: 3,1,1`;
  const cluster = await newCluster(rig, two);
  await rig.context.app.scheduler.exclusive(cluster, (network) =>
    network.setEncoders(`{"inputs":{},"outputs":{},"offsets":{"x":[5]}}`),
  );
  const dataset = await make(ROWS, [
    ["x", 1, (row) => xs[row]!],
    ["late", 1, (row) => xs[row]! + 10],
    ["y", 1, (row) => sine(xs[row]!)],
  ]);
  expect(await train(rig, cluster, dataset)).toEqual([]);
  expect(await encodersOf(rig, cluster)).toBe("");
  const warnings = ["input 'late' is far above 0, so the network sees it less 9.75, in later rows, too"];
  expect(await train(rig, cluster, dataset, { inputs: ["x", "late"] })).toEqual(warnings);
  expect(JSON.parse(await encodersOf(rig, cluster))).toMatchObject({ offsets: { late: [9.75] } });
});

test("a killed training goes on with the same offsets, before and after its first snapshot", async () => {
  const dataset = await makeSine(1000);
  const states: Buffer[] = [];
  for (const slices of [Infinity, 0, 8]) {
    let rig = await openRig(app);
    rig.hosts[0].slicesLeft = slices;
    const cluster = await newCluster(rig);
    const task = await createTraining(rig, cluster, dataset, { epochs: 30 });
    if (slices < Infinity) {
      await expect.poll(() => rig.hosts[0].isHeld, { timeout: 30_000 }).toBe(true);
      await rig.crash();
      rig = await openRig(app);
    }
    const { state, warnings } = await over(rig, task);
    expect({ state, warnings }).toEqual({ state: "finished", warnings: [expect.stringContaining("less 999.75")] });
    states.push(await stateOf(rig.context.app, cluster));
  }
  expect(states[1]!.equals(states[0]!)).toBe(true);
  expect(states[2]!.equals(states[0]!)).toBe(true);
});

test("a GPU host, which keeps the table of a task, gets the same rows", async () => {
  const rig = await openRig(app, { types: ["cpu", "gpu"] });
  const dataset = await make(200, [
    ["x", 1, (row) => xs[row]! + 1000],
    ["y", 1, (row) => sine(xs[row]!)],
  ]);
  const answers: number[][] = [];
  for (const { uuid } of rig.hosts) {
    const cluster = await newCluster(rig);
    await switchHost(rig.context, { cluster_uuid: cluster, host_uuid: uuid });
    expect(await train(rig, cluster, dataset, { epochs: 2 })).toHaveLength(1);
    answers.push(await ask(rig, cluster, dataset));
  }
  const [cpu, gpu] = answers as [number[], number[]];
  for (const [row, answer] of gpu.entries()) expect(answer).toBeCloseTo(cpu[row]!, 2);
  expect(Math.max(...cpu) - Math.min(...cpu)).toBeGreaterThan(0.2);
});
