/**
 * Trains the same networks on a GPU and on the CPU, on the same rows in the same order, and compares what they learnt:
 * `npm run bench -- gpu-accuracy`. Options: `--software` takes the software device, `--rows N` training rows (60000),
 * `--tests N` test rows (10000), `--epochs N` (1), `--batch N` (128), `--seeds 1,2,3`, `--json`, `--save`.
 */
import { WasmEngine } from "../../src/kernels/wasm/wasm-engine.ts";
import { fromTable } from "../../src/network/run.ts";
import { CycleOrder } from "../../src/tasks/cycle-order.ts";
import { CLASSES, loadDigits, percentRight, type Digits } from "../harness/digits.ts";
import { createGpuNetwork, deviceInputs, openDevice } from "../harness/gpu.ts";
import { ask, createNetwork, learn } from "../harness/network.ts";
import { readOptions } from "../harness/options.ts";
import { report, REPORT_OPTIONS } from "../harness/report.ts";
import { table } from "../harness/table.ts";

/** Rows passed to the device at a time: a multiple of all usual step sizes. */
const SLICE = 4096;

const options = readOptions({
  ...REPORT_OPTIONS,
  software: false,
  rows: 60_000,
  tests: 10_000,
  epochs: 1,
  batch: 128,
  seeds: [1, 2, 3],
});
const { rows, batch: batchSize } = options;
const cycles = rows * options.epochs;
const digits = loadDigits(rows);
const tests = loadDigits(options.tests, "t10k");

interface Outcome {
  accuracy: number;
  sections: number;
  seconds: number;
}

/** The order in which a task with this seed visits the rows. */
function orderOf(seed: number): Uint32Array {
  const order = new CycleOrder({ period: rows, windowCyclesMax: 16 * 256, seed });
  const found = new Uint32Array(cycles);
  for (let done = 0; done < cycles;) {
    const epoch = Math.floor(done / rows);
    const { window } = order.windowAt(epoch, done % rows);
    const part = order.cycles(epoch, window);
    found.set(part.subarray(0, cycles - done), done);
    done += part.length;
  }
  return found;
}

async function onGpu(seed: number, order: Uint32Array): Promise<Outcome> {
  const network = await createGpuNetwork(on, digits, seed);
  const start = performance.now();
  for (let first = 0; first < cycles; first += SLICE) {
    const picks = order.subarray(first, first + SLICE);
    await network.train({
      ...fromTable("digits", picks),
      batchSize,
      schedule: { firstCycle: first, horizon: cycles },
    });
  }
  const seconds = (performance.now() - start) / 1000;
  const [shown] = await network.request({ cycles: tests.count, timeLength: 1, inputs: deviceInputs(tests) });
  const { sections } = await network.figures();
  network.dispose();
  return { accuracy: percentRight(shown!, tests.labels), sections, seconds };
}

function onCpu(seed: number, order: Uint32Array): Outcome {
  const network = createNetwork(engine, seed);
  const ordered = inOrder(digits, order);
  const start = performance.now();
  learn(network, ordered, batchSize);
  const seconds = (performance.now() - start) / 1000;
  const accuracy = percentRight(ask(network, tests), tests.labels);
  const { sections } = network.figures();
  network.dispose();
  return { accuracy, sections, seconds };
}

function inOrder(table: Digits, order: Uint32Array): Digits {
  const pick = (values: Uint8Array, width: number) => {
    const picked = new Uint8Array(order.length * width);
    order.forEach((row, i) => picked.set(values.subarray(row * width, (row + 1) * width), i * width));
    return picked;
  };
  const { pixels, labels, width } = table;
  return { ...table, count: order.length, pixels: pick(pixels, width), labels: pick(labels, CLASSES) };
}

const engine = new WasmEngine();
const on = await openDevice(options);
try {
  const found: { seed: number; cpu: Outcome; gpu: Outcome }[] = [];
  for (const seed of options.seeds) {
    const order = orderOf(seed);
    found.push({ seed, cpu: onCpu(seed, order), gpu: await onGpu(seed, order) });
    console.error(`seed ${seed} is done`);
  }
  const mean = (of: "cpu" | "gpu") => found.reduce((sum, row) => sum + row[of].accuracy, 0) / found.length;
  const summary = { data: digits.name, rows, cycles, batchSize, adapter: on.gpu.identity.name };
  const show = ({ accuracy, sections, seconds }: Outcome) => [accuracy.toFixed(2), `${sections}`, seconds.toFixed(1)];
  const text = [
    `${digits.name}, ${rows} rows, ${cycles} cycles in steps of ${batchSize}; the GPU is ${summary.adapter}`,
    "",
    table(
      ["seed", "CPU %", "sections", "s", "GPU %", "sections", "s"],
      found.map(({ seed, cpu, gpu }) => [`${seed}`, ...show(cpu), ...show(gpu)]),
    ),
    `mean: ${mean("cpu").toFixed(2)} % on the CPU, ${mean("gpu").toFixed(2)} % on the GPU`,
  ];
  report("gpu-accuracy", { ...summary, cpu: mean("cpu"), gpu: mean("gpu"), found }, text.join("\n"), options);
} finally {
  on.gpu.close();
}
