import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { and, eq, exists, inArray, isNull, sql } from "drizzle-orm";
import { ClusterSeat } from "../clusters/cluster-seat.ts";
import { unpinCheckpoint } from "../clusters/restore-pin.ts";
import { Serial } from "../clusters/serial.ts";
import { clusters, tasks } from "../db/schema/index.ts";
import { HanamiError } from "../errors.ts";
import { HostClosedError, HostError, isUnavailable } from "../hosts/host-errors.ts";
import { writeErrorLog } from "../logs/write-error-log.ts";
import { outageOf, outageTexts } from "../outage.ts";
import { recordEnd } from "./record-end.ts";
import { discardResultRow, removeResultFile } from "./discard-result.ts";
import { runRequestTask } from "./run-request-task.ts";
import { runRestoreTask } from "./run-restore-task.ts";
import { runSaveTask } from "./run-save-task.ts";
import { runTrainTask } from "./run-train-task.ts";
import { TaskError } from "./task-error.ts";
import type { RunContext, StopReason, TaskResources, TaskRow, TaskRun } from "./task-run.ts";

export interface LaneResources extends TaskResources {
  /** Changes of a network are durable after about this time. */
  snapshotIntervalMs: number;
}

/** A queue that could not be worked on, for want of its database or disk, is looked at again after this, and later each time. */
const RETRY_MS_MIN = 500;
const RETRY_MS_MAX = 10_000;

/** A large network must not spend its time on being saved: its next save waits for so many times what this one held it up. */
const SAVE_PAUSES = 10;
const SAVE_DELAY_MS_MAX = 30_000;

/** Everything that happens to one cluster: its queue, its turns, its snapshots, its end. */
export class ClusterLane {
  readonly uuid: string;
  readonly #resources: LaneResources;
  readonly #seat: ClusterSeat;
  readonly #turns = new Serial();
  readonly #listeners = new Set<() => void>();
  /** Why no more work is taken on. */
  #stopped: Exclude<StopReason, "abort"> | null = null;
  #wanted = false;
  #working: Promise<void> | null = null;
  #active: TaskRun | null = null;
  /** The run of a task that waits for its database or disk, and tells how far it is meanwhile. */
  #waiting: TaskRun | null = null;
  #ended: Promise<void> = Promise.resolve();
  #saveTimer: NodeJS.Timeout | null = null;
  #saving: Promise<void> = Promise.resolve();
  #saveDelayMs: number;
  #retryTimer: NodeJS.Timeout | null = null;
  #retryMs = RETRY_MS_MIN;

  constructor(resources: LaneResources, uuid: string) {
    this.uuid = uuid;
    this.#resources = resources;
    this.#seat = new ClusterSeat(resources, uuid);
    this.#saveDelayMs = resources.snapshotIntervalMs;
  }

