import { randomUUID } from "node:crypto";
import { asc, eq, sql } from "drizzle-orm";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { audit_log, error_log, tasks } from "../../src/db/schema/index.ts";
import { type Config, ConfigError, parseConfig } from "../../src/server/config.ts";
import { type LogPositions, sweepHistory } from "../../src/tasks/sweep-history.ts";
import { contentOf, makeCluster, makeDataset, startRequest, startTrain, untilFinished } from "../support/compute.ts";
import { createTestApp, databases, type TestApp } from "../support/test-app.ts";

const dayMs = 24 * 60 * 60 * 1000;
const daysAgo = (days: number) => new Date(Date.now() - days * dayMs);
const never: Config["retention"] = { taskDays: undefined, auditLogDays: undefined, errorLogDays: undefined };
const nothing = { tasks: 0, auditLog: 0, errorLog: 0 };

const states = ["queued", "active", "finished", "aborted", "failed"] as const;

/** A task as it is recorded in this state, which it reached at `time`. */
function row(cluster: string, state: (typeof states)[number], time: Date) {
  const started = state === "queued" ? {} : { started_at: daysAgo(1000) };
  const over = state === "aborted" ? { aborted_at: time } : { ended_at: time };
  return {
    uuid: randomUUID(),
    cluster_uuid: cluster,
    name: `${state} task`,
    owner_id: "nobody",
    project_id: "admin",
    plan: { kind: "save" as const },
    total_number_of_cycles: 1,
    state,
    queued_at: daysAgo(1000),
    ...started,
    ...(state === "queued" || state === "active" ? {} : over),
  };
}

