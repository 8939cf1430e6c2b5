/**
 * Beside TensorFlow.js: `npm run bench -- tfjs`. A dense network (one hidden layer, Adam) with as many weights as ours
 * has synapses after one epoch, on the same rows, one thread each, in turn. Its package is installed when it is not there.
 * Options: `--json` prints nothing else, `--save` keeps the result under bench/results, `--rows N` (60000) of an epoch,
 * `--single-rows N` of the epoch of TensorFlow.js with single samples (as many), `--rounds N` (5).
 */
import { parseArgs } from "node:util";
import { WasmEngine } from "../../src/kernels/wasm/wasm-engine.ts";
import { Network } from "../../src/network/network.ts";
import { updateRule } from "../../src/network/batch-size.ts";
import { parseTemplate } from "../../src/network/template/parse-template.ts";
import { loadDigits, rowsOf, type Digits } from "../digits.ts";
import type { Rate } from "../measure.ts";
import { describeRun, headLine, rateOf, save, showRate } from "../report.ts";
import { table } from "../table.ts";
import { installTensorFlow, TensorFlow, type Answer } from "./model.ts";

const TEMPLATE = "version: 1 settings: hexagons: 1,1,1 2,1,1 3,1,1 inputs: in: 1,1,1 outputs: out: 3,1,1";
const CLASSES = 10;
const BATCHES = [1, 32, 128];
/** Rows that the kernels get at a time. */
const SLICE = 2048;
const WARM_UPS = 1;
/** Rows of one round with single samples, and with batches: TensorFlow.js takes about as long for either. */
const ROUND_ROWS = { single: 128, batch: 1024 };

const { values: options } = parseArgs({
  options: {
    json: { type: "boolean" },
    save: { type: "boolean" },
    rows: { type: "string", default: "60000" },
    "single-rows": { type: "string" },
    rounds: { type: "string", default: "5" },
  },
});
const rounds = Number(options.rounds);
const train = loadDigits(Number(options.rows));
const test = loadDigits(10_000, "t10k");
const singleRows = Math.min(train.count, Number(options["single-rows"] ?? options.rows));

type Times = Omit<Answer, "value">;

function timed(work: () => void): Times {
  const cpuBefore = process.cpuUsage();
  const before = performance.now();
  work();
  const wallMs = performance.now() - before;
  const { user, system } = process.cpuUsage(cpuBefore);
  return { wallMs, cpuMs: (user + system) / 1000 };
}

const engine = new WasmEngine();
const create = () => Network.create(parseTemplate(TEMPLATE), 1, engine);

function learn(network: Network, step: number, { first, count }: { first: number; count: number }): void {
  for (let done = 0; done < count; done += SLICE) {
    const samples = Math.min(SLICE, count - done);
    const rate = { first: first + done, horizon: train.count };
    network.train({ count: samples, step, ...rowsOf(train, first + done, samples), update: updateRule(step), rate });
  }
}

function answer(network: Network, digits: Digits, { first, count }: { first: number; count: number }): Float32Array[] {
  const answers: Float32Array[] = [];
  for (let done = 0; done < count; done += SLICE) {
    const samples = Math.min(SLICE, count - done);
    answers.push(...network.request({ count: samples, inputs: rowsOf(digits, first + done, samples).inputs }));
  }
  return answers;
}

/** Share of the test rows whose largest answer is the right one. */
function accuracyOf(network: Network): number {
  const all = { first: 0, count: test.count };
  const values = answer(network, test, all).flatMap((part) => [...part]);
  let right = 0;
  for (let row = 0; row < test.count; row++) {
    const shown = values.slice(row * CLASSES, (row + 1) * CLASSES);
    if (test.labels[row * CLASSES + shown.indexOf(Math.max(...shown))] === 1) right += 1;
  }
  return right / test.count;
}

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
  const trained = create();
  learn(trained, step, { first: 0, count: train.count });
  const growing = create();
  const rows = SLICE;
  return {
    name: `ours, ${step === 1 ? "online" : `steps of ${step}`}`,
    rows,
    train: async (first) => timed(() => learn(growing, step, { first, count: rows })),
    request: async (first) => timed(() => void answer(trained, train, { first, count: rows })),
    accuracy: accuracyOf(trained),
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

/** All cases in turn, round after round. */
async function measure(cases: Case[]): Promise<Measured[]> {
  const times = cases.map(() => ({ train: [] as Times[], request: [] as Times[] }));
  for (let round = -WARM_UPS; round < rounds; round++) {
    for (const [index, { rows, ...each }] of cases.entries()) {
      const first = ((round + WARM_UPS) * rows) % (train.count - rows);
      const [trained, requested] = [await each.train(first), await each.request(first)];
      if (round < 0) continue;
      times[index]!.train.push(trained);
      times[index]!.request.push(requested);
    }
  }
  return cases.map(({ name, rows, accuracy, epochRows }, index) => {
    const rates = (found: Times[]) => ({
      cpu: rateOf(found.map(({ cpuMs }) => (rows * 1000) / cpuMs)),
      wall: rateOf(found.map(({ wallMs }) => (rows * 1000) / wallMs)),
    });
    const { train: trained, request } = times[index]!;
    return { name, train: rates(trained), request: rates(request), accuracy, epochRows };
  });
}

const run = describeRun();
installTensorFlow();
const ours = BATCHES.map(ourCase);
const reference = create();
learn(reference, 128, { first: 0, count: train.count });
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
  const report = { ...run, data: train.name, rows: train.count, rounds, synapses, dense, results };
  if (options.save) save("tfjs", report);
  if (options.json) console.log(JSON.stringify(report, null, 2));
  else {
    console.log(`${headLine(report)}, ${train.name}, ${rounds} rounds`);
    console.log(`${synapses} synapses after one epoch; dense: ${hidden} hidden neurons, ${dense.weights} weights`);
    console.log("samples per second of processor time, median (lowest to highest), one thread each\n");
    const percent = ({ accuracy, epochRows }: Measured) => {
      if (accuracy === null) return "";
      return `${(100 * accuracy).toFixed(2)} %${epochRows < train.count ? ` (${epochRows} rows)` : ""}`;
    };
    const lines = results.map((each) => [
      each.name,
      showRate(each.train.cpu, 0),
      showRate(each.request.cpu, 0),
      percent(each),
    ]);
    console.log(table(["", "train", "request", "accuracy after one epoch"], lines));
  }
} finally {
  for (const model of models) model.close();
  await engine.close();
}
