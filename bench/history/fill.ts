import { join } from "node:path";
import { sql } from "drizzle-orm";
import type { Db } from "../../src/db/client.ts";
import { openDatabase } from "../../src/db/open.ts";
import { TEMPLATE } from "../harness/template.ts";

/** What a server did before it is measured. */
export interface History {
  tasks: number;
  clusters: number;
}

/** Ended tasks of the cluster whose list is measured; both servers have it. */
export const LISTED_TASKS = 20;

/** Rows of one statement: the embedded database holds all of them in memory. */
const BATCH_ROWS = 10_000;

async function inBatches(count: number, insert: (first: number, last: number) => Promise<unknown>): Promise<void> {
  for (let first = 1; first <= count; first += BATCH_ROWS) await insert(first, Math.min(count, first + BATCH_ROWS - 1));
}

/** Clusters that never computed: as many deleted as living ones. */
async function fillClusters(db: Db, count: number): Promise<void> {
  for (const deleted of [sql`now()`, sql`null`]) {
    await inBatches(count, (first, last) =>
      db.execute(sql`insert into clusters
          (uuid, name, template, seed, host_uuid, project_id, owner_id, created_at, deleted_at)
          select gen_random_uuid(), 'cluster ' || n, ${TEMPLATE}, n, (select uuid from hosts limit 1), 'admin', 'demo',
            now() - make_interval(mins => n), ${deleted} from generate_series(${first}::int, ${last}::int) as n`),
    );
  }
}

/** About as long as the curve of a training of a minute; the embedded database keeps its repetitions in little room. */
const METRICS = JSON.stringify({ wall: Array<number>(8000).fill(70.125) });

/** Ended tasks, as a train task of a small table leaves them, spread over these clusters. */
async function fillTasks(db: Db, count: number, clusters: ReturnType<typeof sql>): Promise<void> {
  const binding = (hexagon: string) => ({
    dataset_uuid: "00000000-0000-4000-8000-000000000000",
    dataset_column: hexagon,
    hexagon_name: hexagon,
  });
  const plan = {
    kind: "train",
    inputs: [binding("in")],
    outputs: [binding("out")],
    rows: 10,
    time_length: 1,
    epochs: 1,
    batch_size: 1,
    learning_rate: null,
    seed: null,
  };
  await inBatches(count, (first, last) =>
    db.execute(sql`insert into tasks
        (uuid, cluster_uuid, name, project_id, owner_id, plan, state, current_cycle, total_number_of_cycles, queued_at,
          started_at, ended_at, metrics)
        select gen_random_uuid(), known[1 + n % cardinality(known)], 'task ' || n, 'admin', 'demo',
          ${JSON.stringify(plan)}::jsonb,
          (array['finished', 'finished', 'finished', 'finished', 'finished', 'finished', 'finished', 'finished',
            'aborted', 'failed'])[1 + n % 10],
          10, 10, at, at, at, ${METRICS}
        from (select array(${clusters}) as known) as clusters,
          (select n, now() - make_interval(secs => n) as at
            from generate_series(${first}::int, ${last}::int) as n) as each`),
  );
}

/** The datasets and uploads of earlier tasks, deleted since, and the requests that all this took. */
async function fillRest(db: Db, tasks: number): Promise<void> {
  await inBatches(tasks, async (first, last) => {
    const numbers = sql`generate_series(${first}::int, ${last}::int) as n`;
    await db.execute(sql`insert into audit_log (user_id, endpoint, request_type)
      select 'demo', 'v1.0alpha/task/train', 'POST' from ${numbers}`);
    await db.execute(sql`with made as (
        insert into datasets (uuid, name, type, state, file_size, project_id, owner_id, deleted_at)
        select gen_random_uuid(), 'dataset ' || n, 'csv', 'ready', 1000, 'admin', 'demo', now() from ${numbers}
          where n % 10 = 0 returning uuid)
      insert into tempfiles (uuid, dataset_uuid, role, file_size, received, project_id, owner_id, deleted_at)
      select gen_random_uuid(), uuid, 'input', 1000, '[[0, 1000]]', 'admin', 'demo', now() from made`);
  });
}

/**
 * Writes a history into the embedded database of a data directory that a server has used before. Returns the cluster
 * with the measured list of tasks.
 */
export async function fillHistory(dataDir: string, { tasks, clusters }: History): Promise<string> {
  const database = await openDatabase({ url: undefined, directory: join(dataDir, "database") });
  try {
    const { db } = database;
    await fillClusters(db, 1);
    const [listed] = await db.query.clusters.findMany({ where: (table, { isNull }) => isNull(table.deleted_at) });
    await fillTasks(db, LISTED_TASKS, sql`select ${listed!.uuid}::uuid`);
    await fillClusters(db, clusters);
    await fillTasks(
      db,
      tasks,
      sql`select uuid from clusters where deleted_at is null and uuid <> ${listed!.uuid} order by sequence`,
    );
    await fillRest(db, tasks);
    return listed!.uuid;
  } finally {
    await database.close();
  }
}
