/** Networks that nobody uses leave a full host and come back, without a difference to a host with room for all. */
import assert from "node:assert/strict";
import { eq } from "drizzle-orm";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { createCluster } from "../../src/clusters/create-cluster.ts";
import { deleteCluster } from "../../src/clusters/delete-cluster.ts";
import { openDirectIo } from "../../src/clusters/direct-io.ts";
import { getCluster } from "../../src/clusters/get-cluster.ts";
import { setMode } from "../../src/clusters/set-mode.ts";
import { switchHost } from "../../src/clusters/switch-host.ts";
import { clusters } from "../../src/db/schema/index.ts";
import { workerLink } from "../../src/hosts/cpu/worker-link.ts";
import { readContent } from "../../src/datasets/read-content.ts";
import { createRequestTask } from "../../src/tasks/create-request-task.ts";
import { createRestoreTask } from "../../src/tasks/create-restore-task.ts";
import { createSaveTask } from "../../src/tasks/create-save-task.ts";
import { createTrainTask } from "../../src/tasks/create-train-task.ts";
import type { TaskView } from "../../src/tasks/get-task.ts";
import { makeDataset, oneHot, pixel, requestBody, smallTemplate, stateOf, trainBody } from "../support/compute.ts";
import { cpuWorker, openRig, over, type Rig, type RigOptions } from "../support/compute-rig.ts";
import { createRandom, type Random } from "../support/random.ts";
import { base64, createTestApp, type TestApp } from "../support/test-app.ts";

vi.setConfig({ testTimeout: 240_000 });

/** Room for three networks that have learned the dataset. */
const ROOM_FOR_THREE = 2_700_000;
const rows = 16;
/** Of the many clusters on the small host, every so many is compared with one on the roomy host. */
const TWIN_EVERY = 5;
let app: TestApp;
let dataset: string;

beforeAll(async () => {
  app = await createTestApp();
  dataset = await makeDataset(app.app, { rows });
});
afterAll(() => app.close());

/** Two hosts: a small one, and one with room for everything. */
const openSmall = (memoryBytes: number, options: RigOptions = {}) =>
  openRig(app, { link: workerLink(cpuWorker, "cpu-host", { memoryBytes }), ...options });

let names = 0;
const newCluster = async (
  rig: Rig,
  { host = rig.hosts[0], seed = 5 }: { host?: { uuid: string }; seed?: number } = {},
) => {
  const input = { name: `cluster ${++names}`, template: base64(smallTemplate), seed, host_uuid: host.uuid };
  return (await createCluster(rig.context, input)).uuid;
};

const train = (rig: Rig, cluster: string, epochs = 1, more: { seed?: number } = {}) =>
  createTrainTask(rig.context, { time_length: 1, epochs, batch_size: 16, ...trainBody(cluster, dataset), ...more });

const ask = (rig: Rig, cluster: string) =>
  createRequestTask(rig.context, { time_length: 1, ...requestBody(cluster, dataset) });

async function finished(rig: Rig, task: TaskView): Promise<TaskView> {
  const done = await over(rig, task, 120_000);
  expect(done).toMatchObject({ state: "finished" });
  return done;
}

async function answersOf(rig: Rig, cluster: string): Promise<number[]> {
  const { uuid } = await finished(rig, await ask(rig, cluster));
  const range = { row_offset: 0, number_of_rows: rows };
  return [...(await readContent(rig.context, { uuid, column_name: "label", ...range })).values];
}

const attachedTo = async ({ hosts: [small] }: Rig) => (await small.status()).clusters;

