import { eq, getTableColumns, sql } from "drizzle-orm";
import type { Logger } from "pino";
import type { Db } from "../db/client.ts";
import { notifications, tasks } from "../db/schema/index.ts";
import type { Metrics } from "../metrics/metrics.ts";
import { isBelow, plainUrl } from "../server/plain-url.ts";
import { addWarnings } from "../tasks/add-warnings.ts";
import { taskViewColumns } from "../tasks/get-task.ts";
import { toTaskBody } from "../tasks/task-body.ts";
import { postJson } from "./post-json.ts";
import type { Receivers } from "./receivers.ts";
import { retryMs, TRIES_MAX } from "./retry.ts";
import { sign } from "./sign.ts";

/** How long a receiver may take to answer. */
const ANSWER_MS = 10_000;

/** Parts of the server that deliveries use. */
export interface DeliveryParts {
  db: Db;
  log: Logger;
  metrics: Pick<Metrics, "webhooks">;
  /** Undefined: nobody is to be notified. */
  receivers: Receivers | undefined;
}

/**
 * Tries once to deliver the notification of a task, and records the outcome. Does nothing when there is none, and when
 * `signal` is aborted. Rejects when the database fails: then the notification may be delivered twice.
 */
export async function deliver(parts: DeliveryParts, taskUuid: string, signal: AbortSignal): Promise<void> {
  const { db, metrics, receivers } = parts;
  if (signal.aborted) return;
  const found = await findNotification(db, taskUuid);
  if (found === undefined) return;
  const { task, delivery_uuid, created_at, tries } = found;
  // The history was swept.
  if (task === null) return remove(db, taskUuid);
  const url = plainUrl(task.notify_url ?? "");
  // Settings may have changed since the task was queued.
  if (receivers === undefined || url === undefined || !isBelow(receivers.urls, url)) {
    await end(parts, taskUuid, "dropped", "this server does not send notifications to its URL any more");
    return;
  }
  const content = { ...toTaskBody(task), cluster_uuid: task.cluster_uuid };
  const event = { event: "task.ended", delivery: delivery_uuid, timestamp_ms: created_at.getTime(), task: content };
  const failure = await failureOf(url, JSON.stringify(event), receivers.secret, signal);
  if (failure === undefined) {
    await remove(db, taskUuid);
    metrics.webhooks.inc({ outcome: "delivered" });
  } else if (!signal.aborted) {
    await recordFailure(parts, taskUuid, { ...failure, tries: tries + 1 });
  }
}

async function findNotification(db: Db, taskUuid: string) {
  const { delivery_uuid, created_at, tries } = getTableColumns(notifications);
  const [found] = await db
    .select({ delivery_uuid, created_at, tries, task: taskViewColumns })
    .from(notifications)
    .leftJoin(tasks, eq(tasks.uuid, notifications.task_uuid))
    .where(eq(notifications.task_uuid, taskUuid));
  return found;
}

interface Failure {
  /** For the owner of the task, whom addresses and the like do not concern. */
  reason: string;
  error?: unknown;
}

/** Undefined after a success. */
async function failureOf(url: URL, body: string, secret: string, signal: AbortSignal): Promise<Failure | undefined> {
  const signature = sign(secret, body, Math.floor(Date.now() / 1000));
  const headers = { "User-Agent": "hanami-webgpu", "Hanami-Signature": signature };
  try {
    const status = await postJson(url, { body, headers }, { timeoutMs: ANSWER_MS, signal });
    return status >= 200 && status < 300 ? undefined : { reason: `the answer had status ${status}` };
  } catch (error) {
    return { reason: "there was no answer", error };
  }
}

async function remove(db: Db, taskUuid: string): Promise<void> {
  await db.delete(notifications).where(eq(notifications.task_uuid, taskUuid));
}

async function recordFailure(
  parts: DeliveryParts,
  taskUuid: string,
  { reason, error, tries }: Failure & { tries: number },
): Promise<void> {
  const { db, log, metrics } = parts;
  metrics.webhooks.inc({ outcome: "failed" });
  log.debug({ task: taskUuid, tries, reason, err: error }, "a notification failed");
  if (tries >= TRIES_MAX) {
    await end(parts, taskUuid, "given_up", `${tries} tries failed; at the last one ${reason}`);
    return;
  }
  const seconds = retryMs(tries, Math.random()) / 1000;
  await db
    .update(notifications)
    .set({ tries, next_at: sql`now() + make_interval(secs => ${seconds}::float8)` })
    .where(eq(notifications.task_uuid, taskUuid));
}

/** Ends a notification that is not delivered, and tells the owner of the task. */
async function end(
  { db, log, metrics }: DeliveryParts,
  taskUuid: string,
  outcome: "given_up" | "dropped",
  reason: string,
): Promise<void> {
  await addWarnings(db, taskUuid, [`Nobody was notified of the end of the task: ${reason}.`]);
  await remove(db, taskUuid);
  metrics.webhooks.inc({ outcome });
  log.warn({ task: taskUuid, reason }, "a notification was given up");
}
