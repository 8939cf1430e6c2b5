import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeCluster, smallTemplate } from "../support/compute.ts";
import {
  connectRaw,
  EXPECTED,
  INPUT,
  ioMessage,
  REQUEST,
  TRAIN,
  uploadMessage,
  valuesOf,
  type IoFields,
  type Reply,
} from "./raw-client.ts";
import { createWorld, people, type Person, type World } from "./world.ts";

let world: World;
let url: string;
beforeAll(async () => {
  world = await createWorld();
  ({ url } = await world.app.server.listen());
});
afterAll(() => world.close());

const token = () => world.app.token;

async function setMode(uuid: string, new_state: "TASK" | "DIRECT", as = token()): Promise<void> {
  (await world.app.request("PUT", "/cluster/set_mode", { token: as, body: { uuid, new_state } })).json();
}

async function directCluster(name: string, template = smallTemplate): Promise<string> {
  const uuid = await makeCluster(world.app, { name, template });
  await setMode(uuid, "DIRECT");
  return uuid;
}

async function connectCluster(uuid: string, as = token()) {
  const client = await connectRaw(url);
  expect(await client.hello({ token: as, target: "cluster", uuid })).toMatchObject({ success: true });
  return client;
}

const twoInputs = smallTemplate
  .replace("    3,1,1\ninputs", "    3,1,1\n    2,2,1\n    1,2,1\ninputs")
  .replace("picture_hex: 1,1,1", "left: 1,1,1\n    right: 1,2,1")
  .replace("label_hex: 3,1,1", "first: 3,1,1\n    second: 2,2,1");

const ack = Buffer.from("18012801320400000000", "hex");
const trainEnd = Buffer.from("100118012801320400000000", "hex");

test("access to sockets: an invisible resource is reported as missing", async () => {
  const things = await world.makeThings("owner");
  await setMode(things.cluster, "DIRECT", world.tokenOf("owner"));
  const sees: Record<string, Record<Person, boolean>> = {
    cluster: { admin: true, chief: true, owner: true, colleague: false, stranger: false },
    // Even an administrator cannot fill another user's file.
    file_upload: { admin: false, chief: false, owner: true, colleague: false, stranger: false },
  };
  for (const [target, uuid] of [
    ["cluster", things.cluster],
    ["file_upload", things.csv.uuid_input_file],
  ] as const) {
    const noun = target === "cluster" ? "Cluster" : "Tempfile";
    for (const person of Object.keys(people) as Person[]) {
      const client = await connectRaw(url);
      const first = { token: world.tokenOf(person), target };
      const unknown = randomUUID();
      const absent = await client.hello({ ...first, uuid: unknown });
      expect(absent).toEqual({ success: false, error: `${noun} with UUID '${unknown}' not found` });
      const given = await client.hello({ ...first, uuid });
      const success = sees[target]?.[person] === true;
      expect([person, target, given.success]).toEqual([person, target, success]);
      expect(given.error).toBe(success ? undefined : `${noun} with UUID '${uuid}' not found`);
    }
  }
});

test.each<[string, (good: Record<string, unknown>) => string | Uint8Array, RegExp]>([
  ["nothing", () => "", /^json-parser error: ./],
  ["no JSON", () => "{", /^json-parser error: ./],
  ["bytes", () => Buffer.from([0, 255, 254]), /^json-parser error: ./],
  ["too much", () => `{"a":"${"x".repeat(70_000)}"}`, /^json-parser error: more than 65536 bytes$/],
  ["deep nesting", () => "[".repeat(60_000), /^json-parser error: ./],
  ["an array", (good) => JSON.stringify([good]), /./],
  ["null", () => "null", /./],
  ["no token", (good) => JSON.stringify({ ...good, token: undefined }), /^token: ./],
  ["no target", (good) => JSON.stringify({ ...good, target: undefined }), /^target: ./],
  ["no uuid", (good) => JSON.stringify({ ...good, uuid: undefined }), /^uuid: ./],
  ["a token that is a number", (good) => JSON.stringify({ ...good, token: 5 }), /^token: ./],
  ["a target that is a list", (good) => JSON.stringify({ ...good, target: ["cluster"] }), /^target: ./],
  ["a uuid that is an object", (good) => JSON.stringify({ ...good, uuid: { a: 1 } }), /^uuid: ./],
  ["a bad token", (good) => JSON.stringify({ ...good, token: "a.b.c" }), /^Token invalid$/],
  ["an unsigned token", (good) => JSON.stringify({ ...good, token: unsigned(good["token"]) }), /^Token invalid$/],
  ["an unknown target", (good) => JSON.stringify({ ...good, target: "constructor" }), /^$/],
  ["a path as target", (good) => JSON.stringify({ ...good, target: "../cluster" }), /^$/],
  [
    "a path as uuid",
    (good) => JSON.stringify({ ...good, uuid: "../../x" }),
    /^Cluster with UUID '..\/..\/x' not found$/,
  ],
  ["a uuid with a newline", (good) => JSON.stringify({ ...good, uuid: `${String(good["uuid"])}\n` }), /not found$/],
  ["a unicode uuid", (good) => JSON.stringify({ ...good, uuid: "桜\u0000" }), /^Cluster with UUID '桜.' not found$/],
])("a first message with %s is refused, and the next one may succeed", async (title, spoil, error) => {
  const uuid = await directCluster(`first message ${title}`);
  const good = { token: token(), target: "cluster", uuid };
  const client = await connectRaw(url);
  const refused = JSON.parse((await client.answer(spoil(good))).toString());
  expect(refused).toEqual({ success: false, error: expect.stringMatching(error) });
  expect(await client.hello(good)).toMatchObject({ success: true });
});

