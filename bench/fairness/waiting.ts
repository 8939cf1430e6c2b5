import { setTimeout as delay } from "node:timers/promises";
import { quantiles } from "../harness/rates.ts";
import { TEMPLATE } from "../harness/template.ts";
import { type Build, readMetric } from "./builds.ts";
import { rateOver } from "./turns.ts";

export interface WaitingFigures {
  /** Processor time of the server, as a share of one core, with the clients and without them. */
  share: number;
  idle: number;
  /** From the end of a task, as its deletion, to the answer of the client that waits for it, in ms. */
  latency: ReturnType<typeof quantiles>;
}

const SETTLE_MS = 2000;

/** Clients that wait for one task each, all in the queues of clusters that do not work on them. */
export async function measureWaiting(build: Build, clients: number, ms: number): Promise<WaitingFigures> {
  const server = await build.start();
  try {
    const { client, address } = server;
    const file = new TextEncoder().encode("in,out\n1,0\n0,1\n");
    const { uuid: dataset_uuid } = await client.datasets.uploadCsv({ name: "rows", file });
    const bind = (name: string) => [{ dataset_uuid, dataset_column: name, hexagon_name: name }];
    const { uuid: cluster_uuid } = await client.clusters.create({ name: "asked", template: TEMPLATE, seed: 1 });
    await client.clusters.setMode(cluster_uuid, "DIRECT");
    const binding = { cluster_uuid, inputs: bind("in"), outputs: bind("out") };
    const tasks = [];
    for (let n = 0; n < clients; n++) tasks.push(await client.tasks.train({ name: `task ${n}`, ...binding }));
    const processor = () => readMetric(address, "process_cpu_seconds_total");
    await delay(SETTLE_MS);
    const idle = await rateOver(ms, processor);
    const answers = tasks.map((task) =>
      server
        .login()
        .tasks.wait(task)
        .catch(() => performance.now()),
    );
    await delay(SETTLE_MS);
    const share = await rateOver(ms, processor);
    const latencies: number[] = [];
    for (const [n, task] of tasks.entries()) {
      await client.tasks.delete(task);
      const ended = performance.now();
      latencies.push(((await answers[n]) as number) - ended);
    }
    return { share, idle, latency: quantiles(latencies) };
  } finally {
    await server.stop();
  }
}
