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

/** The running task of one cluster, if any: runs it, stops it and reports its progress. */
export class ActiveTask {
  readonly #cluster: ClusterParts;
  readonly #exclusive: RunContext["exclusive"];
  #active: TaskRun | null = null;
  /** A run that waits for the database or disk; it still reports its progress. */
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

  /** Stops the current task, if any, after its current slice. */
  stop(reason: NonNullable<StopSignal["reason"]>): void {
    if (this.#active !== null) this.#active.stop = reason;
  }

  /** Resolves when the task has finished, stopped or failed; rejects when it must be run again later. */
  async run(task: TaskRow): Promise<void> {
    const run: TaskRun = { task, plan: task.plan, cycle: task.current_cycle, stop: this.#cluster.stop.reason };
    // Training resumes at its last cycle; all other tasks start again.
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

  /** Runs until the task is finished or `run.stop` is set, and records the end. Rejects when the task fails. */
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
      // The server is shutting down; the task resumes at its next start.
      stop.reason ??= "suspend";
      return;
    }
    // The cluster is being deleted together with its tasks.
    if (stop.reason === "retire") return;
    const outage = outageOf(error);
    // Training resumes later. Other tasks are quickly queued again, and must not block the queue while the disk fails.
    if (outage === "database" || (outage !== undefined && run.plan.kind === "train")) {
      this.#waiting = run;
      throw error;
    }
    await failTask(resources, run, error);
  }
}
