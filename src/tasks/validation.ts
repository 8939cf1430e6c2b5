import { pinPath } from "../clusters/restore-pin.ts";
import type { ClusterNetwork } from "../clusters/cluster-network.ts";
import { readNetwork } from "../clusters/read-network.ts";
import { eq } from "drizzle-orm";
import { tasks, type TaskOutcome, type TaskPlan } from "../db/schema/index.ts";
import { writeDurably } from "../files/durable-file.ts";
import { MeasureTimes } from "./measure-times.ts";
import { requestSlices } from "./request-slices.ts";
import type { RunContext, RunningTask } from "./running-task.ts";
import type { SliceSource } from "./slice-source.ts";
import { TaskScores, type ScoredNetwork, type ScoredOutput } from "./task-scores.ts";
import type { TargetFacts } from "./output-scorers.ts";

/** Rows of the first slice; the network is known to answer about as fast as it learns. */
const FIRST_CYCLES = 16;

type TrainPlan = Extract<TaskPlan, { kind: "train" }>;

/** The rows on which a training measures its network, and from which it does not learn. */
export interface HeldOutRows {
  network: ScoredNetwork;
  source: SliceSource;
  /** Some of them, for measurements that only show how the training goes. */
  some: SliceSource;
  outputs: readonly ScoredOutput[];
  /** Those of the rows from which the network learns. */
  facts: readonly TargetFacts[];
}

/** A measurement: how many cycles of the task the network had learnt, its loss, and all scores. */
interface Measured {
  cycle: number;
  loss: number;
  outcome: TaskOutcome;
}

/**
 * Measures a training on rows from which it does not learn: at the ends of epochs on all of them, which decides about
 * its end and its best network, and in between on some. The cycles at which it does so, and what it decides, depend on
 * the task alone, so that an interrupted task ends as it would have without.
 */
export class Validation {
  readonly #context: RunContext;
  readonly #active: RunningTask<"train">;
  readonly #rows: HeldOutRows;
  readonly #times: MeasureTimes;
  readonly #period: number;
  #best: Measured | null = null;
  #last: Measured | null = null;

  /** `period` is the number of cycles of an epoch. */
  constructor(
    context: RunContext,
    active: RunningTask<"train">,
    { rows, period }: { rows: HeldOutRows; period: number },
  ) {
    this.#context = context;
    this.#active = active;
    this.#rows = rows;
    this.#period = period;
    this.#best = active.task.outcome?.best ?? null;
    const { epochs, batch_size: batchSize } = active.plan;
    this.#times = new MeasureTimes({ epochs, period, batchSize, total: active.task.total_number_of_cycles });
  }

  /** The first cycle after this one at which the network is measured. */
  next(cycle: number): number {
    return this.#times.next(cycle);
  }

  /** Whether the network is measured after this cycle, and has not been. */
  isDue(cycle: number): boolean {
    if (this.#times.hasWhole(cycle) && this.#last?.cycle !== cycle) return true;
    // A curve that was loaded again lacks what was measured since it was stored.
    return this.#times.has(cycle) && this.#active.curve?.measuredAt !== cycle;
  }

  /**
   * Measures the network, which has learnt `cycle` cycles of the task, for its curve, and at the end of an epoch tells
   * the owner. Stops early when the network falls back to an earlier state meanwhile, or when the task has to stop.
   */
  async measure(cycle: number): Promise<void> {
    const isWhole = this.#times.hasWhole(cycle);
    const { source, some } = this.#rows;
    const scores = await this.#score(cycle, isWhole ? source : some);
    if (scores === null) return;
    if (isWhole && !(await this.#note(cycle, scores))) return;
    const { curve } = this.#active;
    if (curve?.cycle === cycle) curve.measure(cycle, scores.measurement());
  }

  /** Null when it stopped early. */
  async #score(cycle: number, source: SliceSource): Promise<TaskScores | null> {
    const { network, outputs, facts } = this.#rows;
    const scores = new TaskScores(network, outputs, facts);
    const active = this.#active;
    let isBehind = false;
    const rows = {
      cycle: 0,
      total: source.period,
      get isStopped() {
        return isBehind || active.stop !== null;
      },
    };
    const check = async (live: ClusterNetwork) => {
      isBehind ||= (await live.positionOf(active.task.uuid)) !== cycle;
    };
    await requestSlices(this.#context, rows, source, {
      first: FIRST_CYCLES,
      check,
      take: (slice) => {
        if (!isBehind) scores.add(slice);
      },
    });
    return isBehind || rows.cycle < source.period ? null : scores;
  }

  /** Compares the network with the best one so far. False when it fell back to an earlier state meanwhile. */
  async #note(cycle: number, scores: TaskScores): Promise<boolean> {
    const active = this.#active;
    const { reason } = active.plan;
    const epochs = Math.round(cycle / this.#period);
    const rows = this.#rows.source.period;
    const outcome = { epochs, ...(reason === undefined ? {} : { reason }), ...scores.outcome(rows) };
    const measured = { cycle, loss: scores.loss, outcome };
    const isBetter = this.#best === null || measured.loss < this.#best.loss;
    if (isBetter && keepsBest(active.plan) && !(await this.#keep(cycle))) return false;
    this.#last = measured;
    if (isBetter) this.#best = measured;
    const best = this.#best === null ? {} : { best: this.#best };
    await this.#context.db
      .update(tasks)
      .set({ outcome: { ...outcome, ...best } })
      .where(eq(tasks.uuid, active.task.uuid));
    return true;
  }

  /** Whether the loss has not fallen for as many epochs as the task has patience for. */
  get isOutOfPatience(): boolean {
    const { patience } = this.#active.plan;
    if (patience === undefined || this.#best === null || this.#last === null) return false;
    return this.#last.cycle - this.#best.cycle >= patience * this.#period;
  }

  /** Keeps the network as it is after this cycle; false when it fell back to an earlier state meanwhile. */
  async #keep(cycle: number): Promise<boolean> {
    const state = await this.#context.onHost(async (network) => {
      const taken = await network.exportState();
      // The export may have restored an older state.
      return (await network.positionOf(this.#active.task.uuid)) === cycle ? taken : null;
    });
    if (state !== null) await writeDurably(this.#path, state);
    return state !== null;
  }

  get #path(): string {
    const { cluster_uuid: clusterUuid, uuid: taskUuid } = this.#active.task;
    return pinPath(this.#context.storage, { clusterUuid, taskUuid });
  }

  /**
   * What the task has measured, and the state that the cluster gets: null for the one that it has. It is the best one
   * where the plan wants that and another is better than the last.
   */
  end(cycle: number): { outcome: TaskOutcome | undefined; read: (() => Promise<Uint8Array>) | null } {
    const { plan, task } = this.#active;
    const best = keepsBest(plan) ? this.#best : null;
    if (best === null || best.cycle === cycle) return { outcome: this.#last?.outcome, read: null };
    const owner = { group: task.project_id, user: task.owner_uuid ?? task.owner_id };
    return { outcome: best.outcome, read: () => readNetwork(this.#path, owner) };
  }
}

const keepsBest = ({ keep }: TrainPlan) => keep === "best";
