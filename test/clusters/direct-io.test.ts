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
import { parseConfig } from "../../src/server/config.ts";
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
/** Only field 7, a string of less than 128 bytes. */
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

test("training and requests, message by message, as clients do it", async () => {
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

  // The switch saves what was learned, and tasks continue from there.
  const state = await stateOf(app.app, cluster);
  expect((await setMode(cluster, "TASK")).status).toBe(200);
  client.socket.close();
  const task = await startRequest(app, cluster, dataset);
  await untilFinished(app, cluster, task.uuid);
  await app.restart();
  ({ url } = await app.server.listen());
  expect((await stateOf(app.app, cluster)).equals(state)).toBe(true);
});

test("what was learned by direct IO is on disk after a few seconds, without a regular end", async () => {
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

test("a request with more values of an input than were learnt is refused", async () => {
  const cluster = await directCluster("too wide");
  const client = await connect(cluster);
  await trainOnce(client, 1);
  expect((await client.ask(lastPicture(1))).length).toBeGreaterThan(0);
  const wide = await client.ask({ ...lastPicture(1), values: new Float32Array(17) });
  const reason = "'picture_hex' has 17 values, but the network has learnt only 16 of them";
  expect(wide.equals(refusal(reason))).toBe(true);
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

const message = encodeClusterIO({ ...lastPicture(0), processType: train });
const with5 = (value: number) => encodeClusterIO({ ...lastPicture(0), values: new Float32Array(5).fill(value) });
const invalid = "Got invalid ClusterIO-Message";

/** The message with another number of values; the field is 2 bytes long. */
function saying(count: string): Buffer {
  const bytes = Buffer.from(message);
  const at = bytes.indexOf(Buffer.from([0x28, 0x10]));
  return Buffer.concat([bytes.subarray(0, at), Buffer.from(count, "hex"), bytes.subarray(at + 2)]);
}
/** A valid message followed by further bytes. */
const followedBy = (hex: string) => Buffer.concat([message, Buffer.from(hex, "hex")]);

test.each<[string, Uint8Array, number, string]>([
  ["bytes that are no message", Buffer.from("ffff", "hex"), 1003, invalid],
  ["a message that ends too early", message.subarray(0, -1), 1003, invalid],
  ["a number where a name belongs", followedBy("0805"), 1003, invalid],
  ["a text where a number belongs", followedBy("2a0161"), 1003, invalid],
  ["a text where a flag belongs", followedBy("120100"), 1003, invalid],
  ["values of eight bytes", followedBy("310000000000000000"), 1003, invalid],
  ["five bytes of packed values", followedBy("32050000000000"), 1003, invalid],
  ["a group that does not end", followedBy("5b"), 1003, invalid],
  ["field 0", followedBy("0000"), 1003, invalid],
  ["nothing at all", Buffer.alloc(0), 1008, "Values without the name of an input or output"],
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
  [
    "an unknown buffer",
    encodeClusterIO({ ...lastPicture(0), targetBufferType: 9 }),
    1008,
    "Values can only be sent to input- and expected-buffers",
  ],
  ["an unknown process type", encodeClusterIO({ ...lastPicture(0), processType: 7 }), 1008, "Unknown process-type 7"],
  ["more values than it says", saying("280f"), 1008, "The message says 15 values, but has 16"],
  ["fewer values than it says", saying("2811"), 1008, "The message says 17 values, but has 16"],
  ["no number of values", saying(""), 1008, "The message says 0 values, but has 16"],
  [
    "an endless number of values",
    saying("28ffffffffffffffffff01"),
    1008,
    "The message says 18446744073709552000 values, but has 16",
  ],
  [
    "values a second time and in a piece of their own",
    followedBy("32040000803f"),
    1008,
    "The message says 16 values, but has 17",
  ],
  ["not a number", with5(NaN), 1008, "Value 0 of 'picture_hex' is NaN, not a finite number"],
  ["infinity", with5(Infinity), 1008, "Value 0 of 'picture_hex' is Infinity, not a finite number"],
  [
    "what is infinite as a 32-bit float",
    with5(-1e39),
    1008,
    "Value 0 of 'picture_hex' is -Infinity, not a finite number",
  ],
  [
    "NaN that is expected",
    encodeClusterIO({ bufferName: "label_hex", targetBufferType: expected, values: Float32Array.of(0, NaN) }),
    1008,
    "Value 1 of 'label_hex' is NaN, not a finite number",
  ],
])(
  "%s is answered with a reason before the socket closes, and messages before and after it train nothing",
  async (name, bytes, code, reason) => {
    const cluster = await directCluster(name);
    await trainOnce(await connect(cluster), 0);
    const before = await stateOf(app.app, cluster);
    const client = await connect(cluster);
    await client.ask({ bufferName: "picture_hex", processType: train, targetBufferType: input, values: picture(1) });
    client.socket.send(bytes);
    // Without waiting, so that the server has them before the client sees the refusal.
    for (let more = 0; more < 20; more++) client.socket.send(message);
    expect(await client.closed).toEqual({ code, reason });
    expect(client.arrived).toEqual([refusal(reason)]);
    expect((await stateOf(app.app, cluster)).equals(before)).toBe(true);
    expect(await trainOnce(await connect(cluster), 0)).toEqual([ack, trainEnd]);
  },
);

/** Starts a separate server with a cluster whose inputs may have this many values, and whose outputs may have 8. */
async function openNarrow(inputValues: string) {
  const { limits } = parseConfig({ HANAMI_MAX_INPUT_VALUES: inputValues, HANAMI_MAX_OUTPUT_VALUES: "8" });
  const narrow = await createTestApp({ config: { limits } });
  onTestFinished(() => narrow.close());
  const { url: at } = await narrow.server.listen();
  return { narrow, at, cluster: await directCluster("narrow", smallTemplate, narrow) };
}

test("inputs and outputs may be as wide as the server's limits, and no wider", async () => {
  const { narrow, at, cluster } = await openNarrow("16");
  expect(await trainOnce(await connect(cluster, narrow.token, at), 0)).toEqual([ack, trainEnd]);
  for (const [bufferName, buffer, values, reason] of [
    ["picture_hex", input, 17, "'picture_hex' has 17 values, but an input may have 16"],
    ["label_hex", expected, 9, "'label_hex' has 9 values, but an output may have 8"],
  ] as const) {
    const client = await connect(cluster, narrow.token, at);
    client.send({
      bufferName,
      targetBufferType: buffer,
      processType: train,
      isLast: true,
      values: new Float32Array(values),
    });
    expect(await client.closed).toEqual({ code: 1008, reason });
    expect(client.arrived).toEqual([refusal(reason)]);
  }
  const shown = (await narrow.request("GET", "/cluster", { query: { uuid: cluster } })).json();
  expect(shown).toMatchObject({ number_of_cycles: 1 });
});

test("a message beyond the limit is refused before it has arrived completely; one at the limit is accepted", async () => {
  const { narrow, at, cluster } = await openNarrow("200000");
  const client = await connect(cluster, narrow.token, at);
  const values = { bufferName: "picture_hex", processType: train, targetBufferType: input };
  // Many times the size of one message.
  for (let nth = 0; nth < 8; nth++) {
    const answer = await client.ask({ ...values, values: new Float32Array(200_000) });
    expect(Buffer.from(answer).toString("hex")).toBe(ack);
  }
  client.send({ ...values, values: new Float32Array(1_000_000) });
  const most = "an input may have 200000 values, and an output 8";
  const reason = `The message has more than 1000000 bytes, but ${most}`;
  expect(await client.closed).toEqual({ code: 1008, reason });
  expect(client.arrived).toEqual([refusal(reason)]);
});

test("a buffer that is sent twice before a cycle holds the last values", async () => {
  const [once, twice] = [await directCluster("once"), await directCluster("twice")];
  await trainOnce(await connect(once), 0);
  const client = await connect(twice);
  await client.ask({ bufferName: "picture_hex", processType: train, targetBufferType: input, values: picture(5) });
  await trainOnce(client, 0);
  expect((await stateOf(app.app, twice)).equals(await stateOf(app.app, once))).toBe(true);
});

test("a cluster that is not in DIRECT mode, or not the caller's, is refused", async () => {
  const cluster = await makeCluster(app, { name: "in task mode" });
  expect((await connect(cluster)).hello).toEqual({ success: false, error: "The cluster is not in DIRECT mode" });
  await setMode(cluster, "DIRECT");
  const token = await app.addUser({ id: "stranger", projectId: "elsewhere" });
  const error = `Cluster with UUID '${cluster}' not found`;
  expect((await connect(cluster, token)).hello).toEqual({ success: false, error });
});

test("a socket survives a switch to TASK mode, but cannot compute there", async () => {
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

test("a user whose clients do not read gets only some answers computed; other users and resumed readers get all", async () => {
  const values = 262_144;
  // No hexagon feeds these outputs, so their answers are long but quick to compute.
  const outputs = Array.from({ length: 16 }, (_, i) => ({
    name: `o${String(i).padStart(2, "0")}`,
    at: `${10 + 2 * i},9,9`,
  }));
  const template = `version: 1 settings: hexagons: 1,1,1 ${outputs.map(({ at }) => at).join(" ")}
    inputs: in: 1,1,1 outputs: ${outputs.map(({ name, at }) => `${name}: ${at}`).join(" ")}`;
  const cluster = await directCluster("long_answers", template);
  const teacher = await connect(cluster);
  for (const [i, { name: bufferName }] of outputs.entries()) {
    const isLast = i === outputs.length - 1;
    const about = { bufferName, processType: train, targetBufferType: expected, isLast };
    expect((await teacher.ask({ ...about, values: new Float32Array(values) })).length).toBeGreaterThan(0);
  }
  const question = { bufferName: "in", processType: request, targetBufferType: input, isLast: true };
  const answers = async () => {
    const { values: counts } = await app.app.metrics.cycles.get();
    return counts.filter(({ labels }) => labels.kind === "request").reduce((sum, { value }) => sum + value, 0);
  };
  const before = await answers();
  const deaf: DirectClient[] = [];
  for (let i = 0; i < 24; i++) {
    const client = await connect(cluster);
    client.socket.pause();
    client.send({ ...question, values: new Float32Array([i]) });
    deaf.push(client);
  }
  let last = before;
  await expect
    .poll(
      async () => {
        const [now, earlier] = [await answers(), last];
        last = now;
        return now > before && now === earlier;
      },
      { interval: 1000, timeout: 60_000 },
    )
    .toBe(true);
  // 16 MiB each, some of which the system buffers.
  expect(last - before).toBeLessThan(16);
  const neighbour = await app.addUser({ id: "reader", projectId: "elsewhere" });
  const body = { name: "neighbours_cluster", template: Buffer.from(smallTemplate).toString("base64") };
  const own = (await app.request("POST", "/cluster", { body, token: neighbour })).json<{ uuid: string }>();
  const mode = { uuid: own.uuid, new_state: "DIRECT" };
  (await app.request("PUT", "/cluster/set_mode", { body: mode, token: neighbour })).json();
  expect(await (await connect(own.uuid, neighbour)).ask(lastPicture(0))).toBeInstanceOf(Buffer);
  for (const client of deaf) {
    client.socket.resume();
    for (const { name } of outputs) {
      const answer = decodeClusterIO(await client.next())!;
      expect([answer.bufferName, answer.values.length]).toEqual([name, values]);
    }
  }
});

test("the buffers of a socket hold as much as four of the longest messages, and no more", async () => {
  const { limits } = parseConfig({ HANAMI_MAX_MESSAGE_BYTES: "4096" });
  const small = await createTestApp({ config: { limits } });
  onTestFinished(() => small.close());
  const names = ["a", "b", "c", "d", "e"];
  const template = `version: 1 settings: hexagons: -1,0,0 ${names.map((_, i) => `${i},0,0`).join(" ")}
    inputs: ${names.map((name, i) => `${name}: ${i},0,0`).join(" ")} outputs: out: -1,0,0`;
  const cluster = await directCluster("wide", template, small);
  const client = await connect(cluster, small.token, (await small.server.listen()).url);
  // 4000 bytes each: four of them fit into 16384, and resending any of them fits, too.
  const values = new Float32Array(1000);
  for (const bufferName of [...names.slice(0, 4), "a", "d"]) {
    expect((await client.ask({ bufferName, values })).toString("hex")).toBe(ack);
  }
  const reason = "The buffers would hold 20000 bytes, but at most 16384 are possible";
  expect(await client.ask({ bufferName: "e", values })).toEqual(refusal(reason));
  expect(await client.closed).toEqual({ code: 1008, reason });
});
