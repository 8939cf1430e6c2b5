/**
 * What the way through the server costs: `npm run bench -- through-api`. A train task and a request task, by the SDK over
 * HTTP, with reading the dataset and writing the result, beside the same kernels called directly, in turn, one thread
 * each. Options: `--json` prints nothing else, `--save` keeps the result under bench/results, `--rows N` (60000),
 * `--rounds N` (7).
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { HanamiClient, type Dataset, type Task } from "hanami-sdk";
import { eq } from "drizzle-orm";
import { openApp } from "../../src/app.ts";
import { parseConfig } from "../../src/config.ts";
import { tasks } from "../../src/db/schema/index.ts";
import { WasmEngine } from "../../src/kernels/wasm/wasm-engine.ts";
import { Network } from "../../src/network/network.ts";
import { updateRule } from "../../src/network/batch-size.ts";
import { parseTemplate } from "../../src/network/template/parse-template.ts";
import { loadDigits, rowsOf, type Digits } from "../digits.ts";
import { describeRun, headLine, rateOf, save, showRate } from "../report.ts";
import { table } from "../table.ts";

const TEMPLATE = "version: 1 settings: hexagons: 1,1,1 2,1,1 3,1,1 inputs: in: 1,1,1 outputs: out: 3,1,1";
/** Samples that the kernels get at a time when they are called directly. */
const SLICE = 2048;
const STEP = 128;
const WARM_UPS = 2;
/** How often the client asks whether a task is over. Asking takes time, too; what counts as its end is in its row. */
const POLL_MS = 250;
const PASSPHRASE = "a passphrase of the benchmark";

const { values: options } = parseArgs({
  options: {
    json: { type: "boolean" },
    save: { type: "boolean" },
    rows: { type: "string", default: "60000" },
    rounds: { type: "string", default: "7" },
  },
});
const rounds = Number(options.rounds);
const digits = loadDigits(Number(options.rows));

/** IDX, the format of the MNIST files: element type and dimensions, then the elements. */
function idx(dimensions: number[], elements: Uint8Array): Uint8Array {
  const header = Buffer.alloc(4 + 4 * dimensions.length);
  header.writeUInt32BE(0x0800 | dimensions.length);
  dimensions.forEach((length, index) => header.writeUInt32BE(length, 4 + 4 * index));
  return Buffer.concat([header, elements]);
}

function upload(client: HanamiClient, { count, width, pixels, labels }: Digits): Promise<Dataset> {
  const classes = Uint8Array.from({ length: count }, (_, row) => labels.subarray(row * 10, row * 10 + 10).indexOf(1));
  const images = idx([count, 1, width], pixels);
  return client.datasets.uploadMnist({ name: "digits", images, labels: idx([count], classes) });
}

const engine = new WasmEngine();

function trainDirectly(): Network {
  const network = Network.create(parseTemplate(TEMPLATE), 1, engine);
  for (let first = 0; first < digits.count; first += SLICE) {
    const count = Math.min(SLICE, digits.count - first);
    const rate = { first, horizon: digits.count };
    network.train({ count, step: STEP, ...rowsOf(digits, first, count), update: updateRule(STEP), rate });
  }
  return network;
}

function requestDirectly(network: Network): void {
  for (let first = 0; first < digits.count; first += SLICE) {
    const count = Math.min(SLICE, digits.count - first);
    network.request({ count, inputs: rowsOf(digits, first, count).inputs });
  }
}

interface Times {
  wallMs: number;
  cpuMs: number;
}

async function timed<T>(work: () => T | Promise<T>): Promise<{ result: T; times: Times }> {
  const cpuBefore = process.cpuUsage();
  const before = performance.now();
  const result = await work();
  const wallMs = performance.now() - before;
  const { user, system } = process.cpuUsage(cpuBefore);
  return { result, times: { wallMs, cpuMs: (user + system) / 1000 } };
}

/** From when the client asked for the task to when the server had recorded its end. */
async function timedTask(work: () => Promise<Task>): Promise<{ result: Task; times: Times }> {
  const asked = Date.now();
  const { result, times } = await timed(work);
  const [row] = await server.app.db.select({ ended: tasks.ended_at }).from(tasks).where(eq(tasks.uuid, result.uuid));
  return { result, times: { ...times, wallMs: row!.ended!.getTime() - asked } };
}

interface Pair {
  direct: Times;
  api: Times;
}

