/**
 * Compares with TensorFlow.js: `npm run bench -- tfjs`. A dense network (one hidden layer, Adam) has as many
 * weights as ours has synapses after one epoch; both take turns on the same rows, on one thread each. The command
 * installs the package where it is missing. Options: `--json` prints nothing else, `--save` keeps the result under
 * bench/results, `--rows N` (60000) of an epoch, `--single-rows N` of the epoch of TensorFlow.js with single
 * samples (as many), `--rounds N` (5).
 */
import { WasmEngine } from "../../src/kernels/wasm/wasm-engine.ts";
import { CLASSES, loadDigits, percentRight } from "../harness/digits.ts";
import { ask, createNetwork, learn } from "../harness/network.ts";
import { readOptions } from "../harness/options.ts";
import { rateOf, showRate, type Rate } from "../harness/rates.ts";
import { report, REPORT_OPTIONS } from "../harness/report.ts";
import { table } from "../harness/table.ts";
import { runInTurn, timed, type Times } from "../harness/timing.ts";
import { installTensorFlow, TensorFlow } from "./model.ts";

const BATCHES = [1, 32, 128];
/** Rows of one round: ours, and TensorFlow.js's with single samples and with batches; all take about as long. */
const ROUND_ROWS = { ours: 2048, single: 128, batch: 1024 };

const options = readOptions({ ...REPORT_OPTIONS, rows: 60_000, "single-rows": 0, rounds: 5 });
const train = loadDigits(options.rows);
const test = loadDigits(10_000, "t10k");
const singleRows = Math.min(train.count, options["single-rows"] || options.rows);
const engine = new WasmEngine();

interface Case {
  name: string;
  rows: number;
  train(first: number): Promise<Times>;
  request(first: number): Promise<Times>;
  /** After one epoch; null when that would take hours. */
  accuracy: number | null;
  /** Rows of that epoch. */
  epochRows: number;
}

function ourCase(step: number): Case {
  const trained = createNetwork(engine);
  learn(trained, train, step);
  const growing = createNetwork(engine);
  const count = ROUND_ROWS.ours;
  return {
    name: `ours, ${step === 1 ? "online" : `steps of ${step}`}`,
    rows: count,
    train: async (first) => (await timed(() => learn(growing, train, step, { first, count }))).times,
    request: async (first) => (await timed(() => ask(trained, train, { first, count }))).times,
    accuracy: percentRight(ask(trained, test), test.labels) / 100,
    epochRows: train.count,
  };
}

async function theirCase(model: TensorFlow, batchSize: number, hidden: number): Promise<Case> {
  const { backend } = model;
  const rows = batchSize === 1 ? ROUND_ROWS.single : ROUND_ROWS.batch;
  const name = `m${batchSize}`;
  const shape = { inputs: train.width, hidden, outputs: CLASSES };
  await model.call("create", { name, ...shape });
  // The plain backend computes the same numbers, only slower.
  const epochRows = backend === "cpu" ? 0 : batchSize === 1 ? singleRows : train.count;
  let accuracy: number | null = null;
  if (epochRows > 0) {
    await model.call("train", { name, rows: "train", first: 0, count: epochRows, batchSize });
    accuracy = (await model.call("accuracy", { name, rows: "test" })).value as number;
  }
  return {
    name: `TensorFlow.js, ${backend === "cpu" ? "plain" : backend}, batch ${batchSize}`,
    rows,
    train: (first) => model.call("train", { name, rows: "train", first, count: rows, batchSize }),
    request: (first) => model.call("request", { name, rows: "train", first, count: rows, batchSize }),
    accuracy,
    epochRows,
  };
}

/** Samples per second. */
interface Measured {
  name: string;
  train: { cpu: Rate; wall: Rate };
  request: { cpu: Rate; wall: Rate };
  accuracy: number | null;
  epochRows: number;
}

async function measure(cases: Case[]): Promise<Measured[]> {
  const runs = cases.map(({ rows, ...each }) => async (round: number) => {
    const first = (round * rows) % (train.count - rows);
    return { train: await each.train(first), request: await each.request(first) };
  });
  const found = await runInTurn(runs, { rounds: options.rounds, warmUps: 1 });
  return cases.map(({ name, rows, accuracy, epochRows }, index) => {
    const rates = (times: Times[]) => ({
      cpu: rateOf(times.map(({ cpuMs }) => (rows * 1000) / cpuMs)),
      wall: rateOf(times.map(({ wallMs }) => (rows * 1000) / wallMs)),
    });
    const times = found[index]!;
    return {
      name,
      train: rates(times.map((each) => each.train)),
      request: rates(times.map((each) => each.request)),
      accuracy,
      epochRows,
    };
  });
}

installTensorFlow();
const ours = BATCHES.map(ourCase);
const reference = createNetwork(engine);
learn(reference, train, 128);
const { synapses } = reference.figures();
const hidden = Math.round(synapses / (train.width + CLASSES));
const models = [await TensorFlow.open("wasm"), await TensorFlow.open("cpu")];
try {
  const theirs: Case[] = [];
  for (const model of models) {
    for (const [name, { count, width, pixels, labels }] of Object.entries({ train, test }))
      await model.call("load", { name, count, width, pixels, labels });
    for (const batchSize of BATCHES) theirs.push(await theirCase(model, batchSize, hidden));
  }
  const results = await measure([...ours, ...theirs]);
  const dense = { hidden, weights: hidden * (train.width + CLASSES) };
  const percent = ({ accuracy, epochRows }: Measured) => {
    if (accuracy === null) return "";
    return `${(100 * accuracy).toFixed(2)} %${epochRows < train.count ? ` (${epochRows} rows)` : ""}`;
  };
  const whole = (rate: Rate) => showRate(rate, (value) => value.toFixed(0));
  const lines = results.map((each) => [each.name, whole(each.train.cpu), whole(each.request.cpu), percent(each)]);
  const text = [
    `${train.name}, ${options.rounds} rounds`,
    `${synapses} synapses after one epoch; dense: ${hidden} hidden neurons, ${dense.weights} weights`,
    "samples per second of processor time, median (lowest to highest), one thread each",
    "",
    table(["", "train", "request", "accuracy after one epoch"], lines),
  ];
  const figures = { data: train.name, rows: train.count, rounds: options.rounds, synapses, dense, results };
  report("tfjs", figures, text.join("\n"), options);
} finally {
  for (const model of models) model.close();
  await engine.close();
}