  wake(): void {
    this.#wanted = true;
    if (this.#working === null && this.#stopped === null) this.#working = this.#work();
  }

  progress(taskUuid: string): number | undefined {
    const run = this.#active ?? this.#waiting;
    return run?.task.uuid === taskUuid ? run.cycle : undefined;
  }

  get knownFigures() {
    return this.#seat.knownFigures;
  }

  get network() {
    return this.#seat.network;
  }

  async abort(taskUuid: string): Promise<void> {
    if (this.#active?.task.uuid !== taskUuid) return;
    this.#active.stop ??= "abort";
    await this.#ended;
  }

  async exclusive<T>(step: (seat: ClusterSeat) => Promise<T>): Promise<T> {
    try {
      return await this.#turns.run(() => step(this.#seat));
    } finally {
      this.#planSave();
    }
  }

  onRetired(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** See `Scheduler.retire`. The lane is of no use afterwards, unless `remove` threw. */
  async retire(remove: () => Promise<void>): Promise<void> {
    await this.#halt("retire");
    await this.#turns.run(async () => {
      try {
        await remove();
      } catch (error) {
        this.#stopped = null;
        this.wake();
        throw error;
      }
      for (const listener of this.#listeners) listener();
      await this.#seat.leave();
      await this.#removeFiles();
    });
  }

  async close(): Promise<void> {
    await this.#halt("suspend");
    await this.#turns.run(async () => {
      if (!this.#seat.dirty) return;
      try {
        await this.#seat.save();
      } catch (error) {
        this.#resources.log.error({ err: error, cluster: this.uuid }, "the cluster was not saved at the end");
      }
    });
  }

  async #halt(reason: "suspend" | "retire"): Promise<void> {
    this.#stopped = reason;
    if (this.#active !== null) this.#active.stop = reason;
    if (this.#saveTimer !== null) clearTimeout(this.#saveTimer);
    this.#saveTimer = null;
    if (this.#retryTimer !== null) clearTimeout(this.#retryTimer);
    await this.#working;
    await this.#saving;
  }

  /** Works on the queue until it is empty. Never rejects. */
  async #work(): Promise<void> {
    try {
      while (this.#wanted) {
        this.#wanted = false;
        for (let task = await this.#claim(); task !== undefined; task = await this.#claim()) {
          await this.#run(task);
          this.#retryMs = RETRY_MS_MIN;
        }
      }
    } catch (error) {
      await this.#report(error, "working on the queue of a cluster");
      this.#retryTimer = setTimeout(() => this.wake(), this.#retryMs).unref();
      this.#retryMs = Math.min(2 * this.#retryMs, RETRY_MS_MAX);
    } finally {
      this.#working = null;
    }
  }

  /** The task whose turn it is: one that was interrupted, or the first of the queue. */
  async #claim(): Promise<TaskRow | undefined> {
    // In a turn, so that it cannot cross a change of the cluster's mode.
    return this.#turns.run(async () => {
      if (this.#stopped !== null) return undefined;
      const { db } = this.#resources;
      const next = db
        .select({ uuid: tasks.uuid })
        .from(tasks)
        .where(and(eq(tasks.cluster_uuid, this.uuid), inArray(tasks.state, ["queued", "active"])))
        .orderBy(tasks.sequence)
        .limit(1);
      const cluster = db
        .select({ uuid: clusters.uuid })
        .from(clusters)
        .where(and(eq(clusters.uuid, this.uuid), eq(clusters.mode, "TASK"), isNull(clusters.deleted_at)));
      const [task] = await db
        .update(tasks)
        .set({ state: "active", started_at: sql`coalesce(${tasks.started_at}, now())` })
        .where(and(inArray(tasks.uuid, next), exists(cluster)))
        .returning();
      return task;
    });
  }

  async #run(task: TaskRow): Promise<void> {
    const run: TaskRun = { task, plan: task.plan, cycle: task.current_cycle, stop: this.#stopped };
    // Trainings go on where they were; everything else starts again.
    if (run.plan.kind === "train") run.cycle = this.progress(task.uuid) ?? run.cycle;
    this.#waiting = null;
    this.#active = run;
    const startMs = performance.now();
    const running = this.#carryOut(run)
      .then(async () => {
        if (run.stop !== "suspend") await this.#cleanUp(run);
        this.#noteEnd(run, { outcome: "ok", ms: performance.now() - startMs });
      })
      .catch((error: unknown) => this.#fail(run, error))
      .finally(() => {
        this.#active = null;
      });
    this.#ended = running.catch(() => undefined);
    await running;
  }

  #noteEnd(
    { task, plan, cycle, stop }: TaskRun,
    end: { outcome: "ok" | "failed"; ms?: number; reason?: string },
  ): void {
    const { log, metrics } = this.#resources;
    const { outcome, ms, reason } = end;
    if (stop !== "suspend") metrics.tasksEnded.inc({ kind: plan.kind, outcome });
    const entry = { task: task.uuid, kind: plan.kind, cluster: this.uuid, cycle, stop: stop ?? undefined, reason };
    log.info(
      { ...entry, ms: ms === undefined ? undefined : Math.round(ms) },
      `task ${outcome === "ok" ? "over" : "failed"}`,
    );
  }

