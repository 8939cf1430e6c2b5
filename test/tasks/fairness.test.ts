import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { authenticate } from "../../src/accounts/authenticate.ts";
import type { Context } from "../../src/app-context.ts";
import type { Caller } from "../../src/accounts/caller.ts";
import { createCluster } from "../../src/clusters/create-cluster.ts";
import { deleteCluster } from "../../src/clusters/delete-cluster.ts";
import { openDirectIo } from "../../src/clusters/direct-io.ts";
import { setMode } from "../../src/clusters/set-mode.ts";
import { switchHost } from "../../src/clusters/switch-host.ts";
import { workerLink } from "../../src/hosts/cpu/worker-link.ts";
import type { TrainRun } from "../../src/network/run.ts";
import type { HostReply, HostRequest, OpenHostLink } from "../../src/hosts/protocol.ts";
import { createRequestTask } from "../../src/tasks/create-request-task.ts";
import { createTrainTask } from "../../src/tasks/create-train-task.ts";
import { deleteTask } from "../../src/tasks/delete-task.ts";
import { getTask } from "../../src/tasks/get-task.ts";
import { makeDataset, requestBody, smallTemplate, trainBody } from "../support/compute.ts";
import { cpuWorker, openRig, type Rig } from "../support/compute-rig.ts";
import { base64, createTestApp, type TestApp } from "../support/test-app.ts";

let app: TestApp;
const callers = new Map<string, Caller>();

beforeAll(async () => {
  app = await createTestApp();
  for (const projectId of ["many", "one", "mine", "yours"]) {
    const token = await app.addUser({ id: `user_${projectId}`, projectId });
    callers.set(projectId, await authenticate(app.app, token));
  }
});
afterAll(() => app.close());

/** Calls that reached the real host, in order, and the number of other clusters' slices that each waited for. */
interface Watch {
  posted: { id: number; method: string; cluster: string; ms: number }[];
  waits: { cluster: string; slices: number }[];
  rig: Rig;
}

async function watch(): Promise<Watch> {
  const posted: Watch["posted"] = [];
  const waits: Watch["waits"] = [];
  const open = workerLink(cpuWorker, "cpu-host");
  const link: OpenHostLink = (events) => {
    const reply = (answer: HostReply) => {
      const call = posted.find(({ id }) => id === answer.id);
      if (call !== undefined) call.ms = answer.tookMs ?? 0;
      events.reply(answer);
    };
    const inner = open({ ...events, reply });
    const post = (request: HostRequest, transfer: ArrayBuffer[]) => {
      posted.push({ id: request.id, method: request.method, cluster: String(request.args[0]), ms: 0 });
      inner.post(request, transfer);
    };
    return { post, close: () => inner.close() };
  };
  // No snapshots during the test: they are calls, too.
  const rig = await openRig(app, { link, snapshotIntervalMs: 600_000 });
  const queue = rig.context.app.hosts.queue(rig.hosts[0]);
  const run = queue.run.bind(queue);
  vi.spyOn(queue, "run").mockImplementation((owner, call) => {
    const before = posted.length;
    return run(owner, () => {
      const others = posted.slice(before).filter(({ method }) => method === "train");
      waits.push({ cluster: owner.clusterUuid, slices: others.length });
      return call();
    });
  });
  return { posted, waits, rig };
}

function inProject({ context: { app: shared } }: Rig, projectId: string): Context {
  return { app: shared, caller: callers.get(projectId) as Caller };
}

const newDataset = ({ app: shared, caller }: Context) =>
  makeDataset(shared, { rows: 200, owner: { owner_id: caller.userId, project_id: caller.projectId } });

let names = 0;
const newCluster = async (context: Context) =>
  (await createCluster(context, { name: `cluster ${++names}`, template: base64(smallTemplate), seed: 5 })).uuid;

const trainLong = (context: Context, cluster: string, dataset: string, batch_size = 128) =>
  createTrainTask(context, { time_length: 1, epochs: 1_000_000, batch_size, ...trainBody(cluster, dataset) });

async function until(reached: () => boolean): Promise<void> {
  await expect.poll(reached, { interval: 5, timeout: 60_000 }).toBe(true);
}

