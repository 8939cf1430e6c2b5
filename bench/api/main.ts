/**
 * Measures a whole server over its API, beside a bare Hono server: `npm run bench -- api`. Options: `--json` prints
 * nothing else, `--save` keeps the result under bench/results, `--seconds N` per case and round (2), `--only TEXT`: cases
 * whose name has this in it, and what they are compared with.
 */
import { once } from "node:events";
import { parseArgs } from "node:util";
import autocannon from "autocannon";
import { WebSocket } from "ws";
import { describeMachine, machineLine, saveResult } from "../result.ts";
import { table } from "../table.ts";
import { label, picture, startBench, TEMPLATE, type Bench } from "./clients.ts";

const { values: options } = parseArgs({
  options: {
    json: { type: "boolean" },
    save: { type: "boolean" },
    seconds: { type: "string", default: "2" },
    only: { type: "string", default: "" },
  },
});
const SECONDS = Number(options.seconds);
const ROUNDS = 5;
const CLUSTERS = 20;
const UPLOAD_ROWS = 60_000;

/** One round of one case. */
interface Sample {
  /** Operations, or MB, per second. */
  rate: number;
  /** Milliseconds; not for uploads. */
  p50?: number;
  p99?: number;
}

interface Case {
  name: string;
  unit: string;
  /** The case that it is compared with. */
  bare: string | undefined;
  run(): Promise<Sample>;
}

/** GETs over some kept connections. */
const requests =
  (url: string, connections: number, headers = {}) =>
  async (): Promise<Sample> => {
    const { requests, latency, non2xx, errors } = await autocannon({ url, connections, duration: SECONDS, headers });
    if (non2xx + errors > 0) throw new Error(`${url}: ${non2xx} refused, ${errors} failed`);
    return { rate: requests.average, p50: latency.p50, p99: latency.p99 };
  };

/** Several clients that do one round trip after another. */
const roundTrips = (clients: (() => Promise<unknown>)[]) => async (): Promise<Sample> => {
  const latencies: number[] = [];
  const start = performance.now();
  const end = start + SECONDS * 1000;
  await Promise.all(
    clients.map(async (once) => {
      for (let now = performance.now(); now < end;) {
        await once();
        const then = performance.now();
        latencies.push(then - now);
        now = then;
      }
    }),
  );
  latencies.sort((a, b) => a - b);
  const quantile = (share: number) => latencies[Math.floor(share * (latencies.length - 1))] as number;
  return { rate: latencies.length / ((performance.now() - start) / 1000), p50: quantile(0.5), p99: quantile(0.99) };
};

/** Sends messages of the size of direct IO's, each after the answer to the one before. */
async function echoClient(url: string, messageBytes: number[]): Promise<() => Promise<unknown>> {
  const socket = new WebSocket(url.replace("http", "ws"));
  await once(socket, "open");
  const messages = messageBytes.map((bytes) => new Uint8Array(bytes));
  return async () => {
    for (const message of messages) {
      socket.send(message);
      await once(socket, "message");
    }
  };
}

async function directClients({ client }: Bench, count: number, kind: "train" | "request") {
  return Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const { uuid } = await client.clusters.create({
        name: `${kind} directly ${index} of ${count}`,
        template: TEMPLATE,
        seed: 1,
      });
      const io = await client.clusters.directIO(uuid);
      let row = 0;
      const train = () => io.train({ in: picture(row++) }, { out: label(row) });
      // A request needs a network that has learned something.
      for (let cycle = 0; cycle < 100; cycle++) await train();
      return kind === "train" ? train : () => io.request({ in: picture(row++) });
    }),
  );
}

async function uploadCases({ client, bareUrl }: Bench): Promise<Case[]> {
  const images = Buffer.alloc(16 + 784 * UPLOAD_ROWS, 7);
  for (const [index, value] of [2051, UPLOAD_ROWS, 28, 28].entries()) images.writeUInt32BE(value, 4 * index);
  const labels = Buffer.alloc(8 + UPLOAD_ROWS, 3);
  for (const [index, value] of [2049, UPLOAD_ROWS].entries()) labels.writeUInt32BE(value, 4 * index);
  const megabytes = (images.length + labels.length) / 1e6;
  const timed = async (send: () => Promise<unknown>): Promise<Sample> => {
    const start = performance.now();
    await send();
    return { rate: megabytes / ((performance.now() - start) / 1000) };
  };
  const bare = "PUT to bare Hono";
  return [
    {
      name: bare,
      unit: "MB/s",
      bare: undefined,
      run: () => timed(() => fetch(`${bareUrl}/file`, { method: "PUT", body: images }).then((answer) => answer.text())),
    },
    {
      name: "upload, import included",
      unit: "MB/s",
      bare,
      run: () =>
        timed(async () => {
          const { uuid } = await client.datasets.uploadMnist({ name: "uploaded", images, labels });
          await client.datasets.delete(uuid);
        }),
    },
  ];
}