  #carryOut(run: TaskRun): Promise<void> {
    const log = this.#resources.log.child({ task: run.task.uuid });
    const context: RunContext = { ...this.#resources, log, exclusive: (step) => this.exclusive(step) };
    switch (run.plan.kind) {
      case "train":
        return runTrainTask(context, run as TaskRun<"train">);
      case "request":
        return runRequestTask(context, run as TaskRun<"request">);
      case "save":
        return runSaveTask(context, run as TaskRun<"save">);
      case "restore":
        return runRestoreTask(context, run as TaskRun<"restore">);
    }
  }

  async #fail(run: TaskRun, error: unknown): Promise<void> {
    if (error instanceof HostClosedError) {
      // The server is going down; the task goes on at its next start.
      this.#stopped ??= "suspend";
      return;
    }
    // The cluster is being deleted, and its tasks with it.
    if (this.#stopped === "retire") return;
    const outage = outageOf(error);
    // Training goes on later. What makes a file is quickly asked for again, and must not hold up the queue for a disk.
    if (outage === "database" || (outage !== undefined && run.plan.kind === "train")) {
      this.#waiting = run;
      throw error;
    }
    const expected = error instanceof TaskError || error instanceof HanamiError || isUnavailable(error);
    if (!expected) await this.#report(error, `task ${run.task.uuid}`, run.task.owner_id);
    // Other messages may hold what is not for users, such as paths; a host knows nothing of that sort.
    const hasText = expected || error instanceof HostError;
    const hidden = outage ? outageTexts[outage] : "The server failed to carry out the task; its error log says why.";
    const errorMessage = hasText ? error.message : hidden;
    this.#noteEnd(run, { outcome: "failed", reason: errorMessage });
    const { db, storage } = this.#resources;
    const { uuid } = run.task;
    const hasFile = await db.transaction(async (tx) => {
      await recordEnd(tx, uuid, { state: "failed", cycle: run.cycle, errorMessage });
      return run.plan.kind === "request" && (await discardResultRow(tx, uuid));
    });
    await this.#cleanUp(run);
    if (hasFile) await removeResultFile(storage, uuid);
  }

  async #cleanUp({ task, plan }: TaskRun): Promise<void> {
    if (plan.kind !== "restore") return;
    await unpinCheckpoint(this.#resources.storage, { clusterUuid: this.uuid, taskUuid: task.uuid });
  }

  #planSave(): void {
    if (!this.#seat.dirty || this.#saveTimer !== null || this.#stopped !== null) return;
    this.#saveTimer = setTimeout(() => {
      this.#saving = this.#save().finally(() => {
        this.#saveTimer = null;
        this.#planSave();
      });
    }, this.#saveDelayMs);
  }

  /** Saves between two slices; the file is written while the cluster goes on. Never rejects. */
  async #save(): Promise<void> {
    const { snapshotIntervalMs } = this.#resources;
    let heldMs = 0;
    try {
      const save = await this.#turns.run(async () => {
        if (!this.#seat.dirty) return null;
        const start = performance.now();
        const started = await this.#seat.startSave();
        heldMs = performance.now() - start;
        return started;
      });
      await save?.written;
      this.#saveDelayMs = Math.max(snapshotIntervalMs, Math.min(SAVE_PAUSES * heldMs, SAVE_DELAY_MS_MAX));
    } catch (error) {
      this.#saveDelayMs = Math.min(2 * this.#saveDelayMs, SAVE_DELAY_MS_MAX);
      if (!(error instanceof HostClosedError)) await this.#report(error, `snapshot of cluster ${this.uuid}`);
    }
  }

  /** Every file in the cluster folder that begins with the cluster's uuid. */
  async #removeFiles(): Promise<void> {
    const folder = this.#resources.storage.clusters;
    for (const name of await readdir(folder)) {
      if (name.startsWith(`${this.uuid}.`)) await rm(join(folder, name), { force: true });
    }
  }

  async #report(error: unknown, context: string, userId = ""): Promise<void> {
    await writeErrorLog(this.#resources, { userId, component: "scheduler", context, values: new Map(), error });
  }
}
