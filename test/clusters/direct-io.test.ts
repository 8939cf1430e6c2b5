import { readdir, readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import {
  type ClusterIOMessage,
  clusterProcessType,
  decodeClusterIO,
  encodeClusterIO,
  targetBufferType,
} from "../../src/api/websocket/protobuf.ts";
import {
  argMax,
  makeCluster,
  makeDataset,
  oneHot,
  pixel,
  smallTemplate,
  startRequest,
  startTrain,
  stateOf,
  untilFinished,
} from "../support/compute.ts";
import { parseConfig } from "../../src/config.ts";
import { connectDirect, type DirectClient } from "../support/direct-client.ts";
import { createTestApp, type TestApp } from "../support/test-app.ts";

let app: TestApp;
let url: string;
let dataset: string;

beforeAll(async () => {
  app = await createTestApp();
  ({ url } = await app.server.listen());
  dataset = await makeDataset(app.app, { rows: 200 });
});
afterAll(() => app.close());

const { input, expected } = targetBufferType;
const { train, request } = clusterProcessType;
const ack = "18012801320400000000";
const trainEnd = `1001${ack}`;
/** Nothing but field 7, a string of less than 128 bytes. */
const refusal = (reason: string) => Buffer.concat([Buffer.from([0x3a, reason.length]), Buffer.from(reason)]);

const setMode = (uuid: string, new_state: string) =>
  app.request("PUT", "/cluster/set_mode", { body: { uuid, new_state } });

async function directCluster(name: string, template = smallTemplate, server = app): Promise<string> {
  const uuid = await makeCluster(server, { name, template });
  (await server.request("PUT", "/cluster/set_mode", { body: { uuid, new_state: "DIRECT" } })).json();
  return uuid;
}

const connect = (uuid: string, token = app.token, at = url) => connectDirect(at, { token, uuid });

const picture = (row: number) => Float32Array.from({ length: 16 }, (_, column) => pixel(row, column));
const label = (row: number) => Float32Array.from({ length: 8 }, (_, column) => oneHot(row, column));

async function trainOnce({ ask }: DirectClient, row: number): Promise<string[]> {
  const base = { processType: train };
  return [
    await ask({ ...base, bufferName: "picture_hex", targetBufferType: input, values: picture(row) }),
    await ask({ ...base, bufferName: "label_hex", targetBufferType: expected, isLast: true, values: label(row) }),
  ].map((answer) => answer.toString("hex"));
}

const lastPicture = (row: number) => ({
  bufferName: "picture_hex",
  processType: request,
  targetBufferType: input,
  isLast: true,
  values: picture(row),
});

test("training and asking, message by message, as the clients do it", async () => {
  const cluster = await directCluster("direct");
  const client = await connect(cluster);
  expect(client.hello).toEqual({ success: true, uuid: expect.any(String) });
  for (let row = 0; row < 400; row++) expect(await trainOnce(client, row)).toEqual([ack, trainEnd]);
  let right = 0;
  for (let row = 0; row < 16; row++) {
    const answer = decodeClusterIO(await client.ask(lastPicture(row))) as ClusterIOMessage;
    expect(answer).toMatchObject({ bufferName: "label_hex", isLast: false, processType: request, numberOfValues: 8 });
    if (argMax([...answer.values]) === row % 8) right += 1;
  }
  expect(right).toBeGreaterThan(14);
  expect(client.arrived).toEqual([]);
  const shown = (await app.request("GET", "/cluster", { query: { uuid: cluster } })).json();
  expect(shown).toMatchObject({ mode: "DIRECT", number_of_cycles: 400 });

  // What was learned is on disk with the switch, and tasks go on from there.
  const state = await stateOf(app.app, cluster);
  expect((await setMode(cluster, "TASK")).status).toBe(200);
  client.socket.close();
  const task = await startRequest(app, cluster, dataset);
  await untilFinished(app, cluster, task.uuid);
  await app.restart();
  ({ url } = await app.server.listen());
  expect((await stateOf(app.app, cluster)).equals(state)).toBe(true);
});

test("what was learned directly is on disk after a few seconds, without any end", async () => {
  const cluster = await directCluster("durable");
  const client = await connect(cluster);
  for (let row = 0; row < 20; row++) await trainOnce(client, row);
  const { clusters } = app.app.storage;

  const snapshot = async () =>
    (await readdir(clusters)).find((name) => name.startsWith(cluster) && name.endsWith(".safetensors"));
  await expect.poll(snapshot, { timeout: 20_000 }).toBeDefined();
  const saved = await readFile(`${clusters}/${await snapshot()}`);
  expect(saved.equals(await stateOf(app.app, cluster))).toBe(true);
});

test("an untrained cluster answers, and values that are not sent again stay", async () => {
  const cluster = await directCluster("untrained");
  const client = await connect(cluster);
  const answer = decodeClusterIO(await client.ask(lastPicture(0)));
  expect(answer).toMatchObject({ bufferName: "label_hex", numberOfValues: 0 });
  await trainOnce(client, 1);
  const again = { ...lastPicture(1), values: new Float32Array(0) };
  const whole = decodeClusterIO(await client.ask(lastPicture(1)));
  expect(whole?.values).toHaveLength(8);
  expect(decodeClusterIO(await client.ask(again))?.values).toEqual(whole?.values);
});

test("the smaller of announced and sent values counts", async () => {
  const cluster = await directCluster("numbers");
  const client = await connect(cluster);
  await trainOnce(client, 0);
  const whole = decodeClusterIO(await client.ask(lastPicture(0)));
  // Field 5 says 1000, field 6 holds one value: only the first pixel is written again.
  const bytes = Buffer.from(encodeClusterIO({ ...lastPicture(0), values: picture(0).slice(0, 1) }));
  const at = bytes.indexOf(Buffer.from([0x28, 0x01, 0x32]));
  const lying = Buffer.concat([bytes.subarray(0, at), Buffer.from([0x28, 0xe8, 0x07]), bytes.subarray(at + 2)]);
  client.socket.send(lying);
  expect(decodeClusterIO(await client.next())?.values).toEqual(whole?.values);
});

test("several outputs are sent right after each other, by name", async () => {
  const template = smallTemplate
    .replace("    3,1,1\ninputs", "    3,1,1\n    2,2,1\ninputs")
    .replace("label_hex: 3,1,1", "zebra: 3,1,1\n    apple: 2,2,1");
  const cluster = await directCluster("several", template);
  const client = await connect(cluster);
  await client.ask({ bufferName: "zebra", processType: train, targetBufferType: expected, values: label(0) });
  await client.ask({
    bufferName: "apple",
    processType: train,
    targetBufferType: expected,
    values: label(0).slice(0, 3),
  });
  const last = { ...lastPicture(0), processType: train };
  expect((await client.ask(last)).toString("hex")).toBe(trainEnd);
  const answers = [decodeClusterIO(await client.ask(lastPicture(0))), decodeClusterIO(await client.next())];
  expect(answers.map((answer) => [answer?.bufferName, answer?.numberOfValues])).toEqual([
    ["apple", 3],
    ["zebra", 8],
  ]);
});

test.each<[string, Uint8Array, number, string]>([
  ["bytes that are no message", Buffer.from("ffff", "hex"), 1003, "Got invalid ClusterIO-Message"],
  [
    "an unknown input",
    encodeClusterIO({ ...lastPicture(0), bufferName: "nope" }),
    1008,
    "Cluster has no input with name 'nope'",
  ],
  [
    "an unknown output",
    encodeClusterIO({ ...lastPicture(0), targetBufferType: expected }),
    1008,
    "Cluster has no output with name 'picture_hex'",
  ],
  [
    "an output buffer",
    encodeClusterIO({ ...lastPicture(0), targetBufferType: targetBufferType.output }),
    1008,
    "Values can only be sent to input- and expected-buffers",
  ],
  ["an unknown process type", encodeClusterIO({ ...lastPicture(0), processType: 7 }), 1008, "Unknown process-type 7"],
])(
  "%s is answered with a reason before the socket closes, and the cluster stays usable",
  async (name, bytes, code, reason) => {
    const cluster = await directCluster(name);
    const client = await connect(cluster);
    client.socket.send(bytes);
    expect(await client.closed).toEqual({ code, reason });
    expect(client.arrived).toEqual([refusal(reason)]);
    expect(await trainOnce(await connect(cluster), 0)).toEqual([ack, trainEnd]);
  },
);

test("a cluster that is not in DIRECT mode, or not the caller's, is refused", async () => {
  const cluster = await makeCluster(app, { name: "in task mode" });
  expect((await connect(cluster)).hello).toEqual({ success: false, error: "The cluster is not in DIRECT mode" });
  await setMode(cluster, "DIRECT");
  const token = await app.addUser({ id: "stranger", projectId: "elsewhere" });
  const error = `Cluster with UUID '${cluster}' not found`;
  expect((await connect(cluster, token)).hello).toEqual({ success: false, error });
});

test("a socket outlives a spell in TASK mode, but cannot compute then", async () => {
  const cluster = await directCluster("changing");
  const client = await connect(cluster);
  await trainOnce(client, 0);
  await setMode(cluster, "TASK");
  const task = await startTrain(app, cluster, dataset);
  await untilFinished(app, cluster, task.uuid);
  await setMode(cluster, "DIRECT");
  expect(await trainOnce(client, 1)).toEqual([ack, trainEnd]);
  await setMode(cluster, "TASK");
  client.send(lastPicture(0));
  const reason = "The cluster is not in DIRECT mode";
  expect(await client.closed).toEqual({ code: 1008, reason });
  expect(client.arrived).toEqual([refusal(reason)]);
});

test("deleting the cluster closes its sockets with the reason", async () => {
  const cluster = await directCluster("short-lived");
  const client = await connect(cluster);
  await trainOnce(client, 0);
  expect((await app.request("DELETE", "/cluster", { query: { uuid: cluster } })).status).toBe(200);
  expect(await client.closed).toEqual({ code: 1001, reason: "The cluster was deleted" });
});

test("two sockets of one cluster keep their own buffers", async () => {
  const cluster = await directCluster("two lines");
  const [a, b] = [await connect(cluster), await connect(cluster)];
  for (let row = 0; row < 40; row++) await trainOnce(a, row);
  const empty = { ...lastPicture(0), values: new Float32Array(0) };
  await a.ask(lastPicture(3));
  const [ofA, ofB] = [decodeClusterIO(await a.ask(empty)), decodeClusterIO(await b.ask(empty))];
  expect(ofA?.values).not.toEqual(ofB?.values);
});

test("the buffers of a socket hold what four of the longest messages hold, and no more", async () => {
  const { limits } = parseConfig({ HANAMI_MAX_MESSAGE_BYTES: "4096" });
  const small = await createTestApp({ config: { limits } });
  onTestFinished(() => small.close());
  const names = ["a", "b", "c", "d", "e"];
  const template = `version: 1 settings: hexagons: -1,0,0 ${names.map((_, i) => `${i},0,0`).join(" ")}
    inputs: ${names.map((name, i) => `${name}: ${i},0,0`).join(" ")} outputs: out: -1,0,0`;
  const cluster = await directCluster("wide", template, small);
  const client = await connect(cluster, small.token, (await small.server.listen()).url);
  // 4000 bytes each: four of them fit into 16384, and so does any of them again.
  const values = new Float32Array(1000);
  for (const bufferName of [...names.slice(0, 4), "a", "d"]) {
    expect((await client.ask({ bufferName, values })).toString("hex")).toBe(ack);
  }
  const reason = "The buffers would hold 20000 bytes, but at most 16384 are possible";
  expect(await client.ask({ bufferName: "e", values })).toEqual(refusal(reason));
  expect(await client.closed).toEqual({ code: 1008, reason });
});
