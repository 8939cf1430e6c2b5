/**
 * Many trained clusters on a host with memory for few: trains, reads and asks all of them, then reads and asks them in
 * turn. `npm run bench -- idle-networks`. Options: `--clusters N` (2000), `--memory BYTES` (104857600), `--parallel N`
 * (4), `--json`, `--save`. Exit code 1 when an operation failed.
 */
import type { HanamiClient } from "hanami-sdk";
import { readMetric } from "../harness/builds.ts";
import { idx, picture, PIXELS } from "../harness/digits.ts";
import { readOptions } from "../harness/options.ts";
import { quantiles } from "../harness/rates.ts";
import { report, REPORT_OPTIONS } from "../harness/report.ts";
import { startBenchServer, type BenchServer } from "../harness/server.ts";
import { table } from "../harness/table.ts";
import { TEMPLATE } from "../harness/template.ts";

const options = readOptions({ ...REPORT_OPTIONS, clusters: 2000, memory: 100 * 1024 * 1024, parallel: 4 });
/** The server's memory is compared with that beside this many clusters, and when the host is full. */
const FEW = 10;
const FULL = 200;
const ROWS = 32;

interface Phase {
  name: string;
  count: number;
  perSecond: number;
  p50: number;
  p99: number;
  failures: string[];
  serverMb: number;
  attached: number;
}

async function figuresOf({ address }: BenchServer): Promise<{ serverMb: number; attached: number }> {
  const bytes = await readMetric(address, "process_resident_memory_bytes");
  return { serverMb: bytes / 1e6, attached: await readMetric(address, "hanami_host_clusters") };
}

/** Does an operation once for each item, some at once. */
async function phase<T>(
  server: BenchServer,
  name: string,
  items: T[],
  act: (item: T) => Promise<void>,
): Promise<Phase> {
  const waiting = [...items.entries()];
  const latencies: number[] = [];
  const failures: string[] = [];
  const start = performance.now();
  await Promise.all(
    Array.from({ length: options.parallel }, async () => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        const began = performance.now();
        await act(next[1]).catch((error: unknown) => failures.push(String(error)));
        latencies.push(performance.now() - began);
      }
    }),
  );
  const { p50, p99 } = quantiles(latencies);
  const perSecond = (1000 * items.length) / (performance.now() - start);
  console.error(`${name}: ${items.length}`);
  return { name, count: items.length, perSecond, p50, p99, failures, ...(await figuresOf(server)) };
}

async function uploadDigits(client: HanamiClient): Promise<string> {
  const pixels = new Uint8Array(PIXELS * ROWS);
  for (let row = 0; row < ROWS; row++) pixels.set(picture(row), PIXELS * row);
  const labels = idx(
    [ROWS],
    Uint8Array.from({ length: ROWS }, (_, row) => row % 10),
  );
  const images = idx([ROWS, 28, 28], pixels);
  return (await client.datasets.uploadMnist({ name: "digits", images, labels })).uuid;
}

async function measure(server: BenchServer): Promise<Phase[]> {
  const { client } = server;
  const dataset_uuid = await uploadDigits(client);
  const columns = (dataset_column: string, hexagon_name: string) => [{ dataset_uuid, dataset_column, hexagon_name }];
  const work = (cluster_uuid: string) => ({ name: "bench", cluster_uuid, inputs: columns("picture", "in") });
  const uuids: string[] = [];
  const make = async (seed: number) => {
    const { uuid } = await client.clusters.create({ name: `cluster ${seed}`, template: TEMPLATE, seed });
    await client.tasks.wait(await client.tasks.train({ ...work(uuid), outputs: columns("label", "out") }));
    uuids.push(uuid);
  };
  const read = async (uuid: string) => {
    const { number_of_cycles } = await client.clusters.get(uuid);
    if (number_of_cycles !== ROWS) throw new Error(`a cluster has ${number_of_cycles} cycles`);
  };
  const ask = async (uuid: string) => {
    const results = [{ dataset_column: "out", hexagon_name: "out" }];
    const answer = await client.tasks.wait(await client.tasks.request({ ...work(uuid), results }));
    await client.datasets.delete(answer.uuid);
  };
  const seeds = Array.from({ length: options.clusters }, (_, seed) => seed);
  return [
    await phase(server, "create and train", seeds.slice(0, FEW), make),
    await phase(server, "create and train", seeds.slice(FEW, FULL), make),
    await phase(server, "create and train", seeds.slice(FULL), make),
    await phase(server, "read", uuids, read),
    await phase(server, "request", uuids, ask),
    await phase(server, "read again", uuids, read),
  ];
}

process.env["HANAMI_CPU_MEMORY_BYTES"] = String(options.memory);
const server = await startBenchServer();
try {
  const phases = await measure(server);
  const rows = phases.map(({ name, count, perSecond, p50, p99, serverMb, attached, failures }) =>
    [
      name,
      count,
      perSecond.toFixed(1),
      p50.toFixed(1),
      p99.toFixed(1),
      attached,
      serverMb.toFixed(0),
      failures.length,
    ].map(String),
  );
  const text = table(["", "clusters", "per s", "p50 ms", "p99 ms", "attached", "server MB", "failed"], rows);
  const failures = phases.flatMap((each) => each.failures);
  report("idle-networks", { memory: options.memory, phases }, `\n${text}\n${failures.slice(0, 5).join("\n")}`, options);
  process.exitCode = failures.length === 0 ? 0 : 1;
} finally {
  await server.stop();
}
process.exit();
