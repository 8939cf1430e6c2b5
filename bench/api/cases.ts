import { once } from "node:events";
import autocannon from "autocannon";
import type { HanamiClient } from "hanami-sdk";
import { WebSocket } from "ws";
import { idx, label, picture, PIXELS } from "../harness/digits.ts";
import { quantiles } from "../harness/rates.ts";
import type { BenchServer } from "../harness/server.ts";
import { TEMPLATE } from "../harness/template.ts";
import { startTraining, uploadDigits } from "../harness/training.ts";

const CLUSTERS = 20;
const UPLOAD_ROWS = 60_000;
const TRAINED_ROWS = 20_000;

/** One round of one case. */
export interface Sample {
  /** Operations, or MB, per second. */
  rate: number;
  /** Milliseconds; not for uploads. */
  p50?: number;
  p99?: number;
}

export interface ApiCase {
  name: string;
  unit: string;
  /** Name of the baseline case on the bare server. */
  bare: string | undefined;
  run(): Promise<Sample>;
}

/** All cases against `server` and the bare server at `bareUrl`. All but uploads run for `seconds`. */
export async function apiCases(server: BenchServer, bareUrl: string, seconds: number): Promise<ApiCase[]> {
  return [
    ...(await requestCases(server, bareUrl, seconds)),
    ...changeCases(server.client, seconds),
    besideTrainings(server, seconds),
    ...(await directCases(server.client, bareUrl, seconds)),
    ...uploadCases(server.client, bareUrl),
  ];
}

async function requestCases({ client, address }: BenchServer, bareUrl: string, seconds: number): Promise<ApiCase[]> {
  const { token } = await client.login();
  const headers = { "X-Auth-Token": token };
  const [cluster] = await Promise.all(
    Array.from({ length: CLUSTERS }, (_, index) =>
      client.clusters.create({ name: `cluster ${index}`, template: TEMPLATE, seed: 1 }),
    ),
  );
  const api = `${address}/v1.0alpha`;
  return [1, 16].flatMap((connections) => {
    const suffix = `, ${connections} at once`;
    const bare = `GET of bare Hono${suffix}`;
    const get = (name: string, url: string, sent = {}): ApiCase => ({
      name: name + suffix,
      unit: "requests/s",
      bare: name + suffix === bare ? undefined : bare,
      run: () => requests({ url, connections, duration: seconds, headers: sent }),
    });
    return [
      get("GET of bare Hono", `${bareUrl}/rows`),
      get("GET health", `${address}/health`),
      get("GET one cluster", `${api}/cluster?uuid=${cluster!.uuid}`, headers),
      get(`GET ${CLUSTERS} clusters`, `${api}/cluster/all`, headers),
    ];
  });
}

/** Clusters that are created and deleted again. */
function changeCases(client: HanamiClient, seconds: number): ApiCase[] {
  let made = 0;
  const once = async () => {
    const { uuid } = await client.clusters.create({ name: `short-lived ${made++}`, template: TEMPLATE, seed: 1 });
    await client.clusters.delete(uuid);
  };
  return [1, 16].map((count) => ({
    name: `POST and DELETE of a cluster, ${count} at once`,
    unit: "pairs/s",
    bare: undefined,
    run: () =>
      roundTrips(
        Array.from({ length: count }, () => once),
        seconds,
      ),
  }));
}

function besideTrainings({ client, address }: BenchServer, seconds: number): ApiCase {
  let dataset: Promise<string> | undefined;
  return {
    name: "GET one cluster beside two trainings, 16 at once",
    unit: "requests/s",
    bare: undefined,
    run: async () => {
      dataset ??= uploadDigits(client, TRAINED_ROWS);
      const { token } = await client.login();
      const trainings = [];
      for (const name of ["first", "second"]) trainings.push(await startTraining(client, await dataset, name));
      const url = `${address}/v1.0alpha/cluster?uuid=${trainings[0]!.uuid}`;
      try {
        return await requests({ url, connections: 16, duration: seconds, headers: { "X-Auth-Token": token } });
      } finally {
        for (const { uuid } of trainings) await client.clusters.delete(uuid);
      }
    },
  };
}

