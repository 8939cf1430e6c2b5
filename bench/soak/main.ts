/**
 * Minutes of mixed load on one server: readers, uploads, training, requests and direct IO, beside clients that never
 * read, never finish or vanish. `npm run bench -- soak`. Options: `--minutes N` (3), `--windows N` (9), `--json`,
 * `--save`. Exit code 1 when an operation failed, or when latency or memory grew beyond its bound.
 */
import { once } from "node:events";
import { connect } from "node:net";
import { NotFoundError, type HanamiClient } from "hanami-sdk";
import { idx, label, picture, PIXELS } from "../harness/digits.ts";
import { readOptions } from "../harness/options.ts";
import { quantiles, rateOf } from "../harness/rates.ts";
import { report, REPORT_OPTIONS } from "../harness/report.ts";
import { startBenchServer, type BenchServer } from "../harness/server.ts";
import { table } from "../harness/table.ts";
import { TEMPLATE } from "../harness/template.ts";
import { holdSockets, holdUploads } from "./slow-clients.ts";

const options = readOptions({ ...REPORT_OPTIONS, minutes: 3, windows: 9 });
const WINDOW_MS = (options.minutes * 60_000) / options.windows;
const READERS = 4;
const DIRECT = 2;
const SLOW = 8;
const ROWS = 2000;
/**
 * Allowed growth from the first to the last third of the windows: a factor for latency, a factor plus MB for memory.
 */
const LATENCY_FACTOR = 2;
const MEMORY_FACTOR = 1.1;
const MEMORY_MARGIN_MB = 40;

interface Window {
  reads: number;
  p50: number;
  p99: number;
  /** Completed operations of all other clients. */
  operations: number;
  memoryMb: number;
}

/** The clients' records, window by window. */
class Notes {
  readonly failures: string[] = [];
  #latencies: number[] = [];
  #operations = 0;

  read(ms: number): void {
    this.#latencies.push(ms);
  }

  done(): void {
    this.#operations++;
  }

