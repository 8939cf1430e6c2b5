/** Rows that `learn` has acknowledged, and a host that is lost or full before they are saved. */
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createCluster } from "../../src/clusters/create-cluster.ts";
import { learnRows } from "../../src/clusters/learn-rows.ts";
import { predictRows } from "../../src/clusters/predict-rows.ts";
import { workerLink } from "../../src/hosts/cpu/worker-link.ts";
import type { HostStatus } from "../../src/hosts/host.ts";
import type { HostLink, HostReply, OpenHostLink } from "../../src/hosts/protocol.ts";
import { sliceOf } from "../hosts/slices.ts";
import { smallTemplate } from "../support/compute.ts";
import { cpuWorker, openRig, type Rig } from "../support/compute-rig.ts";
import { base64, createTestApp, type TestApp } from "../support/test-app.ts";

let app: TestApp;
beforeAll(async () => {
  app = await createTestApp();
});
afterAll(() => app.close());

let names = 0;
const newCluster = async ({ context }: Rig) =>
  (await createCluster(context, { name: `lost ${++names}`, template: base64(smallTemplate), seed: 5 })).uuid;

const rowsOf = (count: number) =>
  Array.from({ length: count }, () => ({
    picture_hex: Array<number>(16).fill(1),
    label_hex: Array<number>(8).fill(0),
  }));

const learn = ({ context }: Rig, cluster_uuid: string, count: number) =>
  learnRows(context, { cluster_uuid, rows: rowsOf(count), predict: false, targets: {} });

const save = ({ context }: Rig, cluster: string) =>
  context.app.scheduler.exclusive(cluster, (network) => network.save());

test("the next caller is told once that rows were lost with the host", async () => {
  const rig = await openRig(app, { snapshotIntervalMs: 1_000_000 });
  const [host] = rig.hosts;
  const cluster = await newCluster(rig);
  await learn(rig, cluster, 16);
  await save(rig, cluster);
  await host.kill();
  expect(await learn(rig, cluster, 16)).toMatchObject({ learnt: 16, warnings: [] });
  await host.kill();
  const asked = { cluster_uuid: cluster, rows: [{ picture_hex: Array<number>(16).fill(1) }] };
  expect((await predictRows(rig.context, asked)).warnings).toEqual([expect.stringContaining("were lost")]);
  await expect(learn(rig, cluster, 16)).rejects.toMatchObject({
    kind: "conflict",
    message: expect.stringContaining("learn them again"),
  });
  expect(await learn(rig, cluster, 16)).toMatchObject({ learnt: 16 });
  expect((await predictRows(rig.context, asked)).warnings).toEqual([]);
});

test("a call whose host ends in its middle says how many of its rows remain", async () => {
  const rig = await openRig(app, { snapshotIntervalMs: 1_000_000 });
  const [host] = rig.hosts;
  const cluster = await newCluster(rig);
  await learn(rig, cluster, 16);
  host.slicesLeft = 2;
  const call = learn(rig, cluster, 64);
  await expect.poll(() => host.isHeld, { interval: 5 }).toBe(true);
  await Promise.all([
    expect(call).rejects.toMatchObject({
      kind: "conflict",
      message: expect.stringMatching(
        /^The host was lost: .* 0 rows of this call were learnt, and rows of earlier calls/,
      ),
    }),
    host.kill(),
  ]);
  // It was told.
  host.slicesLeft = Infinity;
  expect(await learn(rig, cluster, 16)).toMatchObject({ learnt: 16 });
});

/** A host that says it is full, and has no room for the next training; then it is as before. */
function crowdedOnce() {
  const real = workerLink(cpuWorker, "crowded");
  const state = { isFull: false };
  const open: OpenHostLink = (events) => {
    const shown = (reply: HostReply) =>
      state.isFull ? { ...reply, status: { ...reply.status, memoryBytesFree: 0 } } : reply;
    let status: HostStatus;
    const link = real({
      ...events,
      reply: (reply) => {
        ({ status } = reply);
        events.reply(shown(reply));
      },
    });
    const post: HostLink["post"] = (request, transfer) => {
      if (!state.isFull || request.method !== "train") return link.post(request, transfer);
      state.isFull = false;
      const error = { kind: "crowded" as const, message: "The host has no room" };
      events.reply({ id: request.id, status, left: [], ok: false, error });
    };
    return { post, close: (atOnce) => link.close(atOnce) };
  };
  return { open, state };
}

test("on a full host rows are saved before others make the network grow, and these are tried again", async () => {
  const { open, state } = crowdedOnce();
  const rig = await openRig(app, { snapshotIntervalMs: 1_000_000, link: open });
  const [host] = rig.hosts;
  const cluster = await newCluster(rig);
  const position = { taskUuid: randomUUID(), cycle: 16 };
  await rig.context.app.scheduler.exclusive(cluster, (network) => network.train(sliceOf(0, 16), position));
  await learn(rig, cluster, 16);
  state.isFull = true;
  await host.status();
  // The network waits until another one leaves.
  const leaving = setInterval(() => rig.context.app.hosts.room(host).changed(), 50);
  const isDone = learn(rig, cluster, 16).finally(() => clearInterval(leaving));
  expect(await isDone).toMatchObject({ learnt: 16 });
  expect(state.isFull).toBe(false);
  const { info } = await rig.context.app.scheduler.exclusive(cluster, (network) => network.ready());
  expect(info.figures.cycle).toBe(48);
});
