/** Nothing that a request or a start does reads the whole history. */
import { sql } from "drizzle-orm";
import { afterAll, beforeAll, expect, test } from "vitest";
import { collectMetrics } from "../../src/metrics/collect-metrics.ts";
import { sweepHistory } from "../../src/tasks/sweep-history.ts";
import { sweepUploads } from "../../src/uploads/sweep-uploads.ts";
import { uploadCsv } from "../api/dataset-support.ts";
import { makeCluster, makeDataset, startRequest, startTrain, untilFinished } from "../support/compute.ts";
import { adminId, createTestApp, databases, type TestApp } from "../support/test-app.ts";

/** Ended tasks, deleted resources and entries of each log. */
const ROWS = 20_000;
const tables = ["tasks", "clusters", "datasets", "checkpoints", "tempfiles", "audit_log", "error_log"];

let app: TestApp;
let url: string;
beforeAll(async () => {
  // A Postgres server has the same plans once its autovacuum has run; here nothing runs by itself.
  app = await createTestApp({ database: databases[0]! });
  ({ url } = await app.server.listen());
});
afterAll(() => app.close());

const execute = async <Row>(text: string) =>
  ((await app.app.db.execute(sql.raw(text))) as unknown as { rows: Row[] }).rows;

async function fill(cluster: string): Promise<void> {
  const numbers = `generate_series(1, ${ROWS}) as n`;
  const owned = `'admin', '${adminId}', now()`;
  await execute(`insert into tasks
    (uuid, cluster_uuid, name, project_id, owner_id, plan, state, current_cycle, total_number_of_cycles, started_at,
      ended_at)
    select gen_random_uuid(), '${cluster}', 'task', 'admin', '${adminId}', '{"kind": "save"}',
      (array['finished', 'failed'])[1 + n % 2], 1, 1, now(), now() from ${numbers}`);
  await execute(`insert into clusters (uuid, name, template, seed, host_uuid, project_id, owner_id, deleted_at)
    select gen_random_uuid(), 'cluster', '', 1, gen_random_uuid(), ${owned} from ${numbers}`);
  await execute(`insert into datasets (uuid, name, type, state, project_id, owner_id, deleted_at)
    select gen_random_uuid(), 'dataset', 'csv', 'ready', ${owned} from ${numbers}`);
  await execute(`insert into checkpoints (uuid, name, file_size, project_id, owner_id, deleted_at)
    select gen_random_uuid(), 'checkpoint', 1, ${owned} from ${numbers}`);
  await execute(`insert into tempfiles (uuid, checkpoint_uuid, role, file_size, project_id, owner_id, deleted_at)
    select gen_random_uuid(), gen_random_uuid(), 'input', 1, ${owned} from ${numbers}`);
  await execute(`insert into audit_log (user_id, endpoint, request_type) select 'other', 'x', 'PUT' from ${numbers}`);
  await execute(`insert into error_log (component, context, message) select 'x', 'x', 'x' from ${numbers}`);
  for (const table of tables) await execute(`analyze ${table}`);
}

/** Rows and entries of indexes that were looked at so far, by table. */
async function looked(): Promise<Record<string, number>> {
  await execute("select pg_stat_force_next_flush()");
  const rows = await execute<{ name: string; rows: string }>(
    `select relname as name, pg_stat_get_tuples_returned(class.oid) +
        (select sum(pg_stat_get_tuples_returned(indexrelid)) from pg_index where indrelid = class.oid) as rows
      from pg_class class where relkind = 'r' and relnamespace = 'public'::regnamespace`,
  );
  return Object.fromEntries(
    rows.filter(({ name }) => tables.includes(name)).map(({ name, rows }) => [name, Number(rows)]),
  );
}

/** Fails when `work` looks at more than a twentieth of the rows of a table, or as many as said. */
async function expectFew(what: string, work: () => Promise<unknown>, rowsMax = ROWS / 20): Promise<void> {
  const before = await looked();
  await work();
  const after = await looked();
  const many = tables.filter((table) => (after[table] as number) - (before[table] as number) > rowsMax);
  expect([what, many.map((table) => [table, (after[table] as number) - (before[table] as number)])]).toEqual([
    what,
    [],
  ]);
}

