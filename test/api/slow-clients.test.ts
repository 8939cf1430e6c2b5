import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { decodeClusterIO, encodeClusterIO, targetBufferType } from "../../src/api/websocket/protobuf.ts";
import { makeCluster } from "../support/compute.ts";
import { createTestApp, type TestApp } from "../support/test-app.ts";

let app: TestApp;
let url: string;
beforeAll(async () => {
  app = await createTestApp();
  ({ url } = await app.server.listen());
});
afterAll(() => app.close());

const values = new Float32Array(16).fill(1);
const question = encodeClusterIO({ bufferName: "picture_hex", isLast: true, values });
/** The same with an unknown field 15 of 16 KB, so that the system's buffers fill quickly. */
const longQuestion = Buffer.concat([question, Buffer.from([0x7a, 0x80, 0x80, 0x01]), Buffer.alloc(16_384)]);

/** Opens a websocket in direct IO with a cluster whose answers have `width` values. */
async function openDirect(name: string, width: number): Promise<WebSocket> {
  const uuid = await makeCluster(app, { name });
  (await app.request("PUT", "/cluster/set_mode", { body: { uuid, new_state: "DIRECT" } })).json();
  const socket = new WebSocket(url.replace("http", "ws"));
  onTestFinished(() => socket.terminate());
  await once(socket, "open");
  const ask = async (message: string | Uint8Array) => {
    socket.send(message);
    await once(socket, "message");
  };
  await ask(JSON.stringify({ token: app.token, target: "cluster", uuid }));
  await ask(encodeClusterIO({ bufferName: "picture_hex", processType: 1, values }));
  const target = { targetBufferType: targetBufferType.expected, isLast: true };
  await ask(
    encodeClusterIO({ bufferName: "label_hex", processType: 1, ...target, values: new Float32Array(width).fill(1) }),
  );
  return socket;
}

test(
  "the server stops reading a client that never reads its answers, and serves others",
  { timeout: 60_000 },
  async () => {
    const mute = await openDirect("mute", 20_000);
    const other = await openDirect("other", 8);
    mute.pause();
    /** Answers of 80 KB: at most 8 MiB of them are buffered here, and some more in the system. */
    const questionsMax = 2000;
    let accepted = 0;
    const send = () => mute.send(longQuestion, (error) => (error ? undefined : ++accepted < questionsMax && send()));
    send();
    // The mute client's questions are unread once none was sent during many round trips of the other client.
    for (let quiet = 0, before = -1; quiet < 100; quiet = accepted === before ? quiet + 1 : 0) {
      before = accepted;
      other.send(question);
      const [answer] = (await once(other, "message")) as [Buffer];
      expect(decodeClusterIO(answer)?.values).toHaveLength(8);
    }
    expect((await fetch(`${url}/ready`)).status).toBe(200);
    expect(accepted).toBeLessThan(questionsMax);
  },
);

test("connections that send nothing, or half of a message, do not keep others out", async () => {
  const { hostname, port } = new URL(url);
  const sockets = await Promise.all(
    Array.from({ length: 50 }, async (_, index) => {
      const socket = connect(Number(port), hostname);
      onTestFinished(() => void socket.destroy());
      await once(socket, "connect");
      if (index % 2 === 0) socket.write("POST /v1.0alpha/token HTTP/1.1\r\nContent-Length: 50\r\n\r\n{");
      return socket;
    }),
  );
  expect((await app.request("GET", "/cluster/all")).status).toBe(200);
  expect((await fetch(`${url}/health`)).status).toBe(200);
  expect(sockets.some((socket) => socket.destroyed)).toBe(false);
});