async function measure(client: HanamiClient, dataset: Dataset): Promise<Record<"train" | "request", Pair[]>> {
  const found: Record<"train" | "request", Pair[]> = { train: [], request: [] };
  const column = (name: string, hexagon: string) => [
    { dataset_uuid: dataset.uuid, dataset_column: name, hexagon_name: hexagon },
  ];
  const inputs = column("picture", "in");
  const wait = (task: Task) => client.tasks.wait(task, { intervalMs: POLL_MS });
  for (let round = -WARM_UPS; round < rounds; round++) {
    const cluster = await client.clusters.create({ name: `round ${round + WARM_UPS}`, template: TEMPLATE, seed: 1 });
    const names = { cluster_uuid: cluster.uuid, inputs };
    const trained = await timed(trainDirectly);
    const outputs = column("label", "out");
    const train = await timedTask(async () =>
      wait(await client.tasks.train({ name: "train", ...names, outputs, batch_size: STEP })),
    );
    const direct = await timed(() => requestDirectly(trained.result));
    const results = [{ dataset_column: "label", hexagon_name: "out" }];
    const request = await timedTask(async () =>
      wait(await client.tasks.request({ name: "request", ...names, results })),
    );
    trained.result.dispose();
    await client.datasets.delete(request.result.uuid);
    await client.clusters.delete(cluster.uuid);
    if (round < 0) continue;
    found.train.push({ direct: trained.times, api: train.times });
    found.request.push({ direct: direct.times, api: request.times });
  }
  return found;
}

function summary(name: string, pairs: Pair[]) {
  // samples per millisecond = thousand samples per second
  const rate = (of: (pair: Pair) => number) => rateOf(pairs.map((pair) => digits.count / of(pair)));
  return {
    name,
    wall: { direct: rate(({ direct }) => direct.wallMs), api: rate(({ api }) => api.wallMs) },
    cpu: { direct: rate(({ direct }) => direct.cpuMs), api: rate(({ api }) => api.cpuMs) },
    /** Of neighbouring runs: what else the machine does meets both alike. */
    wallShare: rateOf(pairs.map(({ direct, api }) => direct.wallMs / api.wallMs)),
    cpuShare: rateOf(pairs.map(({ direct, api }) => direct.cpuMs / api.cpuMs)),
  };
}

const run = describeRun();
const folder = await mkdtemp(join(tmpdir(), "hanami-bench-"));
const server = await openApp(
  parseConfig({
    HANAMI_DATA_DIR: folder,
    HANAMI_PORT: "0",
    HANAMI_LOG_LEVEL: "silent",
    HANAMI_CPU_THREADS: "1",
    HANAMI_ADMIN_USER_ID: "bench",
    HANAMI_ADMIN_PASSPHRASE: PASSPHRASE,
  }),
);
try {
  const { url } = await server.listen();
  // Kernels that are called directly hold this thread up, and meanwhile an idle connection may have timed out.
  const again: typeof fetch = (input, init) => fetch(input, init).catch(() => fetch(input, init));
  const client = new HanamiClient({ address: url, user: "bench", passphrase: PASSPHRASE, fetch: again });
  const pairs = await measure(client, await upload(client, digits));
  const results = [summary("train, one epoch in steps of 128", pairs.train), summary("request", pairs.request)];
  const report = { ...run, data: digits.name, rows: digits.count, rounds, results };
  if (options.save) save("through-api", report);
  if (options.json) console.log(JSON.stringify(report, null, 2));
  else {
    console.log(`${headLine(report)}, ${digits.name}`);
    console.log(`${digits.count} rows, ${rounds} rounds; thousand samples per second, median (lowest to highest)\n`);
    const percent = ({ median, low, high }: (typeof results)[0]["wallShare"]) =>
      `${(100 * median).toFixed(0)} % (${(100 * low).toFixed(0)} to ${(100 * high).toFixed(0)})`;
    const head = ["", "kernels, wall", "server, wall", "share", "kernels, cpu", "server, cpu", "share"];
    const lines = results.map(({ name, wall, cpu, wallShare, cpuShare }) => {
      const inWallTime = [showRate(wall.direct), showRate(wall.api), percent(wallShare)];
      return [name, ...inWallTime, showRate(cpu.direct), showRate(cpu.api), percent(cpuShare)];
    });
    console.log(table(head, lines));
  }
} finally {
  await server.close();
  await engine.close();
  await rm(folder, { recursive: true, force: true });
}
