/**
 * Measures the CPU kernels: `npm run bench`. Options: `--json` prints nothing else, `--save` keeps the result under
 * bench/results, `--yardstick FILE` compares with a module that exports `Net`, a plain JavaScript loop over the
 * original's rule; its rates over 0.93 (training) and 0.70 (request) are those of the original's C++ loops.
 */
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { WasmEngine } from "../src/kernels/wasm/wasm-engine.ts";
import { Network } from "../src/network/network.ts";
import { updateRule } from "../src/network/batch-size.ts";
import { parseTemplate } from "../src/network/template/parse-template.ts";
import { generateDigits, loadDigits, rowsOf, type Digits } from "./digits.ts";
import { measure, type Case, type Measurement } from "./measure.ts";
import { describeMachine, machineLine, saveResult } from "./result.ts";
import { table } from "./table.ts";

const TEMPLATE = "version: 1 settings: hexagons: 1,1,1 2,1,1 3,1,1 inputs: in: 1,1,1 outputs: out: 3,1,1";
const ROWS = 20_000;
/** Samples of one round of a case: some tens of milliseconds. */
const SLICE = 2048;
const ROUNDS = { rounds: 15, warmUps: 6 };
const SHARE_OF_ORIGINAL = { train: 0.93, request: 0.7 };

interface YardstickNet {
  train(x: Float32Array, y: Uint8Array, from: number, count: number, width: number): void;
  test(x: Float32Array, y: Uint8Array, from: number, count: number, width: number): number;
}

const { values: options } = parseArgs({
  options: { json: { type: "boolean" }, save: { type: "boolean" }, yardstick: { type: "string" } },
});

const engines = { 1: new WasmEngine(), 2: new WasmEngine({ threads: 2 }) };
type Threads = keyof typeof engines;

const create = (threads: Threads) => Network.create(parseTemplate(TEMPLATE), 1, engines[threads]);

function trainCase(digits: Digits, step: number, threads: Threads, samples = SLICE) {
  const network = create(threads);
  const batches = Math.floor(digits.count / samples);
  const run = (round: number) =>
    network.train({
      count: samples,
      step,
      ...rowsOf(digits, (round % batches) * samples, samples),
      update: updateRule(step),
      rate: 1 - Math.min(0.9, (round * samples) / 60_000),
    });
  const name = `${step === 1 ? "train online" : `train in steps of ${step}`}, threads ${threads}`;
  return { network, case: { name, samples, run } };
}

function requestCase(digits: Digits, network: Network, threads: Threads): Case {
  const batches = Math.floor(digits.count / SLICE);
  const run = (round: number) => {
    network.request({ count: SLICE, inputs: rowsOf(digits, (round % batches) * SLICE, SLICE).inputs });
  };
  return { name: `request, threads ${threads}`, samples: SLICE, run };
}

async function yardstickCases(file: string, digits: Digits): Promise<Case[]> {
  const { Net } = (await import(pathToFileURL(resolve(file)).href)) as {
    Net: new (seed: number, sections: number, inputs: number) => YardstickNet;
  };
  const net = new Net(1, 4096, digits.width);
  const x = Float32Array.from(digits.pixels);
  const y = new Uint8Array(digits.count);
  for (let row = 0; row < digits.count; row++) y[row] = digits.labels.subarray(row * 10, row * 10 + 10).indexOf(1);
  const batches = Math.floor(digits.count / SLICE);
  const from = (round: number) => (round % batches) * SLICE;
  return [
    { name: "yardstick, train", samples: SLICE, run: (round) => net.train(x, y, from(round), SLICE, digits.width) },
    {
      name: "yardstick, request",
      samples: SLICE,
      run: (round) => void net.test(x, y, from(round), SLICE, digits.width),
    },
  ];
}

