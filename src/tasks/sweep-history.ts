import { and, asc, count, gt, inArray, lt, lte, max, sql } from "drizzle-orm";
import { setTimeout as delay } from "node:timers/promises";
import type { App } from "../app-context.ts";
import { audit_log, clusters, error_log, isEndedTask, taskEnd, tasks } from "../db/schema/index.ts";
import { writeErrorLog } from "../logs/write-error-log.ts";
import { taskDeletedEvent } from "../clusters/cluster-events.ts";

const INTERVAL_MS = 60_000;
/** Rows of one statement, which takes the embedded database about 20 ms. */
const BATCH_ROWS = 500;
/** After each statement the sweep pauses for this many times as long as it took. */
const PAUSE = 4;

type Log = typeof audit_log | typeof error_log;

/** Up to which sequence the entries of each log have been looked at; without one, the next sweep begins anew. */
export type LogPositions = Map<Log, number>;

interface Batch {
  swept: number;
  /** Where the next batch begins; undefined: there is none. */
  next: number | undefined;
}

/** The clock of the database wrote most of the times. A wrong clock of this machine must not delete what is new. */
const before = (days: number) => sql`now() - make_interval(days => ${days}::int)`;

/**
 * Deletes the tasks that ended this many days ago, oldest first. Datasets and checkpoints that they made stay, as with
 * `DELETE /task`. Tasks that a client deletes at the same moment are left to it, so nobody waits for two locks.
 */
async function sweepTasks({ db, metrics, events }: App, days: number): Promise<Batch> {
  return db.transaction(async (tx) => {
    const oldest = tx
      .select({ uuid: tasks.uuid })
      .from(tasks)
      .where(and(isEndedTask, sql`${taskEnd} < ${before(days)}`))
      .orderBy(taskEnd)
      .limit(BATCH_ROWS)
      .for("update", { skipLocked: true });
    const swept = await tx
      .delete(tasks)
      .where(inArray(tasks.uuid, oldest))
      .returning({ uuid: tasks.uuid, cluster_uuid: tasks.cluster_uuid, state: tasks.state });
    metrics.endedTasks.changed(
      tx,
      swept.map(({ state }) => state),
      -1,
    );
    if (swept.length > 0) {
      const ofTasks = inArray(clusters.uuid, [...new Set(swept.map((task) => task.cluster_uuid))]);
      const { uuid, project_id, owner_id, owner_uuid } = clusters;
      const rows = await tx.select({ uuid, project_id, owner_id, owner_uuid }).from(clusters).where(ofTasks);
      const owners = new Map(rows.map((row) => [row.uuid, row]));
      events.publishWith(tx, ...swept.map((task) => taskDeletedEvent(task, owners.get(task.cluster_uuid)!)));
    }
    return { swept: swept.length, next: swept.length === BATCH_ROWS ? 0 : undefined };
  });
}

/** Deletes the old ones of the first entries after `position`. */
async function sweepLog({ db }: App, log: Log, days: number, position: number): Promise<Batch> {
  const batch = db
    .select({ sequence: log.sequence, created_at: log.created_at })
    .from(log)
    .where(gt(log.sequence, position))
    .orderBy(asc(log.sequence))
    .limit(BATCH_ROWS)
    .as("batch");
  const [seen] = await db
    .select({
      rows: count(),
      last: max(batch.sequence),
      old: sql<number>`count(*) filter (where ${batch.created_at} < ${before(days)})`.mapWith(Number),
    })
    .from(batch);
  if (seen === undefined || seen.last === null) return { swept: 0, next: undefined };
  if (seen.old > 0) {
    const isSeen = and(gt(log.sequence, position), lte(log.sequence, seen.last));
    await db.delete(log).where(and(isSeen, lt(log.created_at, before(days))));
  }
  return { swept: seen.old, next: seen.rows === BATCH_ROWS ? seen.last : undefined };
}

/**
 * Deletes ended tasks and entries of the logs that are older than the configured days; without such a setting they stay
 * for ever. Resolves to how many were deleted.
 */
export async function sweepHistory(
  app: App,
  positions: LogPositions,
  signal?: AbortSignal,
): Promise<{ tasks: number; auditLog: number; errorLog: number }> {
  const { taskDays, auditLogDays, errorLogDays } = app.config.retention;
  /** Goes on while there is anything to delete. Also resolves to where it ended. */
  const sweep = async (from: number, sweepBatch: (position: number) => Promise<Batch>) => {
    let total = 0;
    let next: number | undefined = from;
    while (next !== undefined && signal?.aborted !== true) {
      const start = performance.now();
      const batch = await sweepBatch(next);
      total += batch.swept;
      next = batch.next;
      if (batch.swept === 0) break;
      if (next !== undefined) {
        await delay(PAUSE * (performance.now() - start), undefined, signal && { signal }).catch(() => {});
      }
    }
    return { total, next };
  };
  /**
   * Entries are mostly in the order of their times, so the first ones are looked at. While the clock was ahead it wrote
   * entries that stay for longer; therefore each sweep also looks at one batch more of what follows, round and round.
   */
  const sweepLogOf = async (log: Log, days: number | undefined) => {
    if (days === undefined) return 0;
    const sweepBatch = (position: number) => sweepLog(app, log, days, position);
    const first = await sweep(0, sweepBatch);
    if (first.next === undefined) return first.total;
    const second = await sweep(Math.max(first.next, positions.get(log) ?? 0), sweepBatch);
    positions.set(log, second.next ?? 0);
    return first.total + second.total;
  };
  const tasksSwept = taskDays === undefined ? 0 : (await sweep(0, () => sweepTasks(app, taskDays))).total;
  return {
    tasks: tasksSwept,
    auditLog: await sweepLogOf(audit_log, auditLogDays),
    errorLog: await sweepLogOf(error_log, errorLogDays),
  };
}

/** Sweeps once a minute. */
export function startHistorySweeper(app: App): { close(): Promise<void> } {
  const stop = new AbortController();
  const positions: LogPositions = new Map();
  let work: Promise<void> = Promise.resolve();
  const sweep = async () => {
    const swept = await sweepHistory(app, positions, stop.signal);
    if (Object.values(swept).some((count) => count > 0)) app.log.info(swept, "removed old tasks and log entries");
  };
  const timer = setInterval(() => {
    const entry = { userId: "", component: "scheduler", context: "sweep of the history", values: new Map() };
    work = work.then(sweep).catch((error: unknown) => writeErrorLog(app, { ...entry, error }));
  }, INTERVAL_MS);
  timer.unref();
  return {
    async close() {
      stop.abort();
      clearInterval(timer);
      await work;
    },
  };
}
