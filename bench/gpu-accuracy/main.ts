/**
 * Trains the same networks on a GPU and on the CPU, on the same rows in the same order, and compares what they learnt:
 * `npm run bench -- gpu-accuracy`. Options: `--software` takes the software device, `--rows N` training rows (60000),
 * `--tests N` test rows (10000), `--epochs N` (1), `--batch N` (128), `--seeds 1,2,3`, `--json`.
 */
import { parseArgs } from "node:util";
import { openGpu } from "../../src/kernels/webgpu/device.ts";
import { GpuNetwork } from "../../src/kernels/webgpu/gpu-network.ts";
import { Kernels } from "../../src/kernels/webgpu/kernels.ts";
import { provideSoftwareVulkan } from "../../src/kernels/webgpu/software-vulkan.ts";
import { WasmEngine } from "../../src/kernels/wasm/wasm-engine.ts";
import { Network } from "../../src/network/network.ts";
import { updateRule } from "../../src/network/batch-size.ts";
import { parseTemplate } from "../../src/network/template/parse-template.ts";
import { CycleOrder } from "../../src/tasks/cycle-order.ts";
import { loadDigits, type Digits } from "../digits.ts";

const TEMPLATE = "version: 1 settings: hexagons: 1,1,1 2,1,1 3,1,1 inputs: in: 1,1,1 outputs: out: 3,1,1";
const CLASSES = 10;
/** Whole steps of any usual size. */
const SLICE = 4096;

const { values: options } = parseArgs({
  options: {
    software: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    rows: { type: "string", default: "60000" },
    tests: { type: "string", default: "10000" },
    epochs: { type: "string", default: "1" },
    batch: { type: "string", default: "128" },
    seeds: { type: "string", default: "1,2,3" },
  },
});
const rows = Number(options.rows);
const cycles = rows * Number(options.epochs);
const batchSize = Number(options.batch);
const digits = loadDigits(rows);
const tests = loadDigits(Number(options.tests), "t10k");
const rateAt = (cycle: number) => 1 - cycle / cycles;

interface Outcome {
  accuracy: number;
  sections: number;
  seconds: number;
}

function accuracy(shown: Float32Array): number {
  let right = 0;
  for (let row = 0; row < tests.count; row++) {
    const values = shown.subarray(row * CLASSES, (row + 1) * CLASSES);
    if (tests.labels[row * CLASSES + values.indexOf(Math.max(...values))] === 1) right += 1;
  }
  return (100 * right) / tests.count;
}

/** The order in which a task with this seed goes through the rows. */
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

async function onGpu(
  on: { gpu: Awaited<ReturnType<typeof openGpu>>; kernels: Kernels },
  seed: number,
  order: Uint32Array,
) {
  const network = await GpuNetwork.create(on, parseTemplate(TEMPLATE), seed);
  const table = {
    key: "digits",
    rowsTotal: rows,
    first: 0,
    rows,
    timeLength: 1,
    inputs: [{ index: 0, width: digits.width, rows: digits.pixels }],
    expected: [{ index: 0, width: CLASSES, rows: digits.labels }],
  };
  if (!(await network.hold(table, Infinity))) throw new Error("the device has no room for the rows");
  const start = performance.now();
  for (let first = 0; first < cycles; first += SLICE) {
    const rule = { batchSize, update: updateRule(batchSize), rateAt: (cycle: number) => rateAt(first + cycle) };
    await network.trainTable({ key: "digits", order: order.subarray(first, first + SLICE), ...rule });
  }
  const seconds = (performance.now() - start) / 1000;
  const inputs = [{ index: 0, width: tests.width, rows: tests.pixels }];
  const [shown] = await network.request({ cycles: tests.count, timeLength: 1, inputs });
  const { sections } = await network.figures();
  network.destroy();
  return { accuracy: accuracy(shown!), sections, seconds };
}

function onCpu(engine: WasmEngine, seed: number, order: Uint32Array) {
  const network = Network.create(parseTemplate(TEMPLATE), seed, engine);
  const start = performance.now();
  for (let first = 0; first < cycles; first += SLICE) {
    const part = order.subarray(first, first + SLICE);
    network.train({
      count: part.length,
      step: batchSize,
      ...columns(digits, part),
      update: updateRule(batchSize),
      rate: { first, horizon: cycles },
    });
  }
  const seconds = (performance.now() - start) / 1000;
  const all = Uint32Array.from({ length: tests.count }, (_, row) => row);
  const [shown] = network.request({ count: tests.count, inputs: columns(tests, all).inputs });
  const { sections } = network.figures();
  network.dispose();
  return { accuracy: accuracy(shown!), sections, seconds };
}

function columns({ pixels, labels, width }: Digits, part: Uint32Array) {
  const pick = (values: Uint8Array, each: number) => {
    const picked = new Uint8Array(part.length * each);
    part.forEach((row, i) => picked.set(values.subarray(row * each, (row + 1) * each), i * each));
    return { index: 0, values: picked, width: each };
  };
  return { inputs: [pick(pixels, width)], expected: [pick(labels, CLASSES)] };
}

if (options.software) await provideSoftwareVulkan();
const gpu = await openGpu();
try {
  const on = { gpu, kernels: new Kernels(gpu) };
  const engine = new WasmEngine();
  const found: { seed: number; cpu: Outcome; gpu: Outcome }[] = [];
  for (const seed of options.seeds.split(",").map(Number)) {
    const order = orderOf(seed);
    const cpu = onCpu(engine, seed, order);
    const row = { seed, cpu, gpu: await onGpu(on, seed, order) };
    found.push(row);
    if (!options.json) console.log(JSON.stringify(row));
  }
  const mean = (of: "cpu" | "gpu") => found.reduce((sum, row) => sum + row[of].accuracy, 0) / found.length;
  const summary = {
    data: digits.name,
    rows,
    cycles,
    batchSize,
    adapter: gpu.identity.name,
    cpu: mean("cpu"),
    gpu: mean("gpu"),
  };
  console.log(JSON.stringify(options.json ? { ...summary, found } : summary));
} finally {
  gpu.close();
}