  take(memoryMb: number): Window {
    const { p50, p99 } = quantiles(this.#latencies);
    const window = { reads: this.#latencies.length, p50, p99, operations: this.#operations, memoryMb };
    this.#latencies = [];
    this.#operations = 0;
    return window;
  }
}

type Step = (round: number) => Promise<void>;

function mnistFiles() {
  const pixels = new Uint8Array(PIXELS * ROWS);
  for (let row = 0; row < ROWS; row++) pixels.set(picture(row), PIXELS * row);
  const classes = Uint8Array.from({ length: ROWS }, (_, row) => row % 10);
  return { images: idx([ROWS, 28, 28], pixels), labels: idx([ROWS], classes) };
}

function reader(client: HanamiClient, notes: Notes): Step {
  return async () => {
    const start = performance.now();
    const [cluster] = await client.clusters.list();
    if (cluster !== undefined) await client.clusters.get(cluster.uuid).catch(ignoreGone);
    notes.read(performance.now() - start);
  };
}

/** Another client may have deleted it in the meantime. */
function ignoreGone(error: unknown): undefined {
  if (error instanceof NotFoundError) return undefined;
  throw error;
}

/** Takes a dataset from its upload to its deletion, with a cluster that trains on it, is saved and answers requests. */
function worker(client: HanamiClient, name: string): Step {
  const files = mnistFiles();
  return async (round) => {
    const dataset = await client.datasets.uploadMnist({ name: `${name} ${round}`, ...files });
    const cluster = await client.clusters.create({ name: `${name} ${round}`, template: TEMPLATE, seed: round });
    const columns = (dataset_column: string, hexagon_name: string) => [
      { dataset_uuid: dataset.uuid, dataset_column, hexagon_name },
    ];
    const inputs = columns("picture", "in");
    const work = { name: "soak", cluster_uuid: cluster.uuid, inputs };
    await client.tasks.wait(await client.tasks.train({ ...work, outputs: columns("label", "out") }));
    const { uuid } = await client.clusters.save({ cluster_uuid: cluster.uuid, name: "soak" });
    await client.tasks.wait({ uuid, cluster_uuid: cluster.uuid });
    const request = { ...work, results: [{ dataset_column: "out", hexagon_name: "out" }] };
    const answer = await client.tasks.wait(await client.tasks.request(request));
    await client.datasets.delete(answer.uuid);
    await client.checkpoints.delete(uuid);
    await client.clusters.delete(cluster.uuid);
    await client.datasets.delete(dataset.uuid);
  };
}

async function direct(client: HanamiClient, name: string): Promise<Step> {
  const { uuid } = await client.clusters.create({ name, template: TEMPLATE, seed: 1 });
  const io = await client.clusters.directIO(uuid);
  return async (round) => {
    await io.train({ in: picture(round) }, { out: label(round) });
    await io.request({ in: picture(round) });
  };
}

/** Sends half a request and hangs up. */
function vanishing(address: string): Step {
  const { hostname, port } = new URL(address);
  return async () => {
    const socket = connect(Number(port), hostname);
    await once(socket, "connect");
    socket.write("POST /v1.0alpha/token HTTP/1.1\r\nHost: any\r\nContent-Length: 100\r\n\r\n{");
    socket.destroy();
  };
}

async function repeat(step: Step, notes: Notes, isOver: () => boolean): Promise<void> {
  for (let round = 0; !isOver(); round++) {
    try {
      await step(round);
      notes.done();
    } catch (error) {
      notes.failures.push(String(error));
      if (notes.failures.length >= 20) return;
    }
  }
}

async function memoryMb({ client, address }: BenchServer): Promise<number> {
  const { token } = await client.login();
  const answer = await fetch(`${address}/metrics`, { headers: { "X-Auth-Token": token } });
  const bytes = /^process_resident_memory_bytes (\S+)$/m.exec(await answer.text())?.[1];
  return Number(bytes) / 1e6;
}

/** Returns what failed, stalled or grew. */
function verdict(windows: Window[], notes: Notes): string[] {
  const third = Math.ceil(windows.length / 3);
  const median = (part: Window[], key: "p99" | "memoryMb") => rateOf(part.map((window) => window[key])).median;
  const [first, last] = [windows.slice(0, third), windows.slice(-third)];
  const problems = notes.failures.slice(0, 5).map((failure) => `failed: ${failure}`);
  if (!(median(last, "p99") <= LATENCY_FACTOR * median(first, "p99"))) problems.push("the p99 did not hold");
  if (!(median(last, "memoryMb") <= MEMORY_FACTOR * median(first, "memoryMb") + MEMORY_MARGIN_MB)) {
    problems.push("the memory grew");
  }
  return problems;
}

async function soak(server: BenchServer): Promise<{ windows: Window[]; problems: string[] }> {
  const { client, address } = server;
  const notes = new Notes();
  let over = false;
  const directs = await Promise.all(Array.from({ length: DIRECT }, (_, index) => direct(client, `direct ${index}`)));
  const held = [await holdSockets(server, SLOW), await holdUploads(server, SLOW)];
  const steps = [
    ...Array.from({ length: READERS }, () => reader(client, notes)),
    worker(client, "worker a"),
    worker(client, "worker b"),
    ...directs,
    vanishing(address),
  ];
  const running = Promise.all(steps.map((step) => repeat(step, notes, () => over)));
  const windows: Window[] = [];
  for (let index = 0; index < options.windows; index++) {
    await new Promise((resolve) => setTimeout(resolve, WINDOW_MS));
    windows.push(notes.take(await memoryMb(server)));
    console.error(`window ${index + 1} of ${options.windows}`);
  }
  over = true;
  await running;
  for (const release of held) release();
  return { windows, problems: verdict(windows, notes) };
}

const server = await startBenchServer();
try {
  const { windows, problems } = await soak(server);
  const rows = windows.map(({ reads, p50, p99, operations, memoryMb: memory }, index) =>
    [index + 1, reads, p50.toFixed(1), p99.toFixed(1), operations, memory.toFixed(0)].map(String),
  );
  const text = table(["window", "reads", "p50 ms", "p99 ms", "all operations", "server MB"], rows);
  const verdictText = problems.length === 0 ? "latency and memory held, nothing failed" : problems.join("\n");
  const figures = { windowSeconds: WINDOW_MS / 1000, windows, problems };
  report("soak", figures, `\n${text}\n${verdictText}`, options);
  process.exitCode = problems.length === 0 ? 0 : 1;
} finally {
  await server.stop();
}
process.exit();
