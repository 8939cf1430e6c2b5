import type { ClusterNetwork } from "../clusters/cluster-network.ts";
import { HostClosedError, isOfKind } from "../hosts/host-errors.ts";
import { outageOf } from "../server/outage.ts";
import type { ClusterParts, StopSignal } from "./cluster-parts.ts";
import type { Curve } from "./curve/curve.ts";
import { warnOfClippedTargets } from "./clipped-targets.ts";
import { abortTask, failTask, logEnd, unpin } from "./end-task.ts";
import { runEvaluateTask } from "./run-evaluate-task.ts";
import { runRequestTask } from "./run-request-task.ts";
import { runRestoreTask } from "./run-restore-task.ts";
import { runSaveTask } from "./run-save-task.ts";
import { runTrainTask } from "./run-train-task.ts";
import type { RunContext, RunningTask } from "./running-task.ts";
import type { ClaimedTask } from "./task-queue.ts";
import { tellLastNews } from "./task-events.ts";
import { warnOfWidths } from "./width-warnings.ts";

/** The running task of one cluster, if any: runs it, stops it and reports its progress. */
export class ActiveTask {
  readonly #cluster: ClusterParts;
  readonly #exclusive: RunContext["exclusive"];
  #active: RunningTask | null = null;
  /** A run that waits for the database or disk; it still reports its progress. */
  #waiting: RunningTask | null = null;
  #ended: Promise<void> = Promise.resolve();

  constructor(cluster: ClusterParts, exclusive: RunContext["exclusive"]) {
    this.#cluster = cluster;
    this.#exclusive = exclusive;
  }

  /** True while a run waits for the database or disk. */
  get isWaiting(): boolean {
    return this.#waiting !== null;
  }

  /** See `Scheduler.progress`. */
  progress(taskUuid: string): number | undefined {
    return this.#find(taskUuid)?.cycle;
  }

  /** See `Scheduler.curve`. */
  curve(taskUuid: string): Curve | null {
    return this.#find(taskUuid)?.curve ?? null;
  }

  #find(taskUuid: string): RunningTask | undefined {
    const active = this.#active ?? this.#waiting;
    return active?.task.uuid === taskUuid ? active : undefined;
  }

  /** See `Scheduler.abort`. */
  async abort(taskUuid: string): Promise<void> {
    if (this.#active?.task.uuid !== taskUuid) return;
    this.#active.stop ??= "abort";
    this.#cluster.network.endWaiting();
    await this.#ended;
  }

  /** Stops the current task, if any, after its current slice. */
  stop(reason: NonNullable<StopSignal["reason"]>): void {
    if (this.#active !== null) this.#active.stop = reason;
  }

  /** Resolves when the task has finished, stopped or failed; rejects when it must be run again later. */
  async run({ task, owner }: ClaimedTask): Promise<void> {
    const { plan, current_cycle: cycle } = task;
    const { reason: stop } = this.#cluster.stop;
    const active: RunningTask = { task, owner, plan, cycle, stop, curve: this.curve(task.uuid) };
    // Training resumes at its last cycle; all other tasks start again.
    if (plan.kind === "train") active.cycle = this.progress(task.uuid) ?? cycle;
    this.#waiting = null;
    this.#active = active;
    const startMs = performance.now();
    const running = this.#exclusive((network) => network.markBusy())
      .then(() => this.#carryOut(active))
      .then(async () => {
        if (active.stop !== "suspend") await unpin(this.#cluster.resources, active);
        logEnd(this.#cluster.resources, active, { outcome: "ok", ms: performance.now() - startMs });
      })
      .catch((error: unknown) => this.#fail(active, error))
      .finally(() => {
        tellLastNews(this.#cluster.resources, task);
        this.#active = null;
        if (this.#cluster.stop.reason === null) this.#cluster.network.beginWaiting();
      });
    this.#ended = running.catch(() => undefined);
    await running;
  }

  /** See `RunContext.onHost`. Others get a turn between two tries. */
  async #onHost<T>(
    active: RunningTask,
    work: (network: ClusterNetwork) => Promise<T>,
    enter = (network: ClusterNetwork): Promise<unknown> => network.ready(),
  ): Promise<T> {
    for (;;) {
      const done = await this.#exclusive(async (network) => {
        try {
          await enter(network);
        } catch (error) {
          if (!isOfKind(error, "crowded") || active.stop !== null) throw error;
          // Nobody waits any more.
          if (this.#cluster.resources.hosts.isClosing) throw new HostClosedError();
          return null;
        }
        return { result: await work(network) };
      });
      if (done !== null) return done.result;
    }
  }

  /** Runs until the task is finished or `active.stop` is set, and records the end. Rejects when the task fails. */
  async #carryOut(active: RunningTask): Promise<void> {
    const { resources } = this.#cluster;
    const log = resources.log.child({ task: active.task.uuid });
    const onHost: RunContext["onHost"] = (work, enter) => this.#onHost(active, work, enter);
    const context: RunContext = { ...resources, log, exclusive: this.#exclusive, onHost };
    switch (active.plan.kind) {
      case "train":
        await warnOfClippedTargets(context, active as RunningTask<"train">);
        return runTrainTask(context, active as RunningTask<"train">);
      case "request":
        await warnOfWidths(context, active as RunningTask<"request">);
        return runRequestTask(context, active as RunningTask<"request">);
      case "evaluate":
        await warnOfWidths(context, active as RunningTask<"evaluate">);
        return runEvaluateTask(context, active as RunningTask<"evaluate">);
      case "save":
        return runSaveTask(context, active as RunningTask<"save">);
      case "restore":
        return runRestoreTask(context, active as RunningTask<"restore">);
    }
  }

  async #fail(active: RunningTask, error: unknown): Promise<void> {
    const { stop, resources } = this.#cluster;
    if (error instanceof HostClosedError) {
      // The server is shutting down; the task resumes at its next start.
      stop.reason ??= "suspend";
      return;
    }
    // The cluster is being deleted together with its tasks.
    if (stop.reason === "retire") return;
    if (isOfKind(error, "crowded") && active.stop !== null) {
      if (active.stop === "abort") await abortTask(resources, active);
      return;
    }
    const outage = outageOf(error);
    // Training resumes later. Other tasks are quickly queued again, and must not block the queue while the disk fails.
    if (outage === "database" || (outage !== undefined && active.plan.kind === "train")) {
      this.#waiting = active;
      throw error;
    }
    await failTask(resources, active, error);
  }
}