test("clusters that need fifty times the memory are trained, read and asked in turn, like on a roomy host", async () => {
  const rig = await openSmall(ROOM_FOR_THREE);
  const [, roomy] = rig.hosts;
  const small: string[] = [];
  // Some have a twin on the roomy host.
  const pairs: { small: string; large: string }[] = [];
  for (let seed = 0; seed < 150; seed++) {
    const uuid = await newCluster(rig, { seed });
    small.push(uuid);
    await finished(rig, await train(rig, uuid));
    if (seed % TWIN_EVERY !== 0) continue;
    const large = await newCluster(rig, { seed, host: roomy });
    await finished(rig, await train(rig, large));
    pairs.push({ small: uuid, large });
  }
  const attached = await attachedTo(rig);
  expect(attached).toBeGreaterThan(0);
  expect(attached).toBeLessThan(10);
  const inMemory = rig.context.app.scheduler.networks().filter(({ hostUuid }) => hostUuid === rig.hosts[0].uuid);
  expect(inMemory).toHaveLength(attached);
  for (const uuid of small) {
    const shown = await getCluster(rig.context, { uuid });
    expect(shown).toMatchObject({ hostState: "ready", unavailable: null, figures: { cycle: rows } });
  }
  for (const pair of pairs) {
    const [shown, other] = [
      await getCluster(rig.context, { uuid: pair.small }),
      await getCluster(rig.context, { uuid: pair.large }),
    ];
    expect(shown.figures).toEqual(other.figures);
  }
  // To look attached nothing.
  expect(await attachedTo(rig)).toBe(attached);
  for (const uuid of small) {
    const answers = await answersOf(rig, uuid);
    await finished(rig, await train(rig, uuid));
    const large = pairs.find((pair) => pair.small === uuid)?.large;
    if (large === undefined) continue;
    expect(answers).toEqual(await answersOf(rig, large));
    await finished(rig, await train(rig, large));
    expect((await stateOf(rig.context.app, uuid)).equals(await stateOf(rig.context.app, large))).toBe(true);
  }
  for (const uuid of small) await deleteCluster(rig.context, { uuid });
  expect(await attachedTo(rig)).toBe(0);
  const { memoryBytesFree, memoryBytesTotal } = await rig.hosts[0].status();
  expect(memoryBytesFree).toBe(memoryBytesTotal);
});

test("sixty tasks that are queued at once all finish on a host with room for three networks", async () => {
  const rig = await openSmall(ROOM_FOR_THREE);
  const uuids: string[] = [];
  for (let seed = 0; seed < 60; seed++) uuids.push(await newCluster(rig, { seed }));
  // Half of the tasks give their networks another seed.
  const seedOf = (nth: number) => (nth % 2 === 0 ? {} : { seed: 100 + nth });
  const tasks = await Promise.all(uuids.map((uuid, nth) => train(rig, uuid, 20, seedOf(nth))));
  for (const task of tasks) await finished(rig, task);
  for (const nth of [58, 59]) {
    const alone = await newCluster(rig, { seed: nth, host: rig.hosts[1] });
    await finished(rig, await train(rig, alone, 20, seedOf(nth)));
    expect((await stateOf(rig.context.app, uuids[nth]!)).equals(await stateOf(rig.context.app, alone))).toBe(true);
  }
});

test("checkpoints that are restored at once on a full host do not wait for one another", async () => {
  const rig = await openSmall(ROOM_FOR_THREE);
  const restores: { cluster: string; checkpoint: string }[] = [];
  for (let seed = 0; seed < 8; seed++) {
    const cluster = await newCluster(rig, { seed });
    await finished(rig, await train(rig, cluster));
    const { uuid } = await finished(rig, await createSaveTask(rig.context, { cluster_uuid: cluster, name: "saved" }));
    restores.push({ cluster, checkpoint: uuid });
  }
  const restore = ({ cluster, checkpoint }: (typeof restores)[number]) =>
    createRestoreTask(rig.context, { cluster_uuid: cluster, checkpoint_uuid: checkpoint });
  const tasks = [];
  for (const each of restores) {
    // The network is on the host, with changes that no snapshot has.
    await train(rig, each.cluster, 20);
    tasks.push(await restore(each), await restore(each));
  }
  for (const task of tasks) await finished(rig, task);
  for (const { cluster, checkpoint } of restores) {
    const copy = (await createCluster(rig.context, { name: `cluster ${++names}`, checkpoint_uuid: checkpoint })).uuid;
    expect((await stateOf(rig.context.app, cluster)).equals(await stateOf(rig.context.app, copy))).toBe(true);
  }
});

test("a checkpoint comes in the place of a network that takes more than half of its host", async () => {
  const rig = await openSmall(1_300_000);
  const cluster = await newCluster(rig);
  await finished(rig, await train(rig, cluster));
  const { uuid } = await finished(rig, await createSaveTask(rig.context, { cluster_uuid: cluster, name: "saved" }));
  const saved = await stateOf(rig.context.app, cluster);
  await finished(rig, await train(rig, cluster, 20));
  await finished(rig, await createRestoreTask(rig.context, { cluster_uuid: cluster, checkpoint_uuid: uuid }));
  expect((await stateOf(rig.context.app, cluster)).equals(saved)).toBe(true);
});

