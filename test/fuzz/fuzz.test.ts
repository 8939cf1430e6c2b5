import { once } from "node:events";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import {
  decodeClusterIO,
  decodeFileUpload,
  encodeClusterIO,
  encodeFileUpload,
} from "../../src/api/websocket/protobuf.ts";
import { carryOut } from "../../src/datasets/import/carry-out.ts";
import { restoreState } from "../../src/network/state-file.ts";
import { StateError } from "../../src/network/state-error.ts";
import { parseTemplate, TemplateError } from "../../src/network/template/parse-template.ts";
import { announceCsv } from "../api/dataset-support.ts";
import { smallIdxPair, temporaryFolder } from "../datasets/support.ts";
import { makeCluster, makeDataset, smallTemplate, stateOf } from "../support/compute.ts";
import { createRandom } from "../support/random.ts";
import { createTestApp, type TestApp } from "../support/test-app.ts";
import { mutate, oddValue, valueFor } from "./values.ts";

const seed = Number(process.env["HANAMI_FUZZ_SEED"] ?? 1);
/** Of each kind; those that need a file or a connection each get a share. */
const cases = Number(process.env["HANAMI_FUZZ_CASES"] ?? 600);
const timeout = 60_000 + cases * 100;

let app: TestApp;
let url: string;
beforeAll(async () => {
  app = await createTestApp();
  ({ url } = await app.server.listen());
});
afterAll(() => app.close());

const textOf = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));

interface Operation {
  parameters?: { name: string; schema: object }[];
  requestBody?: { content: Record<string, { schema: { properties: Record<string, object> } }> };
}

test("REST, from the OpenAPI document: never a 500", { timeout }, async () => {
  const random = createRandom(seed);
  const document = (await app.request("GET", "/openapi.json")).json<{
    paths: Record<string, Record<string, Operation>>;
  }>();
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  );
  const cluster = await makeCluster(app);
  const uuids = [cluster, await makeDataset(app.app, { rows: 20 }), "00000000-0000-0000-0000-000000000000"];
  for (let count = 0; count < cases; count++) {
    const { method, path, operation } = random.pick(operations);
    const fromBody = Object.entries(operation.requestBody?.content["application/json"]?.schema.properties ?? {});
    const fields = [...fromBody, ...(operation.parameters ?? []).map(({ name, schema }) => [name, schema] as const)];
    const values: [string, unknown][] = fields
      .filter(() => random.int(0, 9) > 0)
      .map(([key, schema]) => [key, random.int(0, 4) === 0 ? oddValue(random) : valueFor(random, schema, uuids)]);
    if (random.int(0, 9) === 0) values.push([textOf(oddValue(random)), oddValue(random)]);
    const takesBody = method === "POST" || method === "PUT";
    const body = random.int(0, 19) === 0 ? textOf(oddValue(random)) : Object.fromEntries(values);
    const query = Object.fromEntries(values.map(([key, value]) => [key, textOf(value)]));
    const { status } = await app.request(method, path, takesBody ? { body } : { query });
    if (![200, 400, 401, 404, 409].includes(status)) {
      throw new Error(`case ${count} of seed ${seed}: ${status} ${method} ${path} ${JSON.stringify(values)}`);
    }
  }
  expect((await app.request("GET", "/cluster/all")).status).toBe(200);
});

test("templates are read or refused", { timeout }, () => {
  const random = createRandom(seed + 1);
  const bytes = Buffer.from(smallTemplate);
  let refused = 0;
  for (let count = 0; count < 5 * cases; count++) {
    const text = Buffer.from(mutate(random, bytes)).toString();
    try {
      parseTemplate(text);
    } catch (error) {
      if (!(error instanceof TemplateError)) throw new Error(`template ${JSON.stringify(text)}`, { cause: error });
      refused++;
    }
  }
  expect(refused).toBeGreaterThan(0);
});

test("checkpoints are read or refused", { timeout }, async () => {
  const random = createRandom(seed + 2);
  const state = await stateOf(app.app, await makeCluster(app, { name: "checkpoint" }));
  let refused = 0;
  for (let count = 0; count < cases; count++) {
    try {
      restoreState(mutate(random, state));
    } catch (error) {
      if (!(error instanceof StateError))
        throw new Error(`checkpoint of case ${count}, seed ${seed}`, { cause: error });
      refused++;
    }
  }
  expect(refused).toBeGreaterThan(0);
});

test("protobuf is read or refused", { timeout }, () => {
  const random = createRandom(seed + 3);
  const io = encodeClusterIO({ bufferName: "picture_hex", processType: 1, values: new Float32Array(20), isLast: true });
  const upload = encodeFileUpload({ position: 5, data: new Uint8Array(40) });
  let refused = 0;
  for (let count = 0; count < 5 * cases; count++) {
    if (decodeClusterIO(mutate(random, io)) === undefined) refused++;
    if (decodeFileUpload(mutate(random, upload)) === undefined) refused++;
  }
  expect(refused).toBeGreaterThan(0);
});

test("IDX and CSV files are imported or refused, and leave no part", { timeout }, async () => {
  const random = createRandom(seed + 4);
  const folder = await temporaryFolder();
  const pair = smallIdxPair(20);
  const csv = Buffer.from('a,b,"c"\n1,2,3\n-4.5,true,\n,null,9e9\n');
  const [input, label, target] = ["input", "label", "target"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  let refused = 0;
  for (let count = 0; count < cases / 2; count++) {
    await writeFile(input, mutate(random, count % 2 === 0 ? pair.input : csv));
    await writeFile(label, random.int(0, 1) === 0 ? pair.label : mutate(random, pair.label));
    const job = { name: "fuzz", target, input };
    const outcome = await carryOut(count % 2 === 0 ? { type: "mnist", ...job, label } : { type: "csv", ...job });
    if (outcome.kind === "failed") throw new Error(`case ${count} of seed ${seed}: ${outcome.error}`);
    if (outcome.kind === "refused") refused++;
  }
  expect((await readdir(folder)).filter((name) => name.endsWith(".partial"))).toEqual([]);
  expect(refused).toBeGreaterThan(0);
});

test("websockets: whatever comes, the server stays and others are served", { timeout }, async () => {
  const random = createRandom(seed + 5);
  const { uuid_input_file: uuid } = await announceCsv(app, 1000);
  const hello = Buffer.from(JSON.stringify({ token: app.token, target: "file_upload", uuid }));
  const piece = Buffer.from(encodeFileUpload({ position: 5, data: new Uint8Array(40) }));
  for (let count = 0; count < cases / 10; count++) {
    const socket = new WebSocket(url.replace("http", "ws"));
    await once(socket, "open");
    const closed = once(socket, "close");
    socket.on("error", () => {});
    socket.send(random.int(0, 2) === 0 ? mutate(random, hello) : hello);
    for (let message = 0; message < 5; message++) socket.send(mutate(random, piece), { binary: random.int(0, 3) > 0 });
    // A frame with bits that the protocol does not know.
    if (random.int(0, 4) === 0) {
      (socket as unknown as { _socket: { write(bytes: Uint8Array): void } })._socket.write(mutate(random, piece));
    }
    if (random.int(0, 1) === 0) socket.terminate();
    else {
      socket.close();
      setTimeout(() => socket.terminate(), 500).unref();
    }
    await closed;
  }
  expect((await fetch(`${url}/health`)).status).toBe(200);
  const errors = (await app.request("GET", "/error_log", { query: { page: 0 } })).json<{ body: unknown[] }>();
  expect(errors.body).toEqual([]);
});
