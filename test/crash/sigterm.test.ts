import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { clusterProcessType, decodeClusterIO } from "../../src/api/websocket/protobuf.ts";
import { sendFile } from "../api/dataset-support.ts";
import { temporaryFolder } from "../datasets/support.ts";
import { smallTemplate, type TaskBody, trainBody } from "../support/compute.ts";
import { HANGS, SLOW_MS } from "../hosts/hangs.ts";
import { connectDirect } from "../support/direct-client.ts";
import { kill, type RunningServer, startServer } from "../support/server-process.ts";
import { base64 } from "../support/test-app.ts";
import { uploadBaseDatasets } from "./base-datasets.ts";

test("SIGTERM answers open requests, saves what was learned, and the task continues from there", async () => {
  const dataDir = await temporaryFolder();
  // Only the last snapshot is taken.
  const env = { HANAMI_SNAPSHOT_INTERVAL_MS: "3600000" };
  const first = await startServer(dataDir, env);
  const [base] = await uploadBaseDatasets(first, [200]);
  const template = base64(smallTemplate);
  const cluster = await first.ask<{ uuid: string }>("POST", "/cluster", { name: "stopped", template, seed: 1 });
  const body = trainBody(cluster.uuid, base?.uuid as string, { epochs: 1_000_000 });
  const task = await first.ask<TaskBody>("POST", "/task/train", body);
  const path = `/task?uuid=${task.uuid}&cluster_uuid=${cluster.uuid}`;
  let seen = 0;
  while (seen === 0) {
    await delay(5);
    seen = (await first.ask<TaskBody>("GET", path)).current_cycle;
  }

  const exited = once(first.child, "exit");
  // Hashing the passphrase takes long enough for the signal to arrive in the meantime.
  const user = first.ask("POST", "/user", { id: "late_user", name: "late user", passphrase: base64("a passphrase") });
  user.catch(() => {});
  await delay(5);
  first.child.kill("SIGTERM");
  expect(await user).toMatchObject({ id: "late_user" });
  expect((await exited)[0]).toBe(0);

  const second = await startServer(dataDir, env);
  const resumed = async () => (await second.ask<TaskBody>("GET", path)).current_cycle;
  await expect.poll(resumed, { timeout: 20_000 }).toBeGreaterThanOrEqual(seen);
  expect(await second.ask("GET", "/user?id=late_user")).toMatchObject({ id: "late_user" });
  await kill(second);
}, 120_000);

/** A client that sends a request, and then neither reads nor writes. */
async function stall(server: RunningServer, request: string): Promise<Socket> {
  const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  // The server ends the connection.
  socket.on("error", () => {});
  await once(socket, "connect");
  socket.write(request);
  return socket;
}

test("SIGTERM closes websockets with 1001 and ends even though clients neither read nor answer", async () => {
  const dataDir = await temporaryFolder();
  const server = await startServer(dataDir);
  // More than the system's buffers hold.
  const data = Buffer.alloc(24 * 1024 * 1024);
  const header = "{'descr': '|u1', 'fortran_order': False, 'shape': (24576, 1024), }".padEnd(117) + "\n";
  const npy = Buffer.concat([
    Buffer.from("\x93NUMPY\x01\x00", "latin1"),
    Buffer.from([118, 0]),
    Buffer.from(header),
    data,
  ]);
  const announced = { name: "long", input_data_size: npy.length };
  const upload = await server.ask<{ uuid: string; uuid_input_file: string }>("POST", "/dataset/upload/npy", announced);
  const { uuid, uuid_input_file } = upload;
  await sendFile(server.url, server.token, uuid_input_file, npy, 4 * 1024 * 1024);
  await server.ask("PUT", "/dataset/upload/npy", { uuid, uuid_input_file });
  const template = base64(smallTemplate);
  const cluster = await server.ask<{ uuid: string }>("POST", "/cluster", { name: "open", template, seed: 1 });
  await server.ask("PUT", "/cluster/set_mode", { uuid: cluster.uuid, new_state: "DIRECT" });

  const open = async () => {
    const socket = new WebSocket(server.url.replace("http", "ws"));
    onTestFinished(() => socket.terminate());
    socket.on("error", () => {});
    await once(socket, "open");
    socket.send(JSON.stringify({ token: server.token, target: "cluster", uuid: cluster.uuid }));
    await once(socket, "message");
    return socket;
  };
  const [good, silent] = [await open(), await open()];
  silent.pause();
  const closed = once(good, "close");
  const headers = `Host: x\r\nX-Auth-Token: ${server.token}\r\n`;
  const download = `GET /v1.0alpha/dataset/download?uuid=${uuid}&format=npy HTTP/1.1\r\n${headers}\r\n`;
  const reader = await stall(server, download);
  await once(reader, "readable");
  await stall(server, `POST /v1.0alpha/project HTTP/1.1\r\n${headers}Content-Length: 100\r\n\r\n{"id":`);

  const exited = once(server.child, "exit");
  server.child.kill("SIGTERM");
  const [code, reason] = (await closed) as [number, Buffer];
  expect([code, reason.toString()]).toEqual([1001, "the server stops"]);
  expect(await exited).toEqual([0, null]);
}, 120_000);

