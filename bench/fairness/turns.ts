import { setTimeout as delay } from "node:timers/promises";
import type { HanamiClient } from "hanami-sdk";
import { label, picture } from "../harness/digits.ts";
import { quantiles } from "../harness/rates.ts";
import { TEMPLATE } from "../harness/template.ts";
import { startTraining, uploadDigits } from "../harness/training.ts";
import type { BenchServer } from "../harness/server.ts";
import { type Build, readMetric } from "../harness/builds.ts";

type Quantiles = ReturnType<typeof quantiles>;

/** Samples per second of all trainings, and the latencies of requests by direct IO in ms. */
export interface TurnFigures {
  /** Before direct IO begins. */
  alone: number;
  beside: number;
  /** Of a second of the server's processor time, beside direct IO. */
  perCpuSecond: number;
  /** Share of the time in which the host computes trainings, beside direct IO. */
  busy: number;
  /** In the project of the trainings, or of the first of them. */
  own: Quantiles;
  /** In a project without trainings. */
  other: Quantiles;
}

interface TurnTimes {
  /** Duration of the case. */
  ms: number;
  /** Between an answer of direct IO and the next question. */
  pauseMs: number;
}

interface TurnCase {
  name: string;
  measure: (build: Build, times: TurnTimes) => Promise<TurnFigures>;
}

const ROWS = 20_000;
const WARM_UP_MS = 5000;
const SAMPLES_FIRST = 100;
const OTHER_PROJECT = "other";

/** These numbers of trainings, in one project and in a project each. */
export function turnCases(counts: number[]): TurnCase[] {
  return counts.flatMap((count) => {
    const one = { name: `${count}, one project`, projects: 1 };
    const cases = count === 1 ? [one] : [one, { name: `${count}, a project each`, projects: count }];
    return cases.map(({ name, projects }) => ({
      name,
      measure: (build: Build, times: TurnTimes) => measureTurns(build, { count, projects, ...times }),
    }));
  });
}

async function measureTurns(
  build: Build,
  { count, projects, ms, pauseMs }: TurnTimes & { count: number; projects: number },
): Promise<TurnFigures> {
  const server = await build.start();
  try {
    const { client, address } = server;
    const clients: HanamiClient[] = [];
    for (let n = 0; n < projects; n++) clients.push(await inProject(server, `trains${n}`));
    const dataset = await uploadDigits(client, ROWS);
    const own = await openDirect(clients[0]!, "own");
    const other = await openDirect(await inProject(server, OTHER_PROJECT), "other");
    for (let n = 0; n < count; n++) await startTraining(clients[n % projects]!, dataset, `training ${n}`);
    const samples = () => readMetric(address, "hanami_cycles_total", 'kind="train"');
    await delay(WARM_UP_MS);
    const alone = await rateOver(ms / 2, samples);
    const end = performance.now() + ms;
    const asked = { end, pauseMs };
    const [beside, cpu, busy, ...latencies] = await Promise.all([
      rateOver(ms, samples),
      rateOver(ms, () => readMetric(address, "process_cpu_seconds_total")),
      rateOver(ms, () => readMetric(address, "hanami_compute_seconds_total", 'kind="train"')),
      askUntil(own, asked),
      askUntil(other, asked),
    ]);
    const [ofOwn, ofOther] = latencies.map(quantiles) as [Quantiles, Quantiles];
    return { alone, beside, perCpuSecond: beside / cpu, busy, own: ofOwn, other: ofOther };
  } finally {
    await server.stop();
  }
}

/** The administrator in this project, which is created unless it exists. */
async function inProject({ login, client }: BenchServer, id: string): Promise<HanamiClient> {
  await client.projects.get(id).catch(() => client.projects.create({ id, name: id }));
  const there = login();
  await there.switchProject(id);
  return there;
}

async function openDirect(client: HanamiClient, name: string): Promise<(row: number) => Promise<unknown>> {
  const { uuid } = await client.clusters.create({ name: `asked by ${name}`, template: TEMPLATE, seed: 1 });
  const io = await client.clusters.directIO(uuid);
  for (let row = 0; row < SAMPLES_FIRST; row++) await io.train({ in: picture(row) }, { out: label(row) });
  return (row) => io.request({ in: picture(row) });
}

/** Latencies of questions until `end`, in ms. */
async function askUntil(
  ask: (row: number) => Promise<unknown>,
  { end, pauseMs }: { end: number; pauseMs: number },
): Promise<number[]> {
  const latencies: number[] = [];
  for (let row = 0; performance.now() < end; row++) {
    const start = performance.now();
    await ask(row);
    latencies.push(performance.now() - start);
    await delay(pauseMs);
  }
  return latencies;
}

/** How fast a count grows, per second. */
export async function rateOver(ms: number, read: () => Promise<number>): Promise<number> {
  const [before, start] = [await read(), performance.now()];
  await delay(ms);
  return ((await read()) - before) / ((performance.now() - start) / 1000);
}
