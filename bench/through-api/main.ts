/**
 * Measures what the server adds to its kernels: `npm run bench -- through-api`. A train task and a request task by
 * the SDK over HTTP, with reading the dataset and writing the result, take turns with the same kernels called
 * directly, on one thread each. Options: `--json` prints nothing else, `--save` keeps the result under
 * bench/results, `--rows N` (60000), `--rounds N` (7).
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HanamiClient, type Dataset, type Task } from "hanami-sdk";
import { eq } from "drizzle-orm";
import { openApp } from "../../src/app.ts";
import { parseConfig } from "../../src/server/config.ts";
import { tasks } from "../../src/db/schema/index.ts";
import { WasmEngine } from "../../src/kernels/wasm/wasm-engine.ts";
import type { Network } from "../../src/network/network.ts";
import { classesOf, idx, loadDigits } from "../harness/digits.ts";
import { ask, createNetwork, learn } from "../harness/network.ts";
import { readOptions } from "../harness/options.ts";
import { rateOf, showRate, type Rate } from "../harness/rates.ts";
import { report, REPORT_OPTIONS } from "../harness/report.ts";
import { table } from "../harness/table.ts";
import { TEMPLATE } from "../harness/template.ts";
import { runInTurn, timed, type Times } from "../harness/timing.ts";

const STEP = 128;
const WARM_UPS = 2;
/** Pause between two polls of a task. Polling costs time, too; the end that counts is the recorded one. */
const POLL_MS = 250;
const PASSPHRASE = "a passphrase of the benchmark";

const options = readOptions({ ...REPORT_OPTIONS, rows: 60_000, rounds: 7 });
const digits = loadDigits(options.rows);

function upload(client: HanamiClient): Promise<Dataset> {
  const { count, width, pixels } = digits;
  const images = idx([count, 1, width], pixels);
  return client.datasets.uploadMnist({ name: "digits", images, labels: idx([count], classesOf(digits)) });
}

const engine = new WasmEngine();

function trainDirectly(): Network {
  const network = createNetwork(engine);
  learn(network, digits, STEP);
  return network;
}

/** Time from the client's creation of the task to its end as recorded by the server. */
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

async function measure(client: HanamiClient, dataset: Dataset): Promise<{ train: Pair[]; request: Pair[] }> {
  const column = (name: string, hexagon: string) => [
    { dataset_uuid: dataset.uuid, dataset_column: name, hexagon_name: hexagon },
  ];
  const [inputs, outputs] = [column("picture", "in"), column("label", "out")];
  const results = [{ dataset_column: "label", hexagon_name: "out" }];
  const wait = (task: Task) => client.tasks.wait(task, { intervalMs: POLL_MS });
  const oneRound = async (round: number) => {
    const cluster = await client.clusters.create({ name: `round ${round}`, template: TEMPLATE, seed: 1 });
    const names = { cluster_uuid: cluster.uuid, inputs };
    const trained = await timed(trainDirectly);
    const train = await timedTask(async () =>
      wait(await client.tasks.train({ name: "train", ...names, outputs, batch_size: STEP })),
    );
    const asked = await timed(() => ask(trained.result, digits));
    const request = await timedTask(async () =>
      wait(await client.tasks.request({ name: "request", ...names, results })),
    );
    trained.result.dispose();
    await client.datasets.delete(request.result.uuid);
    await client.clusters.delete(cluster.uuid);
    return {
      train: { direct: trained.times, api: train.times },
      request: { direct: asked.times, api: request.times },
    };
  };
  const [found] = await runInTurn([oneRound], { rounds: options.rounds, warmUps: WARM_UPS });
  return { train: found!.map(({ train }) => train), request: found!.map(({ request }) => request) };
}

function summary(name: string, pairs: Pair[]) {
  // samples per millisecond = thousand samples per second
  const rate = (of: (pair: Pair) => number) => rateOf(pairs.map((pair) => digits.count / of(pair)));
  return {
    name,
    wall: { direct: rate(({ direct }) => direct.wallMs), api: rate(({ api }) => api.wallMs) },
    cpu: { direct: rate(({ direct }) => direct.cpuMs), api: rate(({ api }) => api.cpuMs) },
    /** Ratio of neighbouring runs: other load on the machine affects both alike. */
    wallShare: rateOf(pairs.map(({ direct, api }) => direct.wallMs / api.wallMs)),
    cpuShare: rateOf(pairs.map(({ direct, api }) => direct.cpuMs / api.cpuMs)),
  };
}

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
  // Direct kernel calls block this thread, and an idle connection may time out meanwhile.
  const again: typeof fetch = (input, init) => fetch(input, init).catch(() => fetch(input, init));
  const client = new HanamiClient({ address: url, user: "bench", passphrase: PASSPHRASE, fetch: again });
  const pairs = await measure(client, await upload(client));
  const results = [summary("train, one epoch in steps of 128", pairs.train), summary("request", pairs.request)];
  const percent = (rate: Rate) => showRate(rate, (share) => `${(100 * share).toFixed(0)} %`);
  const lines = results.map(({ name, wall, cpu, wallShare, cpuShare }) => [
    name,
    showRate(wall.direct),
    showRate(wall.api),
    percent(wallShare),
    showRate(cpu.direct),
    showRate(cpu.api),
    percent(cpuShare),
  ]);
  const text = [
    `${digits.name}, ${digits.count} rows, ${options.rounds} rounds`,
    "thousand samples per second, median (lowest to highest)",
    "",
    table(["", "kernels, wall", "server, wall", "share", "kernels, cpu", "server, cpu", "share"], lines),
  ];
  const figures = { data: digits.name, rows: digits.count, rounds: options.rounds, results };
  report("through-api", figures, text.join("\n"), options);
} finally {
  await server.close();
  await engine.close();
  await rm(folder, { recursive: true, force: true });
}
