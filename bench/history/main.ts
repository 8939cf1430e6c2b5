/**
 * Measures what a long history costs: `npm run bench -- history`. Two servers with embedded databases take turns, one
 * new, one with ended tasks and clusters. Options: `--json` prints nothing else, `--save` keeps the result under
 * bench/results, `--tasks N` (100000), `--clusters N` (5000), `--rounds N` (9). `--tasks 2000 --clusters 200` takes
 * less than a minute.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HanamiClient } from "hanami-sdk";
import { startServer, type DemoServer } from "../../scripts/demo/server.ts";
import { readOptions } from "../harness/options.ts";
import { rateOf, showRate, type Rate } from "../harness/rates.ts";
import { report, REPORT_OPTIONS } from "../harness/report.ts";
import { table } from "../harness/table.ts";
import { TEMPLATE } from "../harness/template.ts";
import { runInTurn, timed } from "../harness/timing.ts";
import { fillHistory, LISTED_TASKS } from "./fill.ts";

const ROWS = 10;
const POLL_MS = 2;

const options = readOptions({ ...REPORT_OPTIONS, tasks: 100_000, clusters: 5000, rounds: 9 });

/** Cost of one operation: elapsed, and processor time of the server. */
interface Cost {
  wallMs: number;
  cpuMs: number;
}

interface Operation {
  name: string;
  /** How often it is carried out between two readings of the processor time. */
  times: number;
  run: () => Promise<unknown>;
}

/** A server with its history, its operations and what starting it takes. */
interface Subject {
  startMs: number;
  operations: Operation[];
  server: DemoServer;
  stop(): Promise<void>;
}

const metricsOf = async ({ address }: DemoServer) => (await fetch(`${address}/metrics`)).text();

async function cpuMsOf(server: DemoServer): Promise<number> {
  return 1000 * Number(/^process_cpu_seconds_total (\S+)$/m.exec(await metricsOf(server))![1]);
}

async function costOf(server: DemoServer, { times, run }: Operation): Promise<Cost> {
  const before = await cpuMsOf(server);
  const { times: taken } = await timed(async () => {
    for (let time = 0; time < times; time++) await run();
  });
  return { wallMs: taken.wallMs / times, cpuMs: ((await cpuMsOf(server)) - before) / times };
}

/** Starts a server twice: its first start makes the database that is filled. */
async function open(history: { tasks: number; clusters: number }): Promise<Subject> {
  const folder = await mkdtemp(join(tmpdir(), "hanami-bench-"));
  await (await startServer(folder, { softwareGpu: false })).stop();
  const listed = await fillHistory(folder, history);
  const { result: server, times } = await timed(() => startServer(folder, { softwareGpu: false }));
  const stop = async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  };
  return { startMs: times.wallMs, server, operations: await operationsOn(server, listed), stop };
}

async function operationsOn(server: DemoServer, listed: string): Promise<Operation[]> {
  const client = new HanamiClient(server);
  const lines = Array.from({ length: ROWS }, (_, row) => `${row % 2},${(row + 1) % 2}`);
  const file = new Blob([["in,out", ...lines, ""].join("\n")]);
  const dataset = await client.datasets.uploadCsv({ name: "ten rows", file });
  const cluster = await client.clusters.create({ name: "measured", template: TEMPLATE, seed: 1 });
  const column = (name: string) => ({ dataset_uuid: dataset.uuid, dataset_column: name, hexagon_name: name });
  const train = async () => {
    const names = { name: "measured", cluster_uuid: cluster.uuid };
    const task = await client.tasks.train({ ...names, inputs: [column("in")], outputs: [column("out")] });
    return client.tasks.wait(task, { intervalMs: POLL_MS });
  };
  const task = await train();
  const key = { uuid: task.uuid, cluster_uuid: cluster.uuid };
  return [
    { name: `train task of ${ROWS} rows`, times: 10, run: train },
    { name: "GET /metrics", times: 10, run: () => metricsOf(server) },
    {
      name: `GET /task/all of ${LISTED_TASKS} tasks`,
      times: 10,
      run: () => client.request("GET", "/task/all", { cluster_uuid: listed }),
    },
    { name: "GET /task", times: 50, run: () => client.request("GET", "/task", key) },
    { name: "GET /cluster/all", times: 5, run: () => client.request("GET", "/cluster/all") },
  ];
}

interface Result {
  name: string;
  wallMs: { empty: Rate; filled: Rate };
  cpuMs: { empty: Rate; filled: Rate };
  /** Of neighbouring runs: other load on the machine affects both alike. */
  wallRatio: Rate;
  cpuRatio: Rate;
}

async function measure(empty: Subject, filled: Subject): Promise<Result[]> {
  const cases = empty.operations.flatMap((operation, index) => [
    () => costOf(empty.server, operation),
    () => costOf(filled.server, filled.operations[index]!),
  ]);
  const costs = await runInTurn(cases, { rounds: options.rounds, warmUps: Math.min(2, options.rounds - 1) });
  return empty.operations.map(({ name }, index) => {
    const [own, other] = [costs[2 * index]!, costs[2 * index + 1]!];
    const both = (of: (cost: Cost) => number) => ({ empty: rateOf(own.map(of)), filled: rateOf(other.map(of)) });
    const ratio = (of: (cost: Cost) => number) => rateOf(own.map((cost, round) => of(other[round]!) / of(cost)));
    const [wall, cpu] = [({ wallMs }: Cost) => wallMs, ({ cpuMs }: Cost) => cpuMs];
    return { name, wallMs: both(wall), cpuMs: both(cpu), wallRatio: ratio(wall), cpuRatio: ratio(cpu) };
  });
}

const empty = await open({ tasks: 0, clusters: 0 });
const filled = await open(options);
try {
  const results = await measure(empty, filled);
  const ms = (rate: Rate) => showRate(rate, (value) => value.toFixed(2));
  const rows = results.map(({ name, wallMs, cpuMs, wallRatio, cpuRatio }) => [
    name,
    ms(wallMs.empty),
    ms(wallMs.filled),
    ms(wallRatio),
    ms(cpuMs.empty),
    ms(cpuMs.filled),
    ms(cpuRatio),
  ]);
  const listing = results.find(({ name }) => name === "GET /cluster/all")!;
  const clusterUs = (1000 * (listing.cpuMs.filled.median - listing.cpuMs.empty.median)) / options.clusters;
  const startMs = { empty: empty.startMs, filled: filled.startMs };
  const head = ["ms", "new, wall", "filled, wall", "ratio", "new, cpu", "filled, cpu", "ratio"];
  const text = [
    `${options.tasks} tasks, ${options.clusters} clusters, ${options.rounds} rounds; median (lowest to highest)`,
    "",
    table(head, rows),
    `start: ${startMs.empty.toFixed(0)} ms, filled ${startMs.filled.toFixed(0)} ms`,
    `a cluster in the list: ${clusterUs.toFixed(2)} us of processor time`,
  ];
  const { tasks, clusters, rounds } = options;
  report("history", { tasks, clusters, rounds, startMs, clusterUs, results }, text.join("\n"), options);
} finally {
  await empty.stop();
  await filled.stop();
}
