import { and, asc, inArray, lt, sql } from "drizzle-orm";
import { setTimeout as delay } from "node:timers/promises";
import type { App } from "../app-context.ts";
import { audit_log, error_log, isEndedTask, taskEnd, tasks } from "../db/schema/index.ts";
import { writeErrorLog } from "../logs/write-error-log.ts";

const INTERVAL_MS = 60_000;
/** Rows of one statement, which takes the embedded database about 20 ms. */
const BATCH_ROWS = 500;
/** After each statement the sweep pauses for this many times as long as it took. */
const PAUSE = 4;

const dayMs = 24 * 60 * 60 * 1000;

/** The texts of times: the drivers cannot infer the type of a raw parameter. */
const before = (now: Date, days: number) => new Date(now.getTime() - days * dayMs).toISOString();

/**
 * Deletes the tasks that ended before this time, oldest first. Datasets and checkpoints that they made stay, as with
 * `DELETE /task`. Tasks that a client deletes at the same moment are left to it, so nobody waits for two locks.
 */
async function sweepTasks({ db, metrics }: App, time: string): Promise<number> {
  return db.transaction(async (tx) => {
    const oldest = tx
      .select({ uuid: tasks.uuid })
      .from(tasks)
      .where(and(isEndedTask, sql`${taskEnd} < ${time}::timestamptz`))
      .orderBy(taskEnd)
      .limit(BATCH_ROWS)
      .for("update", { skipLocked: true });
    const swept = await tx.delete(tasks).where(inArray(tasks.uuid, oldest)).returning({ state: tasks.state });
    metrics.endedTasks.changed(
      tx,
      swept.map(({ state }) => state),
      -1,
    );
    return swept.length;
  });
}

/** Entries are in the order of their times, so only the first ones need to be looked at. */
async function sweepLog({ db }: App, log: typeof audit_log | typeof error_log, time: string): Promise<number> {
  const first = db
    .select({ sequence: log.sequence, created_at: log.created_at })
    .from(log)
    .orderBy(asc(log.sequence))
    .limit(BATCH_ROWS)
    .as("first");
  const old = db
    .select({ sequence: first.sequence })
    .from(first)
    .where(lt(first.created_at, sql`${time}::timestamptz`));
  const swept = await db.delete(log).where(inArray(log.sequence, old)).returning({ sequence: log.sequence });
  return swept.length;
}

/**
 * Deletes ended tasks and entries of the logs that are older than the configured days; without such a setting they stay
 * for ever. Resolves to how many were deleted.
 */
export async function sweepHistory(
  app: App,
  now: Date,
  signal?: AbortSignal,
): Promise<{ tasks: number; auditLog: number; errorLog: number }> {
  const { taskDays, auditLogDays, errorLogDays } = app.config.retention;
  const sweep = async (days: number | undefined, deleteOldest: (time: string) => Promise<number>) => {
    let total = 0;
    for (let swept = BATCH_ROWS; days !== undefined && swept === BATCH_ROWS && signal?.aborted !== true;) {
      const start = performance.now();
      swept = await deleteOldest(before(now, days));
      total += swept;
      if (swept === BATCH_ROWS) {
        await delay(PAUSE * (performance.now() - start), undefined, signal && { signal }).catch(() => {});
      }
    }
    return total;
  };
  return {
    tasks: await sweep(taskDays, (time) => sweepTasks(app, time)),
    auditLog: await sweep(auditLogDays, (time) => sweepLog(app, audit_log, time)),
    errorLog: await sweep(errorLogDays, (time) => sweepLog(app, error_log, time)),
  };
}

/** Sweeps once a minute. */
export function startHistorySweeper(app: App): { close(): Promise<void> } {
  const stop = new AbortController();
  let work: Promise<void> = Promise.resolve();
  const sweep = async () => {
    const swept = await sweepHistory(app, new Date(), stop.signal);
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