function unsigned(good: unknown): string {
  const payload = String(good).split(".")[1];
  return `${Buffer.from('{"alg":"none","typ":"JWT"}').toString("base64url")}.${payload}.`;
}

test("a first message may have additional keys, and of duplicate keys the last counts", async () => {
  const uuid = await directCluster("more than needed");
  const text = JSON.stringify({ token: token(), target: "cluster", uuid, __proto__: 1 });
  for (const message of [
    text.replace("{", '{"extra":[1],"__proto__":{"token":5},'),
    text.replace("{", '{"uuid":"x","token":7,'),
  ]) {
    const client = await connectRaw(url);
    expect(JSON.parse((await client.answer(message)).toString())).toMatchObject({ success: true });
  }
});

test("hostile pieces of a file get one answer each, and the upload continues", async () => {
  const body = { name: "hostile", input_data_size: 12 };
  const upload = (await world.app.request("POST", "/dataset/upload/csv", { body })).json<{
    uuid: string;
    uuid_input_file: string;
  }>();
  const client = await connectRaw(url);
  await client.hello({ token: token(), target: "file_upload", uuid: upload.uuid_input_file });
  const text = Buffer.from("ab,cd\n1,2\n3,");
  const invalid = "Got invalid FileUpload-Message";
  const refused = "Failed to write data to disc";
  const cases: [Uint8Array | string, string][] = [
    [Buffer.from("ffff", "hex"), invalid],
    [Buffer.from("0a", "hex"), invalid],
    ["{}", invalid],
    [uploadMessage(12, Buffer.from("x")), refused],
    [uploadMessage(11, Buffer.from("xy")), refused],
    [uploadMessage(2n ** 53n, Buffer.from("x")), refused],
    [uploadMessage(2n ** 64n - 1n, Buffer.from("x")), refused],
    [uploadMessage(2n ** 63n, Buffer.from("x")), refused],
    [uploadMessage(-1, Buffer.from("x")), refused],
    [uploadMessage(0, Buffer.alloc(1_000_000)), refused],
    [uploadMessage(5, text.subarray(5)), ""],
    [uploadMessage(0, Buffer.alloc(0)), ""],
    [Buffer.alloc(0), ""],
    [uploadMessage(0, text.subarray(0, 6)), ""],
    [uploadMessage(0, text.subarray(0, 6)), ""],
  ];
  for (const [index, [message, error]] of cases.entries()) {
    const answer = (await client.answer(message)).toString("latin1");
    const ok = Buffer.from([8, 1]).toString("latin1");
    const wanted = error === "" ? ok : `\u0012${String.fromCharCode(error.length)}${error}`;
    expect([index, answer]).toEqual([index, wanted]);
  }
  expect(client.arrived).toEqual([]);
  client.socket.close();
  const { uuid, uuid_input_file } = upload;
  (await world.app.request("PUT", "/dataset/upload/csv", { body: { uuid, uuid_input_file } })).json();
  const query = { uuid, column_name: "ab", row_offset: 0, number_of_rows: 2 };
  const content = (await world.app.request("GET", "/dataset/content", { query })).json();
  expect(content).toEqual({ data: [[1], [3]] });
});

const picture: IoFields = {
  name: "picture_hex",
  values: new Float32Array(16).fill(3),
  isLast: true,
  process: REQUEST,
  buffer: INPUT,
};