describe.each(databases)("the retention on $name", (database) => {
  let app: TestApp;
  beforeAll(async () => {
    app = await createTestApp({ database });
  });
  afterAll(() => app.close());

  let positions: LogPositions = new Map();
  const sweep = (retention: Partial<Config["retention"]>, signal?: AbortSignal) => {
    const config = { ...app.app.config, retention: { ...never, ...retention } };
    return sweepHistory({ ...app.app, config }, positions, signal);
  };
  /** A cluster whose queue stands still. */
  async function stillCluster(name: string): Promise<string> {
    const uuid = await makeCluster(app, { name });
    await app.request("PUT", "/cluster/set_mode", { body: { uuid, new_state: "DIRECT" } });
    return uuid;
  }
  const kept = async (cluster: string) =>
    (await app.app.db.select({ name: tasks.name }).from(tasks).where(eq(tasks.cluster_uuid, cluster)))
      .map(({ name }) => name)
      .sort();

  test("tasks that ended long ago go; those that wait, run or ended lately stay", async () => {
    const cluster = await stillCluster("of all states");
    await app.app.db.insert(tasks).values(states.map((state) => row(cluster, state, daysAgo(31))));
    await app.app.db
      .insert(tasks)
      .values(states.map((state) => ({ ...row(cluster, state, daysAgo(29)), name: `late ${state}` })));
    expect(await sweep({})).toEqual(nothing);
    expect(await sweep({ taskDays: 32 })).toEqual(nothing);
    expect(await sweep({ taskDays: 30 })).toEqual({ ...nothing, tasks: 3 });
    expect(await kept(cluster)).toEqual([
      "active task",
      "late aborted",
      "late active",
      "late failed",
      "late finished",
      "late queued",
      "queued task",
    ]);
    // The lists of clients and the metrics agree.
    const { body } = (await app.request("GET", "/task/all", { query: { cluster_uuid: cluster } })).json<{
      body: unknown[];
    }>();
    expect(body.length).toBe(7);
    await app.request("DELETE", "/cluster", { query: { uuid: cluster } });
  });

  test("a task that was aborted by an earlier version, which did not record when, counts from its start", async () => {
    const cluster = await stillCluster("aborted once");
    const old = { ...row(cluster, "aborted", daysAgo(1)), aborted_at: null, started_at: daysAgo(31) };
    await app.app.db.insert(tasks).values(old);
    expect(await sweep({ taskDays: 32 })).toEqual(nothing);
    expect(await sweep({ taskDays: 30 })).toEqual({ ...nothing, tasks: 1 });
  });

  test("several batches; a stop in between leaves the rest to the next sweep", async () => {
    const cluster = await stillCluster("with many tasks");
    const many = Array.from({ length: 1200 }, () => row(cluster, "finished", daysAgo(40)));
    for (let first = 0; first < many.length; first += 400) {
      await app.app.db.insert(tasks).values(many.slice(first, first + 400));
    }
    expect(await sweep({ taskDays: 30 }, AbortSignal.abort())).toEqual(nothing);
    // Ends during the pause after the first batch.
    const stop = new AbortController();
    const sweeping = sweep({ taskDays: 30 }, stop.signal);
    await expect.poll(async () => (await kept(cluster)).length, { interval: 1 }).toBeLessThan(1200);
    stop.abort();
    const { tasks: first } = await sweeping;
    expect(first).toBeLessThan(1200);
    expect(await sweep({ taskDays: 30 })).toEqual({ ...nothing, tasks: 1200 - first });
    expect(await kept(cluster)).toEqual([]);
  });

  test("the result of a swept request stays, and so does its cluster", async () => {
    const cluster = await makeCluster(app, { name: "asked" });
    const dataset = await makeDataset(app.app, { rows: 4 });
    await untilFinished(app, cluster, (await startTrain(app, cluster, dataset)).uuid);
    const { uuid } = await startRequest(app, cluster, dataset);
    await untilFinished(app, cluster, uuid);
    const before = await contentOf(app, uuid, "label", 4);
    await app.app.db.execute(sql`update tasks set ended_at = ended_at - interval '31 days'`);
    expect((await sweep({ taskDays: 30 })).tasks).toBe(2);
    expect(await kept(cluster)).toEqual([]);
    await app.restart();
    expect(await contentOf(app, uuid, "label", 4)).toEqual(before);
    expect((await app.request("GET", "/task", { query: { uuid, cluster_uuid: cluster } })).status).toBe(404);
    await untilFinished(app, cluster, (await startTrain(app, cluster, dataset)).uuid);
  });

  test("a sweep and the deletion of the cluster at the same time: nobody waits for ever, nothing is left", async () => {
    for (let round = 0; round < 5; round++) {
      const cluster = await stillCluster(`deleted ${round}`);
      const many = Array.from({ length: 300 }, () => row(cluster, "finished", daysAgo(40)));
      await app.app.db.insert(tasks).values(many);
      const [deleted] = await Promise.all([
        app.request("DELETE", "/cluster", { query: { uuid: cluster } }),
        sweep({ taskDays: 30 }),
        sweep({ taskDays: 30 }),
      ]);
      expect([deleted.status, await kept(cluster)]).toEqual([200, []]);
    }
  });

  test("entries of the logs", async () => {
    const { db } = app.app;
    const times = [40, 35, 31, 29, 1].map(daysAgo);
    await db.delete(audit_log);
    await db
      .insert(audit_log)
      .values(times.map((created_at) => ({ created_at, user_id: "some_user", endpoint: "x", request_type: "PUT" })));
    await db
      .insert(error_log)
      .values(times.map((created_at) => ({ created_at, component: "test", context: "x", message: "x" })));
    expect(await sweep({ auditLogDays: 30 })).toEqual({ ...nothing, auditLog: 3 });
    expect(await sweep({ errorLogDays: 34 })).toEqual({ ...nothing, errorLog: 2 });
    const left = async (log: typeof audit_log | typeof error_log) =>
      (await db.select({ time: log.created_at }).from(log).orderBy(asc(log.sequence))).map(({ time }) => time);
    expect(await left(audit_log)).toEqual(times.slice(3));
    expect(await left(error_log)).toEqual(times.slice(2));

    // More than a batch.
    await db.delete(audit_log);
    await addEntries(1100, "-31 days");
    expect(await sweep({ auditLogDays: 30 })).toEqual({ ...nothing, auditLog: 1100 });
  });

  const addEntries = (entries: number, interval: string) =>
    app.app.db.execute(sql`insert into audit_log (created_at, user_id, endpoint, request_type)
      select now() + ${interval}::interval, 'some_user', 'x', 'PUT' from generate_series(1, ${entries}::int)`);

  test("old entries behind any number of entries of the future are found, sooner or later", async () => {
    await app.app.db.delete(audit_log);
    await addEntries(10, "400 days");
    await addEntries(1100, "-31 days");
    expect(await sweep({ auditLogDays: 30 })).toEqual({ ...nothing, auditLog: 1100 });

    await addEntries(2100, "-1 day");
    await addEntries(600, "-31 days");
    await addEntries(700, "-1 day");
    positions = new Map();
    let swept = 0;
    for (let minute = 0; minute < 6; minute++) {
      const { auditLog } = await sweep({ auditLogDays: 30 });
      swept += auditLog;
    }
    expect(swept).toBe(600);
    // The round begins anew, and the first entries are looked at each time.
    await app.app.db.execute(sql`update audit_log set created_at = now() - interval '31 days'
      where sequence in (select sequence from audit_log order by sequence limit 5)`);
    expect(await sweep({ auditLogDays: 30 })).toEqual({ ...nothing, auditLog: 5 });
    await app.app.db.execute(sql`update audit_log set created_at = now() - interval '31 days'
      where sequence in (select sequence from audit_log order by sequence desc limit 5)`);
    for (let minute = 0; minute < 12; minute++) swept += (await sweep({ auditLogDays: 30 })).auditLog;
    expect(swept).toBe(605);
  });
});

test("zero days and the like are refused; without a setting everything is kept", () => {
  for (const text of ["0", "-1", "0.5", "36501"]) {
    expect(() => parseConfig({ HANAMI_TASK_RETENTION_DAYS: text }), text).toThrow(ConfigError);
  }
  expect(parseConfig({}).retention).toEqual(never);
  expect(parseConfig({ HANAMI_TASK_RETENTION_DAYS: "1", HANAMI_ERROR_LOG_RETENTION_DAYS: "2" }).retention).toEqual({
    taskDays: 1,
    auditLogDays: undefined,
    errorLogDays: 2,
  });
});
