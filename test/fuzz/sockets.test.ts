import { once } from "node:events";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { encodeClusterIO, encodeFileUpload, targetBufferType } from "../../src/api/websocket/protobuf.ts";
import { announceCsv } from "../api/dataset-support.ts";
import { makeCluster } from "../support/compute.ts";
import { createRandom, type Random } from "../support/random.ts";
import { createTestApp, type TestApp } from "../support/test-app.ts";
import { cases, flatHeap, seed, timeout } from "./setting.ts";
import { mutate, oddValue } from "./values.ts";

let app: TestApp;
let url: string;
beforeAll(async () => {
  app = await createTestApp();
  ({ url } = await app.server.listen());
});
afterAll(() => app.close());

/** Connects, sends everything without waiting, and disconnects in one of several ways. */
async function visit(random: Random, hello: Uint8Array, pieces: readonly Uint8Array[]): Promise<void> {
  const socket = new WebSocket(url.replace("http", "ws"));
  await once(socket, "open");
  const closed = once(socket, "close");
  socket.on("error", () => {});
  socket.send(random.int(0, 5) === 0 ? mutate(random, hello) : hello);
  for (const piece of pieces) socket.send(piece, { binary: random.int(0, 5) > 0 });
  // A frame with bits that the protocol does not define.
  if (random.int(0, 4) === 0) {
    (socket as unknown as { _socket: { write(bytes: Uint8Array): void } })._socket.write(mutate(random, hello));
  }
  if (random.int(0, 1) === 0) socket.terminate();
  else {
    socket.close();
    setTimeout(() => socket.terminate(), 500).unref();
  }
  await closed;
}

async function expectServed(): Promise<void> {
  expect((await fetch(`${url}/health`)).status).toBe(200);
  const errors = (await app.request("GET", "/error_log", { query: { page: 0 } })).json<{ body: unknown[] }>();
  expect(errors.body).toEqual([]);
}

test("uploads: whatever arrives, the server survives and other clients are served", { timeout }, async () => {
  const random = createRandom(seed + 5);
  const { uuid_input_file: uuid } = await announceCsv(app, 1000);
  const hello = Buffer.from(JSON.stringify({ token: app.token, target: "file_upload", uuid }));
  const piece = encodeFileUpload({ position: 5, data: new Uint8Array(40) });
  const watchHeap = flatHeap(Math.ceil(cases / 10));
  for (let count = 0; count < cases / 10; count++) {
    await visit(
      random,
      hello,
      Array.from({ length: 5 }, () => mutate(random, piece)),
    );
    watchHeap(count + 1);
  }
  await expectServed();
});

/** A plausible message with random errors. */
function clusterMessage(random: Random): Uint8Array {
  const isExpected = random.int(0, 1) === 1;
  const odd = random.int(0, 4) === 0;
  const width = odd ? random.pick([0, 1, 15, 17, 5000]) : isExpected ? 8 : 16;
  const value = random.pick([0, 1, 255, -1, Number.NaN, Number.POSITIVE_INFINITY, 1e38, 1e-40]);
  const bytes = encodeClusterIO({
    bufferName: odd ? JSON.stringify(oddValue(random)) : isExpected ? "label_hex" : "picture_hex",
    processType: odd ? random.int(0, 3) : random.int(0, 1),
    targetBufferType: isExpected ? targetBufferType.expected : targetBufferType.input,
    isLast: random.int(0, 1) === 1,
    values: new Float32Array(width).fill(value),
  });
  return random.int(0, 5) === 0 ? mutate(random, bytes) : bytes;
}

test("direct IO: whatever arrives, the cluster continues and other clients are served", { timeout }, async () => {
  const random = createRandom(seed + 7);
  const uuid = await makeCluster(app, { name: "fuzzed" });
  const setMode = (new_state: string) => app.request("PUT", "/cluster/set_mode", { body: { uuid, new_state } });
  (await setMode("DIRECT")).json();
  const hello = Buffer.from(JSON.stringify({ token: app.token, target: "cluster", uuid }));
  const watchHeap = flatHeap(Math.ceil(cases / 10));
  for (let count = 0; count < cases / 10; count++) {
    await visit(
      random,
      hello,
      Array.from({ length: 10 }, () => clusterMessage(random)),
    );
    watchHeap(count + 1);
  }
  (await setMode("TASK")).json();
  (await app.request("GET", "/cluster", { query: { uuid } })).json();
  await expectServed();
});