test.each(["another project", "the same project"])(
  "requests of a small cluster of %s wait for at most one slice of a large training",
  async (whose) => {
    const { posted, waits, rig } = await watch();
    const mine = inProject(rig, "mine");
    const asking = whose === "the same project" ? mine : inProject(rig, "yours");
    const small = await newCluster(asking);
    const dataset = await newDataset(mine);
    const [large, doomed] = [await newCluster(mine), await newCluster(mine)];
    const longTask = await trainLong(mine, large, dataset);
    await trainLong(mine, doomed, dataset);
    const slices = () => posted.filter(({ method, cluster }) => method === "train" && cluster === large).length;
    await until(() => slices() >= 8);

    await setMode(asking, { uuid: small, new_state: "DIRECT" });
    const line = await openDirectIo(asking, small, () => undefined);
    line.setInput("picture_hex", Float32Array.of(1, 0, 1, 0));
    line.setExpected("label_hex", Float32Array.of(0, 1));
    const before = slices();
    for (let cycle = 0; cycle < 6; cycle++) {
      if (cycle === 3) await deleteCluster(mine, { uuid: doomed });
      await line.train();
      const [output] = await line.request();
      expect(output?.values).toHaveLength(2);
    }
    line.close();
    await setMode(asking, { uuid: small, new_state: "TASK" });
    const body = { time_length: 1, ...requestBody(small, await newDataset(asking)) };
    const request = await createRequestTask(asking, body);
    const stateOf = async () => (await getTask(asking, request)).state;
    await expect.poll(stateOf, { interval: 5, timeout: 60_000 }).toBe("finished");

    const waited = waits.filter(({ cluster }) => cluster === small).map((wait) => wait.slices);
    expect(waited.length).toBeGreaterThan(12);
    // Two where it has used more time itself than the training, which is rare.
    expect(Math.max(...waited)).toBeLessThanOrEqual(2);
    expect(waited.filter((slices) => slices > 1).length).toBeLessThan(waited.length / 3);
    expect(slices()).toBeGreaterThan(before);
    const lastOfDoomed = posted.findLastIndex(({ cluster }) => cluster === doomed);
    expect(posted[lastOfDoomed]).toMatchObject({ method: "detach" });
    await deleteTask(mine, longTask);
  },
);

test("a cluster that moves to another host starts there with a small slice", async () => {
  const cycles: { first: number[]; second: number[] } = { first: [], second: [] };
  const watched = (seen: number[]): OpenHostLink => {
    const open = workerLink(cpuWorker, "cpu-host");
    return (events) => {
      const inner = open(events);
      const post = (request: HostRequest, transfer: ArrayBuffer[]) => {
        if (request.method === "train") seen.push((request.args[1] as TrainRun).cycles);
        inner.post(request, transfer);
      };
      return { post, close: () => inner.close() };
    };
  };
  const rig = await openRig(app, { link: watched(cycles.first), secondLink: watched(cycles.second) });
  const mine = inProject(rig, "mine");
  const cluster = await newCluster(mine);
  const task = await trainLong(mine, cluster, await newDataset(mine), 16);
  await until(() => Math.max(...cycles.first) > 64);
  await switchHost(mine, { cluster_uuid: cluster, host_uuid: rig.hosts[1].uuid });
  await until(() => cycles.second.length > 0);
  expect(cycles.second[0]).toBe(16);
  await deleteTask(mine, task);
});

// The last test: its tasks are left in the queues.
test("a project with eight training clusters gets as much time as a project with one", async () => {
  const { posted, rig } = await watch();
  const [many, one] = [inProject(rig, "many"), inProject(rig, "one")];
  const single = await newCluster(one);
  await trainLong(one, single, await newDataset(one));
  const dataset = await newDataset(many);
  for (let n = 0; n < 8; n++) await trainLong(many, await newCluster(many), dataset);
  const slices = () => posted.filter(({ method, ms }) => method === "train" && ms > 0);
  await until(() => new Set(slices().map(({ cluster }) => cluster)).size === 9);
  // The first slices are small, and attaching eight networks has used time, too.
  const first = slices().length + 24;
  const time = (calls: Watch["posted"]) => calls.reduce((sum, { ms }) => sum + ms, 0);
  const counted = () => slices().slice(first);
  await until(() => time(counted()) >= 2500);

  const ofMany = counted().filter(({ cluster }) => cluster !== single);
  // The one cluster has no call waiting right after its own. By cluster it would be 0.89.
  const share = time(ofMany) / time(counted());
  expect(share).toBeGreaterThan(0.35);
  expect(share).toBeLessThan(0.65);
  expect(new Set(ofMany.map(({ cluster }) => cluster)).size).toBeGreaterThanOrEqual(7);
});