test("an open line of direct IO that is silent lets its network leave, and learns on without a loss", async () => {
  const rig = await openSmall(ROOM_FOR_THREE);
  const [small, roomy] = rig.hosts;
  const lines = [];
  for (let nth = 0; nth < 8; nth++) {
    const pair = [];
    for (const host of [small, roomy]) {
      const uuid = await newCluster(rig, { host, seed: nth });
      await setMode(rig.context, { uuid, new_state: "DIRECT" });
      pair.push({ uuid, io: await openDirectIo(rig.context, uuid, () => undefined) });
    }
    lines.push(pair);
  }
  for (let cycle = 0; cycle < 6; cycle++) {
    for (const pair of lines) {
      const answers = [];
      for (const { io } of pair) {
        io.setInput(
          "picture_hex",
          Float32Array.from({ length: 16 }, (_, column) => pixel(cycle, column)),
        );
        io.setExpected(
          "label_hex",
          Float32Array.from({ length: 8 }, (_, column) => oneHot(cycle, column)),
        );
        await io.train();
        answers.push(await io.request());
      }
      expect(answers[0]).toEqual(answers[1]);
    }
  }
  for (const pair of lines) {
    const [state, expected] = await Promise.all(pair.map(({ uuid }) => stateOf(rig.context.app, uuid)));
    expect(state!.equals(expected!)).toBe(true);
    for (const { io } of pair) io.close();
  }
});

test("figures are stored with each snapshot; those of older clusters and of checkpoints are read once", async () => {
  const rig = await openSmall(ROOM_FOR_THREE);
  const uuid = await newCluster(rig);
  const figures = async (cluster = uuid) => (await getCluster(rig.context, { uuid: cluster })).figures;
  const empty = await figures();
  expect(empty).toMatchObject({ cycle: 0, blocks: 0, sections: 0, hexagons: [{}, {}, {}] });
  await rig.context.app.scheduler.exclusive(uuid, (network) => network.ready());
  expect(await figures()).toEqual(empty);
  await finished(rig, await train(rig, uuid));
  const live = await figures();
  expect(live.sections).toBeGreaterThan(0);
  const saved = await createSaveTask(rig.context, { cluster_uuid: uuid, name: "saved" });
  await finished(rig, saved);
  const copy = { name: `cluster ${++names}`, checkpoint_uuid: saved.uuid };
  const copied = (await createCluster(rig.context, copy)).uuid;
  await rig.crash();

  const next = await openSmall(ROOM_FOR_THREE);
  const shown = async (cluster: string) => (await getCluster(next.context, { uuid: cluster })).figures;
  const stored = async (cluster: string) =>
    (await app.app.db.select().from(clusters).where(eq(clusters.uuid, cluster)))[0]!.figures;
  expect(await shown(uuid)).toEqual(live);
  expect(await stored(copied)).toBeNull();
  expect(await shown(copied)).toEqual(live);
  expect(await stored(copied)).toEqual(live);
  await app.app.db.update(clusters).set({ figures: null }).where(eq(clusters.uuid, uuid));
  expect(await shown(uuid)).toEqual(live);
  expect(await stored(uuid)).toEqual(live);
  expect(await attachedTo(next)).toBe(0);
});

test("a seed that a task gave to a fresh network stays with it, even if the task fails before it learns", async () => {
  const rig = await openSmall(ROOM_FOR_THREE);
  const uuid = await newCluster(rig, { seed: 1 });
  await rig.context.app.scheduler.exclusive(uuid, (network) => network.seedFresh(2));
  const seeded = await stateOf(rig.context.app, uuid);
  for (let seed = 0; seed < 6; seed++) await finished(rig, await train(rig, await newCluster(rig, { seed })));
  expect((await stateOf(rig.context.app, uuid)).equals(seeded)).toBe(true);
});

/** One cluster twice: on the small host and on the roomy one, with the same history. */
interface Twin {
  seed: number;
  uuids: [string, string];
  mode: "TASK" | "DIRECT";
  checkpoints: [string, string][];
  cycle: number;
}

type Action = (rig: Rig, twin: Twin, random: Random) => Promise<void>;

const both = <T>({ uuids }: Twin, act: (uuid: string, nth: 0 | 1) => Promise<T>) =>
  Promise.all([act(uuids[0], 0), act(uuids[1], 1)]);

/** The small host may be full of networks in use, for longer than such calls wait. */
async function onceThereIsRoom<T>(act: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await act();
    } catch (error) {
      assert.match(String(error), /has no room for (this network|the cluster)/);
    }
  }
}