async function allCases(bench: Bench): Promise<Case[]> {
  const { client, server, bareUrl } = bench;
  const { token } = await client.login();
  const headers = { "X-Auth-Token": token };
  const created = await Promise.all(
    Array.from({ length: CLUSTERS }, (_, index) =>
      client.clusters.create({ name: `cluster ${index}`, template: TEMPLATE, seed: 1 }),
    ),
  );
  const api = `${server.address}/v1.0alpha`;
  const cases: Case[] = [];
  for (const connections of [1, 16]) {
    const suffix = `, ${connections} at once`;
    const bare = `GET of bare Hono${suffix}`;
    const get = (name: string, url: string, sent = {}) => ({
      name: name + suffix,
      unit: "requests/s",
      bare: name + suffix === bare ? undefined : bare,
      run: requests(url, connections, sent),
    });
    cases.push(
      get("GET of bare Hono", `${bareUrl}/rows`),
      get("GET health", `${server.address}/health`),
      get("GET one cluster", `${api}/cluster?uuid=${created[0]?.uuid}`, headers),
      get(`GET ${CLUSTERS} clusters`, `${api}/cluster/all`, headers),
    );
  }
  for (const count of [1, 8]) {
    const suffix = `, ${count} clients`;
    const sizes = [3160, 64];
    const [echoed, trained, requested] = await Promise.all([
      Promise.all(Array.from({ length: count }, () => echoClient(bareUrl, sizes))),
      directClients(bench, count, "train"),
      directClients(bench, count, "request"),
    ]);
    const bare = `echo of two messages over ws${suffix}`;
    cases.push(
      { name: bare, unit: "trips/s", bare: undefined, run: roundTrips(echoed) },
      { name: `direct IO, train${suffix}`, unit: "trips/s", bare, run: roundTrips(trained) },
      { name: `direct IO, request${suffix}`, unit: "trips/s", bare, run: roundTrips(requested) },
    );
  }
  return [...cases, ...(await uploadCases(bench))];
}

interface Result {
  name: string;
  unit: string;
  median: number;
  low: number;
  high: number;
  p50?: number;
  p99?: number;
  /** Of the bare server's rate. */
  ratio?: number;
}

const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] as number;

function summarise({ name, unit }: Case, samples: Sample[]): Result {
  const rates = samples.map(({ rate }) => rate);
  const result: Result = { name, unit, median: median(rates), low: Math.min(...rates), high: Math.max(...rates) };
  if (samples[0]?.p99 === undefined) return result;
  return {
    ...result,
    p50: median(samples.map(({ p50 }) => p50 as number)),
    p99: median(samples.map(({ p99 }) => p99 as number)),
  };
}

async function measureAll(bench: Bench): Promise<Result[]> {
  const all = await allCases(bench);
  const chosen = all.filter(({ name }) => name.includes(options.only));
  const compared = new Set(chosen.map(({ bare }) => bare));
  const cases = all.filter((each) => chosen.includes(each) || compared.has(each.name));
  const samples = cases.map((): Sample[] => []);
  // In turn, round after round: whatever else the machine does meets all of them alike. The first round warms up.
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [index, each] of cases.entries()) {
      const sample = await each.run();
      if (round > 0) samples[index]?.push(sample);
    }
    if (!options.json) process.stderr.write(`round ${round} of ${ROUNDS}\n`);
  }
  const results = cases.map((each, index) => summarise(each, samples[index] as Sample[]));
  const rateOf = new Map(results.map(({ name, median: rate }) => [name, rate]));
  return results.map((result, index) => {
    const bare = cases[index]?.bare;
    return bare === undefined ? result : { ...result, ratio: result.median / (rateOf.get(bare) as number) };
  });
}

const bench = await startBench();
try {
  const results = await measureAll(bench);
  const result = { ...describeMachine(), rounds: ROUNDS, secondsPerCase: SECONDS, results };
  if (options.json) console.log(JSON.stringify(result, null, 2));
  else {
    const rows = results.map(({ name, unit, median: rate, low, high, p50, p99, ratio }) => [
      name,
      `${Math.round(rate)} (${Math.round(low)}–${Math.round(high)}) ${unit}`,
      p50 === undefined ? "" : p50.toFixed(2),
      p99 === undefined ? "" : p99.toFixed(2),
      ratio === undefined ? "" : ratio.toPrecision(2),
    ]);
    console.log(`${machineLine(result)}\n`);
    console.log(table(["", "median (lowest–highest)", "p50 ms", "p99 ms", "of bare"], rows));
  }
  if (options.save) console.log(`kept in ${saveResult("api", result)}`);
} finally {
  await bench.stop();
}
// The sockets of the clients are still open.
process.exit();
