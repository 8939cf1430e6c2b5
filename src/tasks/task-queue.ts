import { and, eq, inArray, isNull, sql } from "drizzle-orm";
import type { TaskRow } from "../db/rows.ts";
import { clusters, isOpenTask, taskColumns, tasks } from "../db/schema/index.ts";
import type { EventOwner } from "../events/event.ts";
import type { ClusterParts } from "./cluster-parts.ts";
import { reportError } from "./report-error.ts";
import { taskEvent } from "./task-events.ts";

/** Delay before the queue is retried after an outage of the database or the disk; it doubles up to the maximum. */
const RETRY_MS_MIN = 500;
const RETRY_MS_MAX = 10_000;

/** A task whose turn has come, and the owner of its cluster. */
export interface ClaimedTask {
  task: TaskRow;
  owner: EventOwner;
}

/** The queue of one cluster: claims its tasks one after another, in strict order, and runs each. */
export class TaskQueue {
  readonly #cluster: ClusterParts;
  readonly #run: (claimed: ClaimedTask) => Promise<void>;
  #wanted = false;
  #working: Promise<void> | null = null;
  #retryTimer: NodeJS.Timeout | null = null;
  readonly #onIdle: () => void;
  #retryMs = RETRY_MS_MIN;

  /** `run` rejects when the queue has to be retried later. Calls `onIdle` when it stops processing the queue. */
  constructor(cluster: ClusterParts, run: (claimed: ClaimedTask) => Promise<void>, onIdle: () => void) {
    this.#cluster = cluster;
    this.#run = run;
    this.#onIdle = onIdle;
  }

  /** True while the queue is being processed. */
  get isWorking(): boolean {
    return this.#working !== null;
  }

  /** True while the queue is to be retried later. */
  get isWaiting(): boolean {
    return this.#retryTimer !== null;
  }

  /** Processes the queue; when it is being processed already, checks it once more. */
  wake(): void {
    this.#wanted = true;
    if (this.#working === null && this.#cluster.stop.reason === null) this.#working = this.#work();
  }

  cancelRetry(): void {
    if (this.#retryTimer !== null) clearTimeout(this.#retryTimer);
    this.#retryTimer = null;
  }

  /** Resolves when the queue is not being processed. */
  async idle(): Promise<void> {
    await this.#working;
  }

  /** Processes the queue until it is empty. Never rejects. */
  async #work(): Promise<void> {
    try {
      while (this.#wanted) {
        this.#wanted = false;
        for (let claimed = await this.#claim(); claimed !== undefined; claimed = await this.#claim()) {
          this.#cluster.resources.changes.changed(claimed.task);
          await this.#run(claimed);
          this.#retryMs = RETRY_MS_MIN;
        }
      }
    } catch (error) {
      await reportError(this.#cluster.resources, error, { context: "working on the queue of a cluster" });
      this.#retryTimer = setTimeout(() => {
        this.#retryTimer = null;
        this.wake();
      }, this.#retryMs).unref();
      this.#retryMs = Math.min(2 * this.#retryMs, RETRY_MS_MAX);
    } finally {
      this.#working = null;
      this.#onIdle();
    }
  }

  /** Claims the next task: an interrupted one, or the first of the queue. */
  async #claim(): Promise<ClaimedTask | undefined> {
    const { uuid, turns, stop, resources } = this.#cluster;
    // In a turn, to exclude a race with a change of the cluster's mode.
    return turns.run(async () => {
      if (stop.reason !== null) return undefined;
      const { db, events } = resources;
      const next = db
        .select({ uuid: tasks.uuid })
        .from(tasks)
        .where(and(eq(tasks.cluster_uuid, uuid), isOpenTask))
        .orderBy(tasks.sequence)
        .limit(1);
      const isReady = and(eq(clusters.uuid, uuid), eq(clusters.mode, "TASK"), isNull(clusters.deleted_at));
      const change = db
        .update(tasks)
        .set({ state: "active", started_at: sql`coalesce(${tasks.started_at}, now())` })
        .from(clusters)
        .where(and(inArray(tasks.uuid, next), isReady))
        .returning({
          ...taskColumns,
          ofCluster: clusters.owner_id,
          ofClusterUuid: clusters.owner_uuid,
          ofClusterProject: clusters.project_id,
        })
        .then(([row]): ClaimedTask | undefined => {
          if (row === undefined) return undefined;
          const { ofCluster: owner_id, ofClusterUuid: owner_uuid, ofClusterProject: project_id, ...task } = row;
          return { task, owner: { owner_id, owner_uuid, project_id } };
        });
      return events.publishAfter(change, (claimed) =>
        claimed === undefined ? [] : [taskEvent(claimed.task, claimed.owner)],
      );
    });
  }
}