const inMode =
  (mode: Twin["mode"], action: Action): Action =>
  async (rig, twin, random) => {
    if (twin.mode !== mode) {
      await both(twin, (uuid) => setMode(rig.context, { uuid, new_state: mode }));
      twin.mode = mode;
    }
    await action(rig, twin, random);
  };

const actions: Action[] = [
  async (rig, twin) => {
    const [shown, other] = await both(twin, (uuid) => getCluster(rig.context, { uuid }));
    assert.deepEqual(shown.figures, other.figures);
  },
  inMode("TASK", async (rig, twin, random) => {
    const epochs = random.int(1, 40);
    await both(twin, async (uuid) => finished(rig, await train(rig, uuid, epochs)));
  }),
  inMode("TASK", async (rig, twin) => {
    const [answers, other] = await both(twin, (uuid) => answersOf(rig, uuid));
    assert.deepEqual(answers, other);
  }),
  inMode("TASK", async (rig, twin) => {
    const save = (uuid: string) => createSaveTask(rig.context, { cluster_uuid: uuid, name: "saved" });
    const [first, second] = await both(twin, async (uuid) => (await finished(rig, await save(uuid))).uuid);
    twin.checkpoints.push([first, second]);
  }),
  inMode("TASK", async (rig, twin, random) => {
    if (twin.checkpoints.length === 0) return;
    const checkpoints = random.pick(twin.checkpoints);
    await both(twin, async (uuid, nth) => {
      const input = { cluster_uuid: uuid, checkpoint_uuid: checkpoints[nth] };
      await finished(rig, await createRestoreTask(rig.context, input));
    });
  }),
  inMode("DIRECT", async (rig, twin, random) => {
    const cycles = random.int(1, 5);
    const answers = await both(twin, async (uuid) => {
      const io = await onceThereIsRoom(() => openDirectIo(rig.context, uuid, () => undefined));
      for (let cycle = 0; cycle < cycles; cycle++) {
        io.setInput(
          "picture_hex",
          Float32Array.from({ length: 16 }, (_, column) => pixel(twin.cycle + cycle, column)),
        );
        io.setExpected(
          "label_hex",
          Float32Array.from({ length: 8 }, (_, column) => oneHot(cycle, column)),
        );
        await onceThereIsRoom(() => io.train());
      }
      const answer = await onceThereIsRoom(() => io.request());
      io.close();
      return answer;
    });
    twin.cycle += cycles;
    assert.deepEqual(answers[0], answers[1]);
  }),
  async (rig, { uuids: [uuid] }) => {
    await switchHost(rig.context, { cluster_uuid: uuid, host_uuid: rig.hosts[1].uuid });
    await onceThereIsRoom(() => switchHost(rig.context, { cluster_uuid: uuid, host_uuid: rig.hosts[0].uuid }));
  },
  async (rig, twin) => {
    await both(twin, (uuid) => deleteCluster(rig.context, { uuid }));
    const seed = (twin.seed += 100);
    const host = rig.hosts[1];
    const small = await onceThereIsRoom(() => newCluster(rig, { seed }));
    twin.uuids = [small, await newCluster(rig, { seed, host })];
    Object.assign(twin, { mode: "TASK", cycle: 0 });
  },
];

test.each([1, 2])("everything on ten clusters at once, seed %i: the same as on a roomy host", async (seed) => {
  const rig = await openSmall(ROOM_FOR_THREE);
  const twins: Twin[] = [];
  for (let nth = 0; nth < 10; nth++) {
    const uuids: Twin["uuids"] = [
      await newCluster(rig, { seed: nth }),
      await newCluster(rig, { seed: nth, host: rig.hosts[1] }),
    ];
    twins.push({ seed: nth, uuids, mode: "TASK", checkpoints: [], cycle: 0 });
  }
  const randoms = twins.map((_, nth) => createRandom(seed * 1000 + nth));
  const work = async (twin: Twin, nth: number) => {
    for (let step = 0; step < 15; step++) await randoms[nth]!.pick(actions)(rig, twin, randoms[nth]!);
  };
  await Promise.all(twins.map(work));
  for (const twin of twins) {
    const [state, other] = await both(twin, (uuid) => stateOf(rig.context.app, uuid));
    expect(state.equals(other)).toBe(true);
    await deleteCluster(rig.context, { uuid: twin.uuids[0] });
  }
  expect(await attachedTo(rig)).toBe(0);
});
