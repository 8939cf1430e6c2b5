/** A real server whose CPU host hangs with the work of one project: it continues for others, and reports the hang. */
import "./hanging-server.ts";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { clusterProcessType, decodeClusterIO, targetBufferType } from "../../src/api/websocket/protobuf.ts";
import {
  makeCluster,
  makeDataset,
  oneHot,
  pixel,
  smallTemplate,
  stateOf,
  type TaskBody,
  trainBody,
} from "../support/compute.ts";
import { connectDirect } from "../support/direct-client.ts";
import { createTestApp, type TestApp } from "../support/test-app.ts";
import { HANGING_INPUT, HANGS } from "./hangs.ts";

vi.setConfig({ testTimeout: 180_000 });

const timeoutMs = 2000;
const rows = 100;
let app: TestApp;
let url: string;
/** Tokens of users in two projects. */
let attacker: string;
let member: string;
let good: string;

beforeAll(async () => {
  app = await createTestApp({ config: { hostTimeoutMs: timeoutMs, snapshotIntervalMs: 100 } });
  ({ url } = await app.server.listen());
  attacker = await app.addUser({ id: "attacker", projectId: "hostile" });
  member = await app.addUser({ id: "member", projectId: "peaceful" });
  good = await makeDataset(app.app, { rows, owner: { owner_id: "member", project_id: "peaceful" } });
});
afterAll(() => app.close());

let names = 0;
const newCluster = (token: string, template = smallTemplate) =>
  makeCluster(app, { name: `cluster ${++names}`, template, token });

async function newDirect(token: string, template = smallTemplate) {
  const uuid = await newCluster(token, template);
  (await app.request("PUT", "/cluster/set_mode", { token, body: { uuid, new_state: "DIRECT" } })).json();
  return uuid;
}

async function train(token: string, cluster: string, dataset: string, more: Record<string, unknown> = {}) {
  const body = trainBody(cluster, dataset, more);
  return (await app.request("POST", "/task/train", { token, body })).json<TaskBody>();
}

async function over(token: string, cluster: string, { uuid }: TaskBody): Promise<TaskBody> {
  const task = async () =>
    (await app.request("GET", "/task", { token, query: { uuid, cluster_uuid: cluster } })).json<TaskBody>();
  await expect.poll(async () => (await task()).state, { timeout: 120_000 }).toMatch(/finished|failed/);
  return task();
}

const picture = { bufferName: "picture_hex", processType: clusterProcessType.train };
const hanging = { ...picture, isLast: true, values: new Float32Array(16).fill(HANGS.wasm) };
const seconds = timeoutMs / 1000;
const refused =
  `The cluster's work did not end within ${seconds} s, 2 times, and its host had to be ended. ` +
  `It is tried again after ${10 * seconds} s, or when the cluster is on another host.`;

test("a task that hangs its host fails the second time; tasks of other projects end as without the hang", async () => {
  const bad = await makeDataset(app.app, {
    rows,
    groups: [
      { name: "picture", width: 16, cell: () => HANGS.wasm },
      { name: "label", width: 8, cell: oneHot },
    ],
    owner: { owner_id: "attacker", project_id: "hostile" },
  });
  const [hung, peaceful, alone] = [await newCluster(attacker), await newCluster(member), await newCluster(member)];
  const epochs = 2000;
  const long = await train(member, peaceful, good, { epochs });
  const short = await train(attacker, hung, bad);
  expect(await over(attacker, hung, short)).toMatchObject({ state: "failed", error_message: refused });
  // For a while the refusal is immediate.
  const again = await train(attacker, hung, bad);
  expect(await over(attacker, hung, again)).toMatchObject({ state: "failed", error_message: refused });
  expect(await over(member, peaceful, long)).toMatchObject({ state: "finished", current_cycle: rows * epochs });
  await over(member, alone, await train(member, alone, good, { epochs }));
  expect((await stateOf(app.app, peaceful)).equals(await stateOf(app.app, alone))).toBe(true);
  // Its network is still there.
  expect((await app.request("GET", "/cluster", { token: attacker, query: { uuid: hung } })).json()).toMatchObject({
    host_state: "ready",
    number_of_cycles: 0,
  });
});