test.each<[string, () => Uint8Array | string]>([
  ["nothing", () => Buffer.alloc(0)],
  ["garbage", () => Buffer.from("ffffffffffffffffffff", "hex")],
  ["text", () => "hello"],
  ["a group", () => Buffer.from("0b0c", "hex")],
  ["a length beyond the end", () => Buffer.from("0affffffff0f41", "hex")],
  ["a name that is no UTF-8", () => Buffer.concat([Buffer.from("0a02fffe", "hex"), ioMessage(picture).subarray(13)])],
  ["a very long name", () => ioMessage({ ...picture, name: "x".repeat(1_000_000) })],
  ["a hostile name", () => ioMessage({ ...picture, name: "__proto__" })],
  ["an empty name", () => ioMessage({ ...picture, name: "" })],
  ["an output as input", () => ioMessage({ ...picture, name: "label_hex" })],
  ["an input as expected values", () => ioMessage({ ...picture, buffer: EXPECTED })],
  ["an output buffer", () => ioMessage({ ...picture, buffer: 1 })],
  ["an unknown buffer", () => ioMessage({ ...picture, buffer: 9 })],
  ["an unknown process", () => ioMessage({ ...picture, process: 9 })],
  ["training without expected values", () => ioMessage({ ...picture, process: TRAIN })],
  ["more values announced than sent", () => ioMessage({ ...picture, numberOfValues: 2n ** 63n })],
  ["fewer values announced than sent", () => ioMessage({ ...picture, numberOfValues: 1 })],
  ["no values", () => ioMessage({ ...picture, values: new Float32Array(0) })],
  ["values that are no numbers", () => ioMessage({ ...picture, values: new Float32Array([NaN, Infinity, -Infinity]) })],
  [
    "half a float",
    () => Buffer.concat([ioMessage({ ...picture, values: new Float32Array(0) }), Buffer.from("3203aabbcc", "hex")]),
  ],
])("%s in direct IO: one answer or a reason, no defect, and the cluster continues", async (title, message) => {
  const uuid = await directCluster(`hostile ${title}`);
  const client = await connectCluster(uuid);
  const reply: Reply = await client.ask(message());
  const isAnswer = "data" in reply && reply.isBinary;
  const isReason = "closed" in reply && [1003, 1008].includes(reply.closed) && reply.reason.length > 5;
  expect([reply, isAnswer || isReason]).toEqual([reply, true]);
  client.socket.terminate();

  const next = await connectCluster(uuid);
  expect(await next.answer(ioMessage({ ...picture, isLast: false }))).toEqual(ack);
  const label = { ...picture, name: "label_hex", values: new Float32Array([1, 0]), process: TRAIN, buffer: EXPECTED };
  expect(await next.answer(ioMessage(label))).toEqual(trainEnd);
  const values = valuesOf(await next.answer(ioMessage(picture)));
  expect(values.length).toBe(2);
  expect(values.every(Number.isFinite)).toBe(true);
});

/** The answers of a new cluster after the same samples, in this order of names and with this encoding of floats. */
async function learnTwoByTwo(title: string, order: readonly string[], packed: boolean) {
  const uuid = await directCluster(title, twoInputs);
  const client = await connectCluster(uuid);
  const valuesFor = (name: string, sample: number): Float32Array => {
    const isInput = name === "left" || name === "right";
    const width = { left: 12, right: 7, first: 3, second: 2 }[name] as number;
    return Float32Array.from({ length: width }, (_, index) => {
      if (!isInput) return index === sample % width ? 1 : 0;
      return index % 3 === sample % 3 ? 40 + index : index % 5;
    });
  };
  for (let sample = 0; sample < 60; sample++) {
    for (const [index, name] of order.entries()) {
      const isLast = index === order.length - 1;
      const buffer = name === "left" || name === "right" ? INPUT : EXPECTED;
      const message = ioMessage({ name, values: valuesFor(name, sample), isLast, process: TRAIN, buffer, packed });
      expect(await client.answer(message)).toEqual(isLast ? trainEnd : ack);
    }
  }
  const answers: number[][] = [];
  for (let sample = 0; sample < 3; sample++) {
    const ask = (name: string, isLast: boolean) =>
      client.answer(
        ioMessage({ name, values: valuesFor(name, sample), isLast, process: REQUEST, buffer: INPUT, packed }),
      );
    expect(await ask("right", false)).toEqual(ack);
    // One message per output, by name.
    answers.push(valuesOf(await ask("left", true)));
    const second = await client.next();
    if ("closed" in second) throw new Error(second.reason);
    answers.push(valuesOf(second.data));
  }
  client.socket.close();
  return answers;
}

test("several inputs and outputs in any order, packed or not, train the same network", async () => {
  const first = await learnTwoByTwo("order one", ["left", "right", "first", "second"], true);
  expect(first.map(({ length }) => length)).toEqual([3, 2, 3, 2, 3, 2]);
  for (const [title, order, packed] of [
    ["order two", ["second", "right", "first", "left"], true],
    ["order three", ["first", "second", "left", "right"], false],
  ] as const) {
    expect(await learnTwoByTwo(title, order, packed)).toEqual(first);
  }
});