/** Networks that are 1, 10 and 100 times as wide: the same share of each picture is lit. */
function measureSizes() {
  const sizes = [1, 10, 100].map((factor) => {
    const samples = Math.max(128, 1024 / factor);
    const digits = generateDigits(samples * 2, 784 * factor);
    return { factor, digits, samples, ...trainCase(digits, 128, 1, samples) };
  });
  const lit = ({ pixels }: Digits) => pixels.reduce((sum, value) => sum + (value > 0 ? 1 : 0), 0);
  const results = measure(
    sizes.map((size) => size.case),
    { rounds: 5, warmUps: 3 },
  );
  return sizes.map(({ factor, digits, network }, index) => {
    const { sections, synapses, bytes, blocks } = network.figures();
    const { cpu } = results[index]!;
    return {
      name: `${factor}x`,
      sections,
      synapses,
      blocks,
      bytes,
      bytesPerSection: Math.round(bytes / sections),
      samplesPerSecond: cpu.median * 1000,
      /** Millions of active input values per second: what a sample costs grows with them. */
      valuesPerSecond: (cpu.median * 1000 * lit(digits)) / digits.count / 1e6,
    };
  });
}

function ratios(measurements: Measurement[], name: string) {
  const kind = name.includes("request") ? "request" : "train";
  const mine = measurements.find((each) => each.name === name)!;
  const yardstick = measurements.find((each) => each.name === `yardstick, ${kind}`);
  if (!yardstick) return {};
  const share = SHARE_OF_ORIGINAL[kind];
  return {
    cpuRatio: (mine.cpu.median / yardstick.cpu.median) * share,
    wallRatio: (mine.wall.median / yardstick.wall.median) * share,
  };
}

const digits = loadDigits(ROWS);
const training = [
  trainCase(digits, 1, 1),
  ...[8, 16, 32, 64, 128, 256, 512].map((step) => trainCase(digits, step, 1)),
  ...[32, 128, 512].map((step) => trainCase(digits, step, 2)),
];
const [single, double] = [create(1), create(2)];
for (let row = 0; row + SLICE <= ROWS; row += SLICE) {
  const batch = { count: SLICE, step: 128, ...rowsOf(digits, row, SLICE), update: "batch", rate: 0.8 } as const;
  single.train(batch);
  double.train(batch);
}
const measurements = measure(
  [
    ...(options.yardstick === undefined ? [] : await yardstickCases(options.yardstick, digits)),
    ...training.map((each) => each.case),
    requestCase(digits, single, 1),
    requestCase(digits, double, 2),
  ],
  ROUNDS,
);
const result = {
  ...describeMachine(),
  data: digits.name,
  rates: measurements.map((each) => ({ ...each, ...ratios(measurements, each.name) })),
  sizes: measureSizes(),
};
await Promise.all(Object.values(engines).map((engine) => engine.close()));

if (options.save) saveResult("kernels", result);
if (options.json) console.log(JSON.stringify(result, null, 2));
else {
  console.log(machineLine(result));
  console.log(`${result.data}; thousand samples per second, median (lowest to highest)\n`);
  const rate = ({ median, low, high }: Measurement["wall"]) =>
    `${median.toFixed(1)} (${low.toFixed(1)} to ${high.toFixed(1)})`;
  const times = (value: number | undefined) => (value === undefined ? "" : `${value.toFixed(2)}x`);
  console.log(
    table(
      ["", "processor time", "x C++ loops", "wall time", "x C++ loops"],
      result.rates.map(({ name, cpu, wall, cpuRatio, wallRatio }) => [
        name,
        rate(cpu),
        times(cpuRatio),
        rate(wall),
        times(wallRatio),
      ]),
    ),
  );
  console.log(
    table(
      ["network", "sections", "synapses", "bytes per section", "samples/s", "million active values/s"],
      result.sizes.map((size) => [
        size.name,
        `${size.sections}`,
        `${size.synapses}`,
        `${size.bytesPerSection}`,
        size.samplesPerSecond.toFixed(0),
        size.valuesPerSecond.toFixed(1),
      ]),
    ),
  );
}
