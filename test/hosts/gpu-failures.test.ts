/**
 * Two GPUs of one kind; the second one fails in every way, which costs nothing but time. Processes, devices and
 * failures are real. Each start of a process compiles all kernels, so the tests share the hosts.
 */
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { createCluster } from "../../src/clusters/create-cluster.ts";
import { getCluster } from "../../src/clusters/get-cluster.ts";
import { switchHost } from "../../src/clusters/switch-host.ts";
import { processLink } from "../../src/hosts/gpu/process-link.ts";
import type { HostMethod, OpenHostLink } from "../../src/hosts/protocol.ts";
import { createTrainTask } from "../../src/tasks/create-train-task.ts";
import type { TaskView } from "../../src/tasks/get-task.ts";
import { makeDataset, smallTemplate, stateOf, trainBody } from "../support/compute.ts";
import { createRig, type KillableHost, type Rig, over } from "../support/compute-rig.ts";
import { createRandom } from "../support/random.ts";
import { base64, createTestApp, type TestApp } from "../support/test-app.ts";
import { HORIZON, sliceOf } from "./slices.ts";

/** The software device is slow on a busy machine. */
vi.setConfig({ testTimeout: 600_000 });

const failingProcess = new URL("./failing-gpu-process.js", import.meta.url);
const rows = 64;
const epochs = 3;
const cycles = rows * epochs;

let app: TestApp;
let dataset: string;
let rig: Rig;
let sound: KillableHost;
let failing: KillableHost;
/** See `failing-gpu-process.ts`. */
let flag: string;
/** The failing host's process gets SIGKILL as soon as the first of these calls has reached it. */
const kills: HostMethod[] = [];
/** The state of a cluster that was trained without any failure. */
let expected: Promise<Buffer> | undefined;

function killable(): OpenHostLink {
  let pid = 0;
  const real = processLink(failingProcess, { flag }, { started: (started) => (pid = started) });
  return (events) => {
    const link = real(events);
    return {
      ...link,
      post(request, transfer) {
        link.post(request, transfer);
        if (request.method !== kills[0]) return;
        kills.shift();
        process.kill(pid, "SIGKILL");
      },
    };
  };
}

beforeAll(async () => {
  app = await createTestApp();
  dataset = await makeDataset(app.app, { rows });
  flag = join(app.dataDir, "flag");
  rig = await createRig(app, { types: ["gpu", "gpu"], secondLink: killable() });
  [sound, failing] = rig.hosts;
});
afterAll(async () => {
  await rig.crash();
  await app.close();
});

let names = 0;
async function newCluster(host: KillableHost): Promise<string> {
  const name = `cluster ${++names}`;
  const made = { name, template: base64(smallTemplate), seed: 5, host_uuid: host.uuid };
  return (await createCluster(rig.context, made)).uuid;
}

const train = (cluster: string) =>
  createTrainTask(rig.context, { time_length: 1, epochs, batch_size: 16, ...trainBody(cluster, dataset) });

const move = (cluster_uuid: string, host: KillableHost) =>
  switchHost(rig.context, { cluster_uuid, host_uuid: host.uuid });

async function finished(task: TaskView): Promise<void> {
  expect(await over(rig, task, 500_000)).toMatchObject({ state: "finished", current_cycle: cycles });
}

async function learnUndisturbed(): Promise<Buffer> {
  const cluster = await newCluster(sound);
  await finished(await train(cluster));
  return stateOf(rig.context.app, cluster);
}

/** Expects the cluster on this host, with exactly the expected state. */
async function expectLearned(cluster: string, host: KillableHost): Promise<void> {
  const shown = await getCluster(rig.context, { uuid: cluster });
  expect(shown).toMatchObject({ hostState: "ready", cluster: { host_uuid: host.uuid }, figures: { cycle: cycles } });
  expected ??= learnUndisturbed();
  expect((await stateOf(rig.context.app, cluster)).equals(await expected)).toBe(true);
}

test("a network that moves between them at random cycles of one training learns the same bits", async () => {
  const random = createRandom(3);
  for (const cluster of ["stays", "moves"]) await sound.create(cluster, { template: smallTemplate, seed: 3 });
  await sound.train("stays", sliceOf(0, HORIZON));
  let [at, other] = [sound, failing];
  for (let cycle = 0; cycle < HORIZON;) {
    const count = Math.min(HORIZON - cycle, 16 * random.int(1, 4));
    await at.train("moves", sliceOf(cycle, count));
    cycle += count;
    expect((await other.attach("moves", await at.exportState("moves"))).figures.cycle).toBe(cycle);
    await at.detach("moves");
    [at, other] = [other, at];
  }
  const [stayed, moved] = [await sound.exportState("stays"), await at.exportState("moves")];
  expect(Buffer.from(moved).equals(stayed)).toBe(true);
  await sound.detach("stays");
  await at.detach("moves");
});

test("a full GPU refuses a cluster with the reason; the cluster stays, and so do the others there", async () => {
  const there = await newCluster(failing);
  const before = await stateOf(rig.context.app, there);
  const cluster = await newCluster(sound);
  await finished(await train(cluster));

  writeFileSync(flag, "weights");
  await expect(move(cluster, failing)).rejects.toMatchObject({
    kind: "conflict",
    message: expect.stringMatching(
      /^Can not move cluster to host with uuid '.*': the device is out of memory: .*MEMORY/,
    ),
  });
  await expectLearned(cluster, sound);
  expect(failing.generation).toBe(0);
  // It was idle, so it left to make room; its next use brings it back.
  rmSync(flag);
  expect((await stateOf(rig.context.app, there)).equals(before)).toBe(true);
  writeFileSync(flag, "weights");

  const refused = await newCluster(failing);
  const unavailable = expect.stringContaining("out of memory");
  expect(await getCluster(rig.context, { uuid: refused })).toMatchObject({ hostState: "ready", figures: { cycle: 0 } });
  expect(await over(rig, await train(refused), 500_000)).toMatchObject({ state: "failed", error_message: unavailable });
  await move(refused, sound);
  await finished(await train(refused));
  await expectLearned(refused, sound);
  rmSync(flag);
});

test("SIGKILL in the middle of a step, of a restoration and of a snapshot: the same bits in the end", async () => {
  const before = failing.generation;
  const cluster = await newCluster(failing);
  kills.push("train", "create", "exportState");
  await finished(await train(cluster));
  expect(kills).toEqual([]);
  expect(failing.generation).toBe(before + 3);
  await expectLearned(cluster, failing);
});

test("SIGKILL in the middle of a move: to the GPU the cluster stays, from the GPU its snapshot moves", async () => {
  const cluster = await newCluster(failing);
  await finished(await train(cluster));
  kills.push("exportState");
  await move(cluster, sound);
  await expectLearned(cluster, sound);
  kills.push("attach");
  await expect(move(cluster, failing)).rejects.toMatchObject({
    kind: "conflict",
    message: expect.stringContaining("its process ended by SIGKILL"),
  });
  await expectLearned(cluster, sound);
});

test("a lost device, and one that runs out of memory in the middle of its work: the task continues", async () => {
  for (const failure of ["lose", "errors"]) {
    const before = failing.generation;
    const cluster = await newCluster(failing);
    writeFileSync(flag, `once ${failure}`);
    await finished(await train(cluster));
    expect(existsSync(flag)).toBe(false);
    expect(failing.generation).toBe(before + 1);
    await expectLearned(cluster, failing);
  }
});
