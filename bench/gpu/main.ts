/**
 * Measures a GPU: `npm run bench:gpu`. Options: `--software` takes the software device, with small sizes; `--json` prints
 * nothing else; `--save` keeps the result under bench/results; `--rounds N` measured rounds; `--samples N` samples of a
 * round; `--sizes 1,10,100` networks as multiples of MNIST's width; `--moves 10,100,1000` megabytes of the states that
 * move; `--clusters 1,2,4,8` that one host trains; `--bandwidth GB` of the device's memory per second, for the roof.
 */
import { parseArgs } from "node:util";
import { openGpu, UnusableAdapterError } from "../../src/kernels/webgpu/device.ts";
import { Kernels } from "../../src/kernels/webgpu/kernels.ts";
import { provideSoftwareVulkan } from "../../src/kernels/webgpu/software-vulkan.ts";
import { generateDigits, loadDigits } from "../digits.ts";
import { describeMachine, machineLine, saveResult } from "../result.ts";
import { table } from "../table.ts";
import { clustersRow, moveRow, withHosts, type ClustersRow, type MoveRow } from "./hosts.ts";
import { kernelTimes, requestRow, trainingRow, type Rate, type RequestRow, type TrainingRow } from "./training.ts";

const PIXELS = 784;
const ROWS = 8192;

const { values: options } = parseArgs({
  options: {
    software: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    save: { type: "boolean", default: false },
    rounds: { type: "string" },
    samples: { type: "string" },
    sizes: { type: "string" },
    moves: { type: "string" },
    clusters: { type: "string" },
    bandwidth: { type: "string" },
  },
});

if (options.software) await provideSoftwareVulkan();
const gpu = await openGpu().catch((error: unknown) => {
  if (!(error instanceof UnusableAdapterError)) throw error;
  console.error(`Nothing to measure: ${error.message}. For the software device: npm run bench:gpu -- --software`);
  process.exit(1);
});
// A machine without a GPU may have a software adapter of its own.
const isSmall = gpu.identity.isSoftware;
const numbers = (given: string | undefined, small: number[], large: number[]) =>
  given === undefined ? (isSmall ? small : large) : given.split(",").map(Number);
const [rounds] = numbers(options.rounds, [2], [5]) as [number];
const [samples] = numbers(options.samples, [256], [32_768]) as [number];
const batches = isSmall ? [1, 16, 128] : [1, 8, 16, 32, 64, 128, 256, 512, 1024];
const sizes = numbers(options.sizes, [1], [1, 10, 100]);
const largeBatch = isSmall ? 128 : 256;
const bandwidth = options.bandwidth === undefined ? null : Number(options.bandwidth);

const log = (text: string) => {
  if (!options.json) console.log(text);
};

const on = { gpu, kernels: new Kernels(gpu) };
const training: TrainingRow[] = [];
const request: RequestRow[] = [];
const clusters: ClustersRow[] = [];
const moves: MoveRow[] = [];
let kernels: Awaited<ReturnType<typeof kernelTimes>> = null;
const digits = loadDigits(ROWS);
try {
  for (const batchSize of batches) {
    // Steps of a few samples take as long as steps of many.
    const count = Math.max(batchSize, Math.min(samples, batchSize * 256, isSmall ? batchSize * 2 : samples));
    training.push(
      await trainingRow(on, digits, { name: `1x, steps of ${batchSize}`, batchSize, rounds, samples: count }),
    );
  }
  request.push(await requestRow(on, digits, { name: "1x", rounds, samples }));
  for (const size of sizes.filter((each) => each !== 1)) {
    const wide = generateDigits(Math.max(largeBatch * 2, Math.floor(ROWS / size)), PIXELS * size);
    const plan = { rounds, samples: Math.max(largeBatch, Math.floor(samples / size)) };
    try {
      training.push(
        await trainingRow(on, wide, { name: `${size}x, steps of ${largeBatch}`, batchSize: largeBatch, ...plan }),
      );
      request.push(await requestRow(on, wide, { name: `${size}x`, ...plan }));
    } catch (error) {
      log(`${size}x: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  kernels = await kernelTimes(on, digits, { batchSize: 128, samples: isSmall ? 256 : 8192 });
} finally {
  gpu.close();
}
await withHosts({ software: options.software }, async (hosts) => {
  for (const count of numbers(options.clusters, [1, 2], [1, 2, 4, 8]))
    clusters.push(
      await clustersRow(hosts.gpu, digits, {
        clusters: count,
        slices: isSmall ? 1 : 10,
        samples: isSmall ? 256 : 4096,
      }),
    );
  for (const megabytes of numbers(options.moves, [10], [10, 100, 1000])) moves.push(await moveRow(hosts, megabytes));
});

const { name, vendor, driver, isSoftware } = gpu.identity;
const result = {
  ...describeMachine(),
  adapter: { name, vendor, driver, isSoftware, maxBufferBytes: gpu.maxBufferBytes },
  data: digits.name,
  training,
  request,
  kernels,
  clusters,
  moves,
};
if (options.save) log(`saved as ${saveResult(isSoftware ? "gpu-software" : "gpu", result)}\n`);
if (options.json) console.log(JSON.stringify(result, null, 2));
else print();

function print(): void {
  const short = (value: number) => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));
  const range = ({ median, low, high }: Rate) => `${short(median)} (${short(low)} to ${short(high)})`;
  const seconds = (value: number | undefined) => (value === undefined ? "" : value.toPrecision(3));
  console.log(machineLine(result));
  console.log(
    `${name} (${vendor}), ${driver}${isSoftware ? ", SOFTWARE: its speed says nothing about GPUs" : ""}; ${digits.name}\n`,
  );
  console.log(
    table(
      [
        "training",
        "sections",
        "samples/s",
        "us/step",
        "recording",
        "dispatches",
        "readbacks",
        "MB/step",
        "GB/s",
        "of the roof",
      ],
      training.map((row) => [
        row.name,
        `${row.sections}`,
        range(row.samplesPerSecond),
        short(row.microsecondsPerStep),
        short(row.recordMicroseconds),
        short(row.dispatchesPerStep),
        row.readbacksPerStep.toPrecision(2),
        (row.bytesPerStep / 1e6).toPrecision(3),
        short(row.gigabytesPerSecond),
        bandwidth === null ? "" : `${((100 * row.gigabytesPerSecond) / bandwidth).toPrecision(2)} %`,
      ]),
    ),
  );
  console.log(
    table(
      ["request", "sections", "samples/s"],
      request.map((row) => [row.name, `${row.sections}`, range(row.samplesPerSecond)]),
    ),
  );
  if (kernels === null) console.log("The adapter has no timestamp queries: no times of kernels.\n");
  else {
    const total = kernels.reduce((sum, { perStep }) => sum + perStep, 0);
    console.log(
      table(
        ["kernel, steps of 128", "dispatches", "us/step", "%"],
        kernels.map((row) => [
          row.kernel,
          `${row.dispatches / 8}`,
          short(row.perStep),
          ((100 * row.perStep) / total).toFixed(1),
        ]),
      ),
    );
  }
  console.log(
    table(
      ["clusters on one host", "samples/s in all"],
      clusters.map((row) => [`${row.clusters}`, short(row.samplesPerSecond)]),
    ),
  );
  console.log(
    table(
      ["moves, MB", "export CPU, s", "attach GPU", "export GPU", "attach CPU", ""],
      moves.map((row) => [
        `${row.megabytes}`,
        seconds(row.exportCpu),
        seconds(row.attachGpu),
        seconds(row.exportGpu),
        seconds(row.attachCpu),
        row.error ?? "",
      ]),
    ),
  );
}
