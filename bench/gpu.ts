/**
 * Measures a GPU: `npm run bench:gpu`. Options: `--software` takes the software device, `--json` prints nothing else,
 * `--rounds N` measured rounds (5), `--samples N` samples of a round (8192; 256 in software).
 */
import { execFileSync } from "node:child_process";
import { cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { openGpu, type Gpu } from "../src/kernels/webgpu/device.ts";
import { GpuNetwork } from "../src/kernels/webgpu/gpu-network.ts";
import type { Rows } from "../src/kernels/webgpu/run-rows.ts";
import { Kernels } from "../src/kernels/webgpu/kernels.ts";
import { provideSoftwareVulkan } from "../src/kernels/webgpu/software-vulkan.ts";
import { updateRule } from "../src/network/batch-size.ts";
import { parseTemplate } from "../src/network/template/parse-template.ts";

const TEMPLATE = "version: 1 settings: hexagons: 1,1,1 2,1,1 3,1,1 inputs: in: 1,1,1 outputs: out: 3,1,1";
const BATCHES = [1, 8, 32, 128, 256, 1024];
const CLASSES = 10;
const PIXELS = 784;
/** Widths of the input as multiples of MNIST's: larger networks follow from them. */
const SIZES = [1, 10];
const LARGE_BATCH = 256;

const { values: options } = parseArgs({
  options: {
    software: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    rounds: { type: "string", default: "5" },
    samples: { type: "string" },
  },
});
const rounds = Number(options.rounds);
const samples = Number(options.samples ?? (options.software ? 256 : 8192));

interface Row {
  name: string;
  /** Median over the rounds, and the range. */
  perSecond: number;
  low: number;
  high: number;
}

/** Pictures of which a fifth is lit, in places that depend on the class; the same ones every time. */
function draw(width: number): { inputs: Rows[]; expected: Rows[] } {
  const pixels = new Uint8Array(samples * width);
  const labels = new Uint8Array(samples * CLASSES);
  let state = 1;
  const random = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  for (let row = 0; row < samples; row++) {
    const digit = Math.floor(random() * CLASSES);
    labels[row * CLASSES + digit] = 1;
    for (let lit = 0; lit < width / 5; lit++) {
      const place = random() < 0.7 ? (digit + 0.5 + random()) / (CLASSES + 1) : random();
      pixels[row * width + Math.floor(place * width)] = 1 + Math.floor(random() * 255);
    }
  }
  return {
    inputs: [{ index: 0, width, rows: pixels }],
    expected: [{ index: 0, width: CLASSES, rows: labels }],
  };
}

/** Samples per second of `work`, which does `count` of them; the first rounds, in which pools grow, do not count. */
async function rate(name: string, count: number, work: () => Promise<unknown>): Promise<Row> {
  const found: number[] = [];
  for (let round = -2; round < rounds; round++) {
    const start = performance.now();
    await work();
    if (round >= 0) found.push((count * 1000) / (performance.now() - start));
  }
  found.sort((a, b) => a - b);
  return { name, perSecond: found[found.length >> 1]!, low: found[0]!, high: found.at(-1)! };
}

async function measure(gpu: Gpu): Promise<Row[]> {
  const on = { gpu, kernels: new Kernels(gpu) };
  const rows: Row[] = [];
  const create = () => GpuNetwork.create(on, parseTemplate(TEMPLATE), 1);
  for (const size of SIZES) {
    const data = draw(PIXELS * size);
    for (const batchSize of size === 1 ? BATCHES : [LARGE_BATCH]) {
      // Steps of single samples take as long as steps of many.
      const cycles = Math.min(samples, batchSize * 64);
      const network = await create();
      const run = { ...data, cycles, timeLength: 1, batchSize, update: updateRule(batchSize), rateAt: () => 0.5 };
      rows.push(await rate(`train, ${size}x, steps of ${batchSize}`, cycles, () => network.train(run)));
      if (batchSize === LARGE_BATCH) {
        const request = { inputs: data.inputs, cycles: samples, timeLength: 1 };
        rows.push(await rate(`request, ${size}x`, samples, () => network.request(request)));
        const { bytes } = await network.metrics();
        const megabytes = (bytes / 1e6).toFixed(1);
        const move = async () => (await GpuNetwork.restore(on, await network.export())).destroy();
        rows.push(await rate(`moves of ${megabytes} MB, ${size}x`, 1, move));
      }
      network.destroy();
    }
  }
  return rows;
}

if (options.software) await provideSoftwareVulkan();
const gpu = await openGpu();
try {
  const rows = await measure(gpu);
  const commit = execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim();
  const { name, vendor, driver } = gpu.identity;
  const machine = { adapter: name, vendor, driver, processor: cpus()[0]?.model, load: loadavg()[0], commit };
  if (options.json) {
    console.log(JSON.stringify({ machine, samples, rounds, rows }, null, 2));
  } else {
    console.log(
      Object.entries(machine)
        .map(([key, value]) => `${key} ${value}`)
        .join(", "),
    );
    const format = (value: number) => (value >= 100 ? value.toFixed(0) : value.toPrecision(3)).padStart(12);
    console.log(`${"".padEnd(30)}${["per second", "low", "high"].map((text) => text.padStart(12)).join("")}`);
    for (const row of rows)
      console.log(`${row.name.padEnd(30)}${[row.perSecond, row.low, row.high].map(format).join("")}`);
  }
} finally {
  gpu.close();
}
