import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { quantiles } from "../harness/rates.ts";
import { TEMPLATE } from "../harness/template.ts";
import type { Build } from "../harness/builds.ts";
import { rateOver } from "./turns.ts";

export interface WaitingFigures {
  /** Processor time that the server takes for the clients, as a share of one core, and that it takes without them. */
  share: number;
  idle: number;
  /** Requests per second of all clients. */
  asked: number;
  /** From the end of a task, as its deletion, to the answer of the client that waits for it, in ms. */
  latency: ReturnType<typeof quantiles>;
}

const SETTLE_MS = 5000;
/** Of the times in /proc. */
const TICKS_PER_SECOND = Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));

/** Clients that wait for one task each, all in the queues of clusters that do not work on them. */
export async function measureWaiting(build: Build, clients: number, ms: number): Promise<WaitingFigures> {
  const server = await build.start();
  try {
    const { client } = server;
    const pid = serverProcess();
    const file = new TextEncoder().encode("in,out\n1,0\n0,1\n");
    const { uuid: dataset_uuid } = await client.datasets.uploadCsv({ name: "rows", file });
    const bind = (name: string) => [{ dataset_uuid, dataset_column: name, hexagon_name: name }];
    const { uuid: cluster_uuid } = await client.clusters.create({ name: "asked", template: TEMPLATE, seed: 1 });
    await client.clusters.setMode(cluster_uuid, "DIRECT");
    const binding = { cluster_uuid, inputs: bind("in"), outputs: bind("out") };
    const tasks = [];
    for (let n = 0; n < clients; n++) tasks.push(await client.tasks.train({ name: `task ${n}`, ...binding }));
    let requests = 0;
    const counted: typeof fetch = (input, init) => {
      requests += 1;
      return fetch(input, init);
    };
    const waiters = tasks.map(() => server.login({ fetch: counted }));
    for (const waiter of waiters) await waiter.login();
    const processor = async () => processorSeconds(pid);
    await delay(SETTLE_MS);
    const idle = await rateOver(ms, processor);
    const answers = tasks.map((task, n) => waiters[n]!.tasks.wait(task).catch(() => performance.now()));
    await delay(SETTLE_MS);
    const [share, asked] = await Promise.all([rateOver(ms, processor), rateOver(ms, async () => requests)]);
    const latencies: number[] = [];
    for (const [n, task] of tasks.entries()) {
      await client.tasks.delete(task);
      const ended = performance.now();
      latencies.push(((await answers[n]) as number) - ended);
    }
    return { share: share - idle, idle, asked, latency: quantiles(latencies) };
  } finally {
    await server.stop();
  }
}

/** The process of the server that is a child of this one. */
function serverProcess(): string {
  const children = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, "latin1").trim().split(" ");
  const found = children.find((pid) => readFileSync(`/proc/${pid}/cmdline`, "latin1").includes("src/main.js"));
  if (found === undefined) throw new Error("The server is not a child of this process.");
  return found;
}

/** Processor time of a process on Linux. Its `/metrics` would start a timer that takes more than the clients. */
function processorSeconds(pid: string): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  // Behind the name, which may contain blanks: user and system time are the fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}