test("direct IO that hangs is closed with the reason; another line waits, and loses nothing", async () => {
  const [hung, peaceful] = [await newDirect(attacker), await newDirect(member)];
  const line = await connectDirect(url, { token: member, uuid: peaceful });
  const values = Float32Array.from({ length: 16 }, (_, column) => pixel(0, column));
  const learn = async () => {
    await line.ask({ ...picture, values });
    const label = { bufferName: "label_hex", targetBufferType: targetBufferType.expected, isLast: true };
    return decodeClusterIO(await line.ask({ ...picture, ...label, values: new Float32Array(8) }));
  };
  const saved = async () => {
    await expect
      .poll(() => app.app.scheduler.exclusive(peaceful, async (network) => network.dirty), { timeout: 20_000 })
      .toBe(false);
  };
  expect(await learn()).toMatchObject({ isLast: true });
  await saved();
  for (const reason of ["The cycle did not end in time; the cluster goes on from its last snapshot", refused]) {
    const client = await connectDirect(url, { token: attacker, uuid: hung });
    client.send(hanging);
    await expect.poll(() => app.app.hosts.default().silentMs, { timeout: 20_000 }).toBeGreaterThan(0);
    const learned = learn();
    const { code, reason: told } = await client.closed;
    expect([code, reason.startsWith(told)]).toEqual([1011, true]);
    expect(client.arrived.at(-1)?.toString()).toContain(reason);
    expect(await learned).toMatchObject({ isLast: true });
    await saved();
  }
  const shown = (await app.request("GET", "/cluster", { token: member, query: { uuid: peaceful } })).json();
  expect(shown).toMatchObject({ number_of_cycles: 3 });
  expect(line.socket.readyState).toBe(line.socket.OPEN);
});

test("a network whose attachment hangs is refused, and the others continue", async () => {
  const hung = await newCluster(attacker, smallTemplate.replace("picture_hex", HANGING_INPUT));
  const peaceful = await newCluster(member);
  const long = await train(member, peaceful, good, { epochs: 500 });
  const shown = async () => (await app.request("GET", "/cluster", { token: attacker, query: { uuid: hung } })).json();
  // To look puts nothing onto the host.
  expect(await shown()).toMatchObject({ host_state: "ready", number_of_cycles: 0 });
  for (let ask = 0; ask < 2; ask++) {
    const body = { cluster_uuid: hung, name: "saved" };
    const task = (await app.request("POST", "/cluster/save", { token: attacker, body })).json<TaskBody>();
    expect(await over(attacker, hung, task)).toMatchObject({ state: "failed", error_message: refused });
    expect(await shown()).toMatchObject({ host_state: "lost", host_error: refused });
  }
  expect(await over(member, peaceful, long)).toMatchObject({ state: "finished" });
  expect((await app.request("DELETE", "/cluster", { token: attacker, query: { uuid: hung } })).status).toBe(200);
});

test("while a host hangs, probes and lists report it", async () => {
  const hung = await newDirect(attacker);
  const client = await connectDirect(url, { token: attacker, uuid: hung });
  const { uuid } = app.app.hosts.default();
  client.send(hanging);
  const ready = async () => (await fetch(`${url}/ready`)).text();
  await expect.poll(ready, { timeout: 20_000, interval: 50 }).toMatch(/^not ready\. /);
  const [answer, metrics, hosts] = await Promise.all([
    fetch(`${url}/ready`),
    fetch(`${url}/metrics`).then((response) => response.text()),
    app.request("GET", "/host/all"),
  ]);
  expect([answer.status, await answer.text()]).toEqual([
    503,
    expect.stringMatching(`^not ready\\. Host with uuid '${uuid}': It has been busy with one call for \\d s\\.\n$`),
  ]);
  expect(metrics).toMatch(/^hanami_host_load\{host="0",type="cpu"\} 1$/m);
  expect(metrics).toMatch(/^hanami_host_up\{host="0",type="cpu"\} 0$/m);
  const [host] = hosts.json<{ body: unknown[][] }>().body;
  expect(host).toEqual(expect.arrayContaining([uuid, 1, "silent", expect.stringMatching(/^It has been busy/)]));
  expect((await client.closed).code).toBe(1011);
  await expect.poll(ready, { timeout: 20_000 }).toBe("ready\n");
});
