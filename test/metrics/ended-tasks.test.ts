import { randomUUID } from "node:crypto";
import { count, sql } from "drizzle-orm";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { withOutcomes } from "../../src/db/commit-listeners.ts";
import { isEndedTask, tasks } from "../../src/db/schema/index.ts";
import { EndedTasks } from "../../src/metrics/ended-tasks.ts";
import { sweepHistory } from "../../src/tasks/sweep-history.ts";
import { makeCluster, makeDataset, startRequest, startTrain } from "../support/compute.ts";
import { createRandom } from "../support/random.ts";
import { createTestApp, databases, type TestApp } from "../support/test-app.ts";

describe.each(databases)("the counts of ended tasks on $name", (database) => {
  let app: TestApp;
  beforeAll(async () => {
    app = await createTestApp({ database });
  });
  afterAll(() => app.close());

  const inDatabase = async () => {
    const rows = await app.app.db
      .select({ state: tasks.state, value: count() })
      .from(tasks)
      .where(isEndedTask)
      .groupBy(tasks.state);
    return Object.fromEntries(rows.map(({ state, value }) => [state, value]));
  };
  const inMemory = async () => {
    const counts = await app.app.metrics.endedTasks.read(app.app.db);
    return Object.fromEntries([...counts].filter(([, value]) => value !== 0));
  };
  const untilIdle = async () => {
    const open = async () => (await app.app.db.select().from(tasks)).filter(({ state }) => /queued|active/.test(state));
    await expect.poll(open, { timeout: 60_000 }).toEqual([]);
  };

  test("they follow every end and deletion of tasks", { timeout: 180_000 }, async () => {
    const random = createRandom(5);
    const dataset = await makeDataset(app.app, { rows: 40 });
    const other = await makeDataset(app.app, { rows: 8, owner: { owner_id: "asdf", project_id: "other_project" } });
    await app.request("POST", "/project", { body: { id: "other_project", name: "other" } });
    const token = await app.addUser({ id: "other_user", projectId: "other_project", isProjectAdmin: true });
    expect(await inMemory()).toEqual({});

    const clusters: string[] = [];
    const made: { uuid: string; cluster: string }[] = [];
    const start = async () => {
      const cluster = random.pick(clusters);
      const body = { cluster_uuid: cluster, name: "saved state" };
      const task = await random.pick([
        () => startTrain(app, cluster, dataset, { epochs: random.int(1, 200) }),
        () => startRequest(app, cluster, dataset),
        async () => (await app.request("POST", "/cluster/save", { body })).json<{ uuid: string }>(),
      ])();
      made.push({ uuid: task.uuid, cluster });
    };
    const removeTask = async () => {
      const task = random.pick(made);
      await app.request("DELETE", "/task", { query: { uuid: task.uuid, cluster_uuid: task.cluster } });
    };
    const addCluster = async () => void clusters.push(await makeCluster(app, { name: `c ${randomUUID()}` }));
    const removeCluster = async () => {
      if (clusters.length > 2) await app.request("DELETE", "/cluster", { query: { uuid: clusters.shift() as string } });
    };
    const sweep = async () => {
      const retention = { taskDays: 1, auditLogDays: undefined, errorLogDays: undefined };
      await app.app.db.execute(sql`update tasks set started_at = started_at - interval '2 days',
        ended_at = ended_at - interval '2 days', aborted_at = aborted_at - interval '2 days'`);
      await sweepHistory({ ...app.app, config: { ...app.app.config, retention } }, new Map());
    };
    await addCluster();
    await addCluster();
    await start();
    for (let round = 0; round < 12; round++) {
      const steps = Array.from({ length: 6 }, () =>
        random.pick([start, start, start, removeTask, removeCluster, addCluster]),
      );
      if (round % 4 === 3) steps.push(sweep);
      // A task of a cluster that is being deleted may be refused.
      await Promise.all(steps.map((step) => step().catch(() => {})));
      if (round % 3 !== 0) continue;
      await untilIdle();
      expect(await inMemory(), `round ${round}`).toEqual(await inDatabase());
    }
    // A whole project goes, with tasks that run.
    const cluster = await makeCluster(app, { name: "of the project", token });
    const body = (name: string) => ({ name, cluster_uuid: cluster, inputs: [], outputs: [] });
    const binding = { dataset_uuid: other };
    const inputs = [{ ...binding, dataset_column: "picture", hexagon_name: "picture_hex" }];
    const outputs = [{ ...binding, dataset_column: "label", hexagon_name: "label_hex" }];
    for (let index = 0; index < 3; index++) {
      const train = { ...body(`task ${index}`), inputs, outputs };
      expect((await app.request("POST", "/task/train", { token, body: train })).status).toBe(200);
    }
    await app.request("DELETE", "/project", { query: { id: "other_project", force: "true" } });
    await untilIdle();
    const counts = await inDatabase();
    expect(await inMemory()).toEqual(counts);
    expect(Object.keys(counts).length).toBeGreaterThan(0);

    // They do come from memory: a row from elsewhere is unknown until the next start.
    const [some] = await app.app.db.select().from(tasks).limit(1);
    await app.app.db.insert(tasks).values({ ...some!, sequence: undefined as never, uuid: randomUUID() });
    expect(await inMemory()).toEqual(counts);
    await app.restart();
    expect(await inMemory()).toEqual(await inDatabase());
  });

  test("a transaction that fails changes nothing, one whose answer is lost makes the database count again", async () => {
    const { db } = app.app;
    let now = 0;
    const counts = new EndedTasks(() => now);
    const before = Object.fromEntries(await counts.read(db));
    const failing = (error: Error) =>
      db
        .transaction(async (tx) => {
          counts.changed(tx, ["finished"], 1);
          throw error;
        })
        .catch(() => {});
    await failing(new Error("no"));
    expect(Object.fromEntries(await counts.read(db))).toEqual(before);
    await db.transaction(async (tx) => counts.changed(tx, ["finished", "failed"], 1));
    const added = { ...before, finished: (before["finished"] ?? 0) + 1, failed: (before["failed"] ?? 0) + 1 };
    expect(Object.fromEntries(await counts.read(db))).toEqual(added);
    await failing(Object.assign(new Error("lost"), { code: "ECONNRESET" }));
    expect(Object.fromEntries(await counts.read(db))).toEqual(before);
    // The database may still carry out the commit, so that these figures are not kept.
    now += 59_000;
    expect(await counts.read(db)).not.toBe(await counts.read(db));
    now += 1_001;
    expect(await counts.read(db)).toBe(await counts.read(db));
  });

  test("the first count is kept although tasks end all the time", async () => {
    const { db } = app.app;
    const counts = new EndedTasks();
    let isOver = false;
    const changes = (async () => {
      while (!isOver) {
        await db.transaction(async (tx) => {
          await tx.select().from(tasks).limit(1);
          counts.changed(tx, [], 1);
        });
      }
    })();
    await expect.poll(async () => (await counts.read(db)) === (await counts.read(db)), { interval: 1 }).toBe(true);
    isOver = true;
    await changes;
  });

  test("figures that were counted during a change are not kept", async () => {
    const { db } = app.app;
    const counts = new EndedTasks();
    let commit = () => {};
    const isOver = new Promise<void>((over) => (commit = over));
    // The embedded database would hold the reader up until the end of a transaction of its own.
    const fake = { transaction: async (work: (tx: object) => Promise<unknown>) => work({}) };
    const change = withOutcomes(fake as never).transaction(async (tx) => {
      counts.changed(tx, ["failed"], 1);
      await isOver;
    });
    const during = await counts.read(db);
    commit();
    await change;
    const afterwards = await counts.read(db);
    expect(afterwards).not.toBe(during);
    expect(afterwards).toEqual(during);
    expect(await counts.read(db)).toBe(afterwards);
  });
});