test(
  "requests, sweeps, metrics and starts look at few rows, however long the history",
  { timeout: 300_000 },
  async () => {
    const cluster = await makeCluster(app, { name: "with a history" });
    const dataset = await makeDataset(app.app, { rows: 8 });
    const token = await app.addUser({ id: "member", projectId: "some_project" });
    await fill(cluster);
    // The first answer counts the ended tasks.
    await collectMetrics(app.app, { withClusters: false });

    const ask =
      (method: string, path: string, query: Record<string, string | number> = {}, as = app.token) =>
      async () =>
        expect((await app.request(method, path, { query, token: as })).status).toBe(200);
    const of = { cluster_uuid: cluster };
    let task = "";
    await expectFew("train", async () => {
      ({ uuid: task } = await startTrain(app, cluster, dataset));
      await untilFinished(app, cluster, task);
    });
    await expectFew("request", async () =>
      untilFinished(app, cluster, (await startRequest(app, cluster, dataset)).uuid),
    );
    const save = { body: { cluster_uuid: cluster, name: "saved state" } };
    let checkpoint = "";
    await expectFew("save", async () => {
      checkpoint = (await app.request("POST", "/cluster/save", save)).json<{ uuid: string }>().uuid;
      await untilFinished(app, cluster, checkpoint);
    });
    await expectFew("restore", async () => {
      const body = { cluster_uuid: cluster, checkpoint_uuid: checkpoint };
      await untilFinished(
        app,
        cluster,
        (await app.request("POST", "/cluster/load", { body })).json<{ uuid: string }>().uuid,
      );
    });
    await expectFew("upload", () => uploadCsv(app, url, "a,b\n1,2\n"));
    await expectFew("GET /task", ask("GET", "/task", { uuid: task, ...of }));
    await expectFew("DELETE /task", ask("DELETE", "/task", { uuid: task, ...of }));
    await expectFew("a page of tasks", ask("GET", "/task/all", { ...of, page: 3 }));
    for (const path of ["/cluster/all", "/dataset/all", "/checkpoint/all", "/project/all", "/user/all", "/host/all"]) {
      await expectFew(path, ask("GET", path));
      if (/cluster|dataset|checkpoint/.test(path)) await expectFew(`own of ${path}`, ask("GET", path, {}, token));
    }
    await expectFew("own audit log", ask("GET", "/audit_log", { page: 1_000_000_000 }));
    await expectFew("audit log", ask("GET", "/audit_log", { page: 3, user_id: "other" }));
    await expectFew("error log", ask("GET", "/error_log", { page: 3 }));
    for (const new_state of ["DIRECT", "TASK"]) {
      await expectFew(`mode ${new_state}`, async () =>
        expect((await app.request("PUT", "/cluster/set_mode", { body: { uuid: cluster, new_state } })).status).toBe(
          200,
        ),
      );
    }
    await expectFew("another cluster", async () => {
      const other = await makeCluster(app, { name: "another" });
      await ask("GET", "/cluster", { uuid: other })();
      await ask("DELETE", "/cluster", { uuid: other })();
    });
    await expectFew("deletions", async () => {
      await ask("DELETE", "/checkpoint", { uuid: checkpoint })();
      await ask("DELETE", "/dataset", { uuid: dataset })();
    });
    await expectFew("metrics", () => collectMetrics(app.app, { withClusters: false }));
    await expectFew("sweep of uploads", () => sweepUploads(app.app, new Date()));
    const retention = { taskDays: 1, auditLogDays: 1, errorLogDays: 1 };
    // Two batches of each log.
    await expectFew(
      "sweep of the history",
      () => sweepHistory({ ...app.app, config: { ...app.app.config, retention } }, new Map()),
      ROWS / 10,
    );
    await expectFew("start", () => app.restart());
  },
);
