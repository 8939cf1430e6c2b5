/**
 * Measures the CPU kernels: `npm run bench`. Options: `--json` prints nothing else, `--save` keeps the result under
 * bench/results, `--yardstick FILE` compares with a module that exports `Net`, a plain JavaScript loop over the
 * original's rule; its rates over 0.93 (training) and 0.70 (request) are those of the original's C++ loops.
 */
import { WasmEngine } from "../../src/kernels/wasm/wasm-engine.ts";
import { generateDigits, loadDigits, PIXELS, rowsOf, type Digits } from "../harness/digits.ts";
import { createNetwork } from "../harness/network.ts";
import { readOptions } from "../harness/options.ts";
import { rateOf, showRate, type Rate } from "../harness/rates.ts";
import { report, REPORT_OPTIONS } from "../harness/report.ts";
import { table } from "../harness/table.ts";
import { runInTurn, timed } from "../harness/timing.ts";
import { manyOutputCases, requestCase, SLICE, trainCase, yardstickCases, type Case } from "./cases.ts";

const ROWS = 20_000;
const SHARE_OF_ORIGINAL = { train: 0.93, request: 0.7 };

const options = readOptions({ ...REPORT_OPTIONS, yardstick: "" });

/** Thousands of samples per second. */
interface Measurement {
  name: string;
  wall: Rate;
  /** Per second of processor time of all threads. */
  cpu: Rate;
}

const cell = new Int32Array(new SharedArrayBuffer(4));
/** Longer than V8's background threads need to clean up after a case. */
const SETTLE_MS = 5;

async function measure(cases: Case[], plan: { rounds: number; warmUps: number }): Promise<Measurement[]> {
  const runs = cases.map((each) => async (round: number) => {
    // Lets background threads finish the work of one case, which would count as processor time of the next one.
    Atomics.wait(cell, 0, 0, SETTLE_MS);
    return (await timed(() => each.run(round))).times;
  });
  const found = await runInTurn(runs, plan);
  return cases.map(({ name, samples }, index) => ({
    name,
    wall: rateOf(found[index]!.map(({ wallMs }) => samples / wallMs)),
    cpu: rateOf(found[index]!.map(({ cpuMs }) => samples / cpuMs)),
  }));
}

const digits = loadDigits(ROWS);
const engines = { 1: new WasmEngine(), 2: new WasmEngine({ threads: 2 }) };

/** Training in steps of several sizes, and requests to networks that have learned all rows once. */
async function measureRates(): Promise<Measurement[]> {
  const train = (threads: 1 | 2) => (step: number) =>
    trainCase(
      `${step === 1 ? "train online" : `train in steps of ${step}`}, threads ${threads}`,
      engines[threads],
      digits,
      step,
    );
  const request = (threads: 1 | 2) => {
    const network = createNetwork(engines[threads]);
    for (let row = 0; row + SLICE <= ROWS; row += SLICE)
      network.train({ ...rowsOf(digits, row, SLICE), batchSize: 128, schedule: 0.8 });
    return requestCase(`request, threads ${threads}`, network, digits);
  };
  const cases = [
    ...(options.yardstick === "" ? [] : await yardstickCases(options.yardstick, digits)),
    ...[1, 8, 16, 32, 64, 128, 256, 512].map(train(1)),
    ...[32, 128, 512].map(train(2)),
    request(1),
    request(2),
    ...manyOutputCases(engines[1], digits),
  ];
  return measure(cases, { rounds: 15, warmUps: 6 });
}

/** Ratios to the original's C++ loops, if there is a yardstick. */
function ratios({ name, cpu, wall }: Measurement, all: Measurement[]) {
  const kind = name.includes("request") ? "request" : "train";
  const yardstick = all.find((each) => each.name === `yardstick, ${kind}`);
  if (yardstick === undefined) return {};
  const share = SHARE_OF_ORIGINAL[kind];
  return {
    cpuRatio: (cpu.median / yardstick.cpu.median) * share,
    wallRatio: (wall.median / yardstick.wall.median) * share,
  };
}

/** Networks that are 1, 10 and 100 times as wide, with the same share of each picture lit. */
async function measureSizes() {
  const sizes = [1, 10, 100].map((factor) => {
    const samples = Math.max(128, 1024 / factor);
    const wide = generateDigits(samples * 2, PIXELS * factor);
    return { digits: wide, ...trainCase(`${factor}x`, engines[1], wide, 128, samples) };
  });
  const lit = ({ pixels }: Digits) => pixels.reduce((sum, value) => sum + (value > 0 ? 1 : 0), 0);
  const results = await measure(sizes, { rounds: 5, warmUps: 3 });
  return sizes.map(({ name, digits: wide, network }, index) => {
    const { sections, synapses, bytes, blocks } = network.figures();
    const { cpu } = results[index]!;
    return {
      name,
      sections,
      synapses,
      blocks,
      bytes,
      bytesPerSection: Math.round(bytes / sections),
      samplesPerSecond: cpu.median * 1000,
      /** Millions of active input values per second: the cost of a sample grows with them. */
      valuesPerSecond: (cpu.median * 1000 * lit(wide)) / wide.count / 1e6,
    };
  });
}

const measurements = await measureRates();
const rates = measurements.map((each) => ({ ...each, ...ratios(each, measurements) }));
const sizes = await measureSizes();
await Promise.all(Object.values(engines).map((engine) => engine.close()));

const times = (value: number | undefined) => (value === undefined ? "" : `${value.toFixed(2)}x`);
const ratesTable = table(
  ["", "processor time", "x C++ loops", "wall time", "x C++ loops"],
  rates.map(({ name, cpu, wall, cpuRatio, wallRatio }) => [
    name,
    showRate(cpu),
    times(cpuRatio),
    showRate(wall),
    times(wallRatio),
  ]),
);
const sizesTable = table(
  ["network", "sections", "synapses", "bytes per section", "samples/s", "million active values/s"],
  sizes.map((size) => [
    size.name,
    `${size.sections}`,
    `${size.synapses}`,
    `${size.bytesPerSection}`,
    size.samplesPerSecond.toFixed(0),
    size.valuesPerSecond.toFixed(1),
  ]),
);
const head = `${digits.name}; thousand samples per second, median (lowest to highest)`;
report("kernels", { data: digits.name, rates, sizes }, `${head}\n\n${ratesTable}\n${sizesTable}`, options);
