import type { TaskRow } from "../db/rows.ts";
import { HostClosedError } from "../hosts/host-errors.ts";
import { outageOf } from "../server/outage.ts";
import type { ClusterParts, StopSignal } from "./cluster-parts.ts";
import { failTask, logEnd, unpin } from "./end-task.ts";
import { runRequestTask } from "./run-request-task.ts";
import { runRestoreTask } from "./run-restore-task.ts";
import { runSaveTask } from "./run-save-task.ts";
import { runTrainTask } from "./run-train-task.ts";
import type { RunContext, TaskRun } from "./task-run.ts";

/** The task of one cluster that runs, if any: carries it out, stops it, and tells how far it is. */
export class ActiveTask {
  readonly #cluster: ClusterParts;
  readonly #exclusive: RunContext["exclusive"];
  #active: TaskRun | null = null;
  /** The run of a task that waits for its database or disk, and tells how far it is meanwhile. */
  #waiting: TaskRun | null = null;
  #ended: Promise<void> = Promise.resolve();

  constructor(cluster: ClusterParts, exclusive: RunContext["exclusive"]) {
    this.#cluster = cluster;
    this.#exclusive = exclusive;
  }

  /** See `Scheduler.progress`. */
  progress(taskUuid: string): number | undefined {
    const run = this.#active ?? this.#waiting;
    return run?.task.uuid === taskUuid ? run.cycle : undefined;
  }

  /** See `Scheduler.abort`. */
  async abort(taskUuid: string): Promise<void> {
    if (this.#active?.task.uuid !== taskUuid) return;
    this.#active.stop ??= "abort";
    await this.#ended;
  }

  /** Stops after the current slice, whatever task it is. */
  stop(reason: NonNullable<StopSignal["reason"]>): void {
    if (this.#active !== null) this.#active.stop = reason;
  }

  /** Resolves when the task is over, was stopped or failed; rejects when it has to be run again later. */
  async run(task: TaskRow): Promise<void> {
    const run: TaskRun = { task, plan: task.plan, cycle: task.current_cycle, stop: this.#cluster.stop.reason };
    // Trainings go on where they were; everything else starts again.
    if (run.plan.kind === "train") run.cycle = this.progress(task.uuid) ?? run.cycle;
    this.#waiting = null;
    this.#active = run;
    const startMs = performance.now();
    const running = this.#carryOut(run)
      .then(async () => {
        if (run.stop !== "suspend") await unpin(this.#cluster.resources, run);
        logEnd(this.#cluster.resources, run, { outcome: "ok", ms: performance.now() - startMs });
      })
      .catch((error: unknown) => this.#fail(run, error))
      .finally(() => {
        this.#active = null;
      });
    this.#ended = running.catch(() => undefined);
    await running;
  }

  /** Goes on until the task is over or `run.stop` is set, and records how it ended. Rejects when it failed. */
  #carryOut(run: TaskRun): Promise<void> {
    const { resources } = this.#cluster;
    const log = resources.log.child({ task: run.task.uuid });
    const context: RunContext = { ...resources, log, exclusive: this.#exclusive };
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
    const { stop, resources } = this.#cluster;
    if (error instanceof HostClosedError) {
      // The server is going down; the task goes on at its next start.
      stop.reason ??= "suspend";
      return;
    }
    // The cluster is being deleted, and its tasks with it.
    if (stop.reason === "retire") return;
    const outage = outageOf(error);
    // Training goes on later. What makes a file is quickly asked for again, and must not block the queue for a disk.
    if (outage === "database" || (outage !== undefined && run.plan.kind === "train")) {
      this.#waiting = run;
      throw error;
    }
    await failTask(resources, run, error);
  }
}