test("SIGTERM ends a hanging host, and the work of other projects continues after the next start", async () => {
  const dataDir = await temporaryFolder();
  const hanging = new URL("../hosts/hanging-server.js", import.meta.url);
  const env = { HANAMI_SNAPSHOT_INTERVAL_MS: "100" };
  const first = await startServer(dataDir, { ...env, NODE_OPTIONS: `--import=${hanging.href}` });
  const [base] = await uploadBaseDatasets(first, [200]);
  const make = (name: string) =>
    first.ask<{ uuid: string }>("POST", "/cluster", { name, template: base64(smallTemplate), seed: 1 });
  const [trained, direct] = [await make("trained"), await make("direct")];
  const body = trainBody(trained.uuid, base?.uuid as string, { epochs: 1_000_000 });
  const task = await first.ask<TaskBody>("POST", "/task/train", body);
  const path = `/task?uuid=${task.uuid}&cluster_uuid=${trained.uuid}`;
  await first.ask("PUT", "/cluster/set_mode", { uuid: direct.uuid, new_state: "DIRECT" });
  const clusters = join(dataDir, "clusters");
  const snapshot = async () => (await readdir(clusters)).find((name) => name.startsWith(trained.uuid)) ?? "";
  const number = async () => Number((await snapshot()).split(".")[1] ?? 0);
  await expect.poll(number, { timeout: 20_000 }).toBeGreaterThan(0);
  const seen = (await first.ask<TaskBody>("GET", path)).current_cycle;
  // The second snapshot from now on is newer.
  await expect.poll(number, { timeout: 20_000 }).toBeGreaterThan((await number()) + 1);

  const client = await connectDirect(first.url, { token: first.token, uuid: direct.uuid });
  const values = new Float32Array(16).fill(HANGS.wasm);
  client.send({ bufferName: "picture_hex", processType: clusterProcessType.train, isLast: true, values });
  const ready = async () => (await fetch(`${first.url}/ready`)).status;
  await expect.poll(ready, { timeout: 40_000 }).toBe(503);
  const exited = once(first.child, "exit");
  const startMs = performance.now();
  first.child.kill("SIGTERM");
  expect(await exited).toEqual([0, null]);
  // The limit of a shutdown, after which the process exits with code 1.
  expect(performance.now() - startMs).toBeLessThan(60_000);

  const second = await startServer(dataDir, env);
  const current = async () => (await second.ask<TaskBody>("GET", path)).current_cycle;
  await expect.poll(current, { timeout: 20_000 }).toBeGreaterThan(0);
  expect(seen).toBeGreaterThan(0);
  expect(await current()).toBeGreaterThanOrEqual(seen);
  await kill(second);
}, 180_000);

test("a server that was stopped and continued (SIGSTOP, SIGCONT) does not count that time as a hang", async () => {
  const dataDir = await temporaryFolder();
  const hanging = new URL("../hosts/hanging-server.js", import.meta.url);
  const env = { HANAMI_HOST_TIMEOUT_SECONDS: "3", NODE_OPTIONS: `--import=${hanging.href}` };
  const server = await startServer(dataDir, env);
  const errors: string[] = [];
  server.child.stderr?.on("data", (data: Buffer) => errors.push(data.toString()));
  const template = base64(smallTemplate);
  const { uuid } = await server.ask<{ uuid: string }>("POST", "/cluster", { name: "slow", template, seed: 1 });
  await server.ask("PUT", "/cluster/set_mode", { uuid, new_state: "DIRECT" });
  const client = await connectDirect(server.url, { token: server.token, uuid });
  const values = new Float32Array(16).fill(HANGS.slow);
  client.send({ bufferName: "picture_hex", processType: clusterProcessType.train, isLast: true, values });
  await delay(SLOW_MS / 3);
  server.child.kill("SIGSTOP");
  // Twice the limit.
  await delay(6000);
  server.child.kill("SIGCONT");
  expect(decodeClusterIO(await client.next())).toMatchObject({ isLast: true });
  expect(errors).toEqual([]);
  await kill(server);
}, 120_000);
