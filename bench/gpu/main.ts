/**
 * Measures a GPU: `npm run bench:gpu`. Options: `--software` uses the software device, with small sizes; `--json`
 * prints nothing else; `--save` keeps the result under bench/results; `--rounds N` measured rounds; `--samples N`
 * samples of a round; `--sizes 1,10,100` networks as multiples of MNIST's width; `--moves 10,100,1000` megabytes of the
 * states that move; `--clusters 1,2,4,8` that one host trains; `--bandwidth GB` of the device's memory per second, for
 * the roofline.
 */
import { generateDigits, loadDigits, PIXELS } from "../harness/digits.ts";
import { openDevice } from "../harness/gpu.ts";
import { readOptions } from "../harness/options.ts";
import { report, REPORT_OPTIONS } from "../harness/report.ts";
import { clustersRow, moveRow, withHosts, type ClustersRow, type MoveRow } from "./hosts.ts";
import { showFigures } from "./show.ts";
import { kernelTimes, requestRow, trainingRow, type RequestRow, type TrainingRow } from "./training.ts";

const ROWS = 8192;
/** Sizes that the options may override. */
const LARGE = {
  rounds: 5,
  samples: 32_768,
  sizes: [1, 10, 100],
  moves: [10, 100, 1000],
  clusters: [1, 2, 4, 8],
  /** Upper bound on the steps of a round: steps of a few samples take as long as steps of many. */
  stepsMax: 256,
  batches: [1, 8, 16, 32, 64, 128, 256, 512, 1024],
  /** Samples per step of the wide networks. */
  wideBatch: 256,
  /** Samples that a network learns before its kernels are timed. */
  kernelSamples: 8192,
  /** Slices of each cluster on a host, and their samples. */
  slices: 10,
  sliceSamples: 4096,
};
/** The sizes for devices that are not GPUs. */
const SMALL: typeof LARGE = {
  rounds: 2,
  samples: 256,
  sizes: [1],
  moves: [10],
  clusters: [1, 2],
  stepsMax: 2,
  batches: [1, 16, 128],
  wideBatch: 128,
  kernelSamples: 256,
  slices: 1,
  sliceSamples: 256,
};

const options = readOptions({
  ...REPORT_OPTIONS,
  software: false,
  rounds: 0,
  samples: 0,
  sizes: [],
  moves: [],
  clusters: [],
  bandwidth: 0,
});
const on = await openDevice(options);
// A machine without a GPU may offer a software adapter of its own.
const { isSoftware, name, vendor, driver } = on.gpu.identity;
const usual = isSoftware ? SMALL : LARGE;
const rounds = options.rounds || usual.rounds;
const samples = options.samples || usual.samples;
const chosen = (of: "sizes" | "moves" | "clusters") => (options[of].length > 0 ? options[of] : usual[of]);
const digits = loadDigits(ROWS);

async function measureNetworks() {
  const training: TrainingRow[] = [];
  for (const batchSize of usual.batches) {
    const count = Math.max(batchSize, Math.min(samples, batchSize * usual.stepsMax));
    const plan = { name: `1x, steps of ${batchSize}`, batchSize, rounds, samples: count };
    training.push(await trainingRow(on, digits, plan));
  }
  const request: RequestRow[] = [await requestRow(on, digits, { name: "1x", rounds, samples })];
  for (const size of chosen("sizes").filter((each) => each !== 1)) {
    const batchSize = usual.wideBatch;
    const wide = generateDigits(Math.max(batchSize * 2, Math.floor(ROWS / size)), PIXELS * size);
    const plan = { rounds, samples: Math.max(batchSize, Math.floor(samples / size)) };
    try {
      training.push(await trainingRow(on, wide, { name: `${size}x, steps of ${batchSize}`, batchSize, ...plan }));
      request.push(await requestRow(on, wide, { name: `${size}x`, ...plan }));
    } catch (error) {
      console.error(`${size}x: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  const kernels = await kernelTimes(on, digits, { batchSize: 128, samples: usual.kernelSamples });
  return { training, request, kernels };
}

/** Measures several clusters on the device's host, and moves between it and the CPU host. */
function measureHosts() {
  return withHosts(options, async (hosts) => {
    const clusters: ClustersRow[] = [];
    const moves: MoveRow[] = [];
    const plan = { slices: usual.slices, samples: usual.sliceSamples };
    for (const count of chosen("clusters"))
      clusters.push(await clustersRow(hosts.gpu, digits, { clusters: count, ...plan }));
    for (const megabytes of chosen("moves")) moves.push(await moveRow(hosts, megabytes));
    return { clusters, moves };
  });
}

const networks = await measureNetworks().finally(() => on.gpu.close());
const figures = {
  adapter: { name, vendor, driver, isSoftware, maxBufferBytes: on.gpu.maxBufferBytes },
  data: digits.name,
  ...networks,
  ...(await measureHosts()),
};
report(isSoftware ? "gpu-software" : "gpu", figures, showFigures(figures, options.bandwidth), options);