test.each([true, false])("784 values per training message, packed: %s", async (packed) => {
  const client = await connectCluster(await directCluster(`pictures packed ${packed}`));
  const values = Float32Array.from({ length: 784 }, (_, index) => (index * 7) % 256);
  const image = { ...picture, values, packed };
  expect(await client.answer(ioMessage({ ...image, isLast: false, process: TRAIN }))).toEqual(ack);
  const label = new Float32Array(10);
  label[5] = 1;
  const last = { name: "label_hex", values: label, isLast: true, process: TRAIN, buffer: EXPECTED, packed };
  expect(await client.answer(ioMessage(last))).toEqual(trainEnd);
  expect(valuesOf(await client.answer(ioMessage(image))).length).toBe(10);
});

test.each([true, false])("1 000 000 values in one message, packed: %s", async (packed) => {
  const client = await connectCluster(await directCluster(`million packed ${packed}`));
  const values = new Float32Array(1_000_000).fill(1);
  expect(await client.answer(ioMessage({ ...picture, values, packed, isLast: false }))).toEqual(ack);
  const answer = await client.answer(ioMessage({ ...picture, values, packed }));
  // "label_hex" without values, because it was never trained.
  expect(answer.subarray(0, 11).toString("latin1")).toBe("\n\u0009label_hex");
});

test("messages sent ahead wait in the client, and every message gets its answer", async () => {
  const client = await connectCluster(await directCluster("impatient"));
  const message = ioMessage({ ...picture, values: new Float32Array(1_000_000), isLast: false });
  const count = 30;
  for (let index = 0; index < count; index++) client.socket.send(message);
  const last = ioMessage({ ...picture, values: new Float32Array(4) });
  client.socket.send(last);
  const waiting: number[] = [];
  for (let index = 0; index < count; index++) {
    waiting.push(client.socket.bufferedAmount);
    const reply = await client.next();
    expect("data" in reply && reply.data).toEqual(ack);
  }
  // After the first answer nearly everything is still here: the server reads one message at a time.
  expect(waiting[1]).toBeGreaterThan(message.length * (count / 2));
  const reply = await client.next();
  expect("data" in reply && reply.data.subarray(2, 11).toString()).toBe("label_hex");
});

test.each([
  ["user", (id: string) => world.app.request("DELETE", "/user", { query: { id } })],
  [
    "assignment",
    (id: string) => world.app.request("DELETE", "/user/project", { query: { id, project_id: "alpha_project" } }),
  ],
])("direct IO ends with its %s, and gives a reason", async (what, remove) => {
  const id = `leaver_${what}`;
  const as = await world.app.addUser({ id, projectId: "alpha_project" });
  const uuid = await makeCluster(world.app, { name: `leaving ${what}`, token: as });
  await setMode(uuid, "DIRECT", as);
  const client = await connectCluster(uuid, as);
  expect(await client.answer(ioMessage({ ...picture, isLast: false }))).toEqual(ack);
  (await remove(id)).json();
  expect(await client.next()).toEqual({ closed: 1008, reason: "the user or the assignment was removed" });
});

test("a deleted cluster reports it on its sockets, and other sockets are not affected", async () => {
  const [doomed, other] = [await directCluster("doomed"), await directCluster("other one")];
  const [client, bystander] = [await connectCluster(doomed), await connectCluster(other)];
  (await world.app.request("DELETE", "/cluster", { query: { uuid: doomed } })).json();
  expect(await client.next()).toEqual({ closed: 1001, reason: "The cluster was deleted" });
  expect(await bystander.answer(ioMessage({ ...picture, isLast: false }))).toEqual(ack);
});

test("idle sockets block nobody, and broken sockets leave nothing behind", async () => {
  for (let index = 0; index < 20; index++) await connectRaw(url);
  expect((await world.app.request("GET", "/host/all")).status).toBe(200);
  const uuid = await directCluster("broken off");
  const client = await connectCluster(uuid);
  client.socket.send(ioMessage({ ...picture, values: new Float32Array(500_000), isLast: false }));
  client.socket.terminate();
  await delay(0);
  const next = await connectCluster(uuid);
  expect(await next.answer(ioMessage({ ...picture, isLast: false }))).toEqual(ack);
  await setMode(uuid, "TASK");
});

test("none of this was a defect", async () => {
  const { body } = (await world.app.request("GET", "/error_log", { query: { page: 0 } })).json<{ body: unknown[][] }>();
  expect(body.map((row) => row.slice(2))).toEqual([]);
});
