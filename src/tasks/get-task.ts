import { and, eq, getTableColumns, gt, sql } from "drizzle-orm";
import type { Context } from "../app-context.ts";
import { findCluster } from "../clusters/find-cluster.ts";
import { builtOnce } from "../db/built-once.ts";
import { readPages, type KeyedList, type Page } from "../db/read-pages.ts";
import { tasks } from "../db/schema/index.ts";
import { notFound } from "../errors.ts";
import type { TaskRow } from "../db/rows.ts";

export interface TaskKey {
  uuid: string;
  cluster_uuid: string;
}

/** A task without its plan, which may be megabytes long. */
export type TaskView = Omit<TaskRow, "plan">;
const { plan: _plan, ...columns } = getTableColumns(tasks);
export const viewColumns = columns;

/** A task in a list, which is unbounded: also without what it has measured. */
export type ListedTask = Omit<TaskView, "warnings" | "outcome">;
const { warnings: _warnings, outcome: _outcome, ...listColumns } = viewColumns;

const byUuid = builtOnce((db) =>
  db
    .select(viewColumns)
    .from(tasks)
    .where(and(eq(tasks.uuid, sql.placeholder("uuid")), eq(tasks.cluster_uuid, sql.placeholder("cluster"))))
    .prepare("find_task"),
);

const isAfter = and(eq(tasks.cluster_uuid, sql.placeholder("cluster")), gt(tasks.uuid, sql.placeholder("after")));

const readTasks = builtOnce((db) =>
  db
    .select(listColumns)
    .from(tasks)
    .where(isAfter)
    .orderBy(tasks.uuid)
    .limit(sql.placeholder("rows"))
    .prepare("list_tasks"),
);

const passOverTasks = builtOnce((db) =>
  db
    .select({ uuid: tasks.uuid })
    .from(tasks)
    .where(isAfter)
    .orderBy(tasks.uuid)
    .limit(1)
    .offset(sql.placeholder("before"))
    .prepare("pass_over_tasks"),
);

/** Returns a task with its current progress. Throws 404 for an unknown cluster or task. */
export async function getTask(context: Context, key: TaskKey): Promise<TaskView> {
  const cluster = await findCluster(context, key.cluster_uuid);
  const [row] = await byUuid(context.app.db).execute({ uuid: key.uuid, cluster: cluster.uuid });
  if (row === undefined) throw taskNotFound(key);
  return withProgress(context, row);
}

/** All tasks of a cluster, or one page of them, sorted by uuid. */
export async function listTasks(context: Context, input: { cluster_uuid: string }, page?: Page): Promise<ListedTask[]> {
  const { uuid: cluster } = await findCluster(context, input.cluster_uuid);
  const { db } = context.app;
  const list: KeyedList<ListedTask, string> = {
    first: "00000000-0000-0000-0000-000000000000",
    async read(after, count) {
      const rows = await readTasks(db).execute({ cluster, after, rows: count });
      return { rows, last: rows.at(-1)?.uuid };
    },
    async keyAt(after, distance) {
      const [row] = await passOverTasks(db).execute({ cluster, after, before: distance - 1 });
      return row?.uuid;
    },
  };
  const rows = await readPages(list, page);
  return rows.map((row) => withProgress(context, row));
}

// Clients know this text without the blank and the closing quote.
export const taskNotFound = ({ uuid, cluster_uuid }: TaskKey) =>
  notFound(`Task with UUID '${uuid}'not found in Cluster with UUID '${cluster_uuid}`);

function withProgress<View extends ListedTask>({ app }: Context, row: View): View {
  if (row.state !== "active") return row;
  const cycle = app.scheduler.progress(row.cluster_uuid, row.uuid);
  return cycle === undefined ? row : { ...row, current_cycle: cycle };
}