/** GETs over a few keep-alive connections. */
async function requests(options: autocannon.Options): Promise<Sample> {
  const { requests, latency, non2xx, errors } = await autocannon(options);
  if (non2xx + errors > 0) throw new Error(`${options.url}: ${non2xx} refused, ${errors} failed`);
  return { rate: requests.average, p50: latency.p50, p99: latency.p99 };
}

type RoundTrip = () => Promise<unknown>;

async function directCases(client: HanamiClient, bareUrl: string, seconds: number): Promise<ApiCase[]> {
  const cases: ApiCase[] = [];
  for (const count of [1, 8]) {
    const clients = (open: (index: number) => Promise<RoundTrip>) =>
      Promise.all(Array.from({ length: count }, (_, index) => open(index)));
    const direct = (kind: "train" | "request") =>
      clients((index) => directClient(client, `${kind} directly ${index} of ${count}`, kind));
    const [echoed, trained, requested] = await Promise.all([
      // The length of direct IO messages.
      clients(() => echoClient(bareUrl, [3160, 64])),
      direct("train"),
      direct("request"),
    ]);
    const bare = `echo of two messages over ws, ${count} clients`;
    const unit = "trips/s";
    cases.push(
      { name: bare, unit, bare: undefined, run: () => roundTrips(echoed, seconds) },
      { name: `direct IO, train, ${count} clients`, unit, bare, run: () => roundTrips(trained, seconds) },
      { name: `direct IO, request, ${count} clients`, unit, bare, run: () => roundTrips(requested, seconds) },
    );
  }
  return cases;
}

/** Runs several clients, each with one round trip after another. */
async function roundTrips(clients: RoundTrip[], seconds: number): Promise<Sample> {
  const latencies: number[] = [];
  const start = performance.now();
  const end = start + seconds * 1000;
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
  const rate = latencies.length / ((performance.now() - start) / 1000);
  const { p50, p99 } = quantiles(latencies);
  return { rate, p50, p99 };
}

/** Sends each message after the previous answer. */
async function echoClient(url: string, messageBytes: number[]): Promise<RoundTrip> {
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

async function directClient(client: HanamiClient, name: string, kind: "train" | "request"): Promise<RoundTrip> {
  const { uuid } = await client.clusters.create({ name, template: TEMPLATE, seed: 1 });
  const io = await client.clusters.directIO(uuid);
  let row = 0;
  const train = () => io.train({ in: picture(row++) }, { out: label(row) });
  // Requests need a trained network.
  for (let cycle = 0; cycle < 100; cycle++) await train();
  return kind === "train" ? train : () => io.request({ in: picture(row++) });
}

function uploadCases(client: HanamiClient, bareUrl: string): ApiCase[] {
  const images = idx([UPLOAD_ROWS, 28, 28], new Uint8Array(PIXELS * UPLOAD_ROWS).fill(7));
  const labels = idx([UPLOAD_ROWS], new Uint8Array(UPLOAD_ROWS).fill(3));
  const megabytes = (images.length + labels.length) / 1e6;
  const upload = (name: string, bare: string | undefined, send: () => Promise<unknown>): ApiCase => ({
    name,
    unit: "MB/s",
    bare,
    async run() {
      const start = performance.now();
      await send();
      return { rate: megabytes / ((performance.now() - start) / 1000) };
    },
  });
  const bare = "PUT to bare Hono";
  return [
    upload(bare, undefined, async () => (await fetch(`${bareUrl}/file`, { method: "PUT", body: images })).text()),
    upload("upload, import included", bare, async () => {
      const { uuid } = await client.datasets.uploadMnist({ name: "uploaded", images, labels });
      await client.datasets.delete(uuid);
    }),
  ];
}
