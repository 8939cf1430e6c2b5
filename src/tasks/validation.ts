import { pinPath } from "../clusters/restore-pin.ts";
import type { ClusterNetwork } from "../clusters/cluster-network.ts";
import { readNetwork } from "../clusters/read-network.ts";
import { eq } from "drizzle-orm";
import { tasks, type TaskOutcome, type TaskPlan } from "../db/schema/index.ts";
import { writeDurably } from "../files/durable-file.ts";
import { requestSlices } from "./request-slices.ts";
import type { RunContext, RunningTask } from "./running-task.ts";
import type { SliceSource } from "./slice-source.ts";
import { TaskScores, type ScoredNetwork, type ScoredOutput } from "./task-scores.ts";
import type { TargetFacts } from "./output-scorers.ts";

type TrainPlan = Extract<TaskPlan, { kind: "train" }>;

/** Measurements of one training, at most: more epochs are measured in steps of several. */
const MEASURES_MAX = 100;

/** The rows on which a training measures its network, and from which it does not learn. */
export interface HeldOutRows {
  network: ScoredNetwork;
  source: SliceSource;
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
 * Measures a training at the ends of epochs on rows from which it does not learn. The cycles at which it does so, and
 * what it decides, depend on the task alone, so that an interrupted task ends as it would have without.
 */
export class Validation {
  readonly #context: RunContext;
  readonly #active: RunningTask<"train">;
  readonly #rows: HeldOutRows;
  readonly #every: number;
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
    this.#every = Math.ceil(active.plan.epochs / MEASURES_MAX);
  }

  /** The first cycle after this one at which the network is measured: the end of the step that ends an epoch. */
  next(cycle: number): number {
    const { plan, task } = this.#active;
    const total = task.total_number_of_cycles;
    for (let epoch = this.#epochOf(cycle) + 1; ; epoch++) {
      const end = Math.ceil((epoch * this.#every * this.#period) / plan.batch_size) * plan.batch_size;
      if (end > cycle) return Math.min(end, total);
    }
  }

  #epochOf = (cycle: number) => Math.max(0, Math.floor(cycle / (this.#every * this.#period)) - 1);

  /** Whether the network is measured after this cycle, and has not been. */
  isDue(cycle: number): boolean {
    return cycle > 0 && this.next(cycle - 1) === cycle && this.#last?.cycle !== cycle;
  }

  /**
   * Measures the network, which has learnt `cycle` cycles of the task, and tells the owner. False when the network fell
   * back to an earlier state meanwhile, or when the task has to stop.
   */
  async measure(cycle: number): Promise<boolean> {
    const { network, source, outputs, facts } = this.#rows;
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
      check,
      take: (slice) => {
        if (!isBehind) scores.add(slice);
      },
    });
    if (isBehind || rows.cycle < source.period) return false;
    const { reason } = active.plan;
    const epochs = Math.round(cycle / this.#period);
    const outcome = { epochs, ...(reason === undefined ? {} : { reason }), ...scores.outcome(source.period) };
    this.#last = { cycle, loss: scores.loss, outcome };
    if (this.#best === null || this.#last.loss < this.#best.loss) await this.#noteBest(this.#last);
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

  async #noteBest(measured: Measured): Promise<void> {
    this.#best = measured;
    if (!keepsBest(this.#active.plan)) return;
    const state = await this.#context.onHost(async (network) =>
      (await network.positionOf(this.#active.task.uuid)) === measured.cycle ? network.exportState() : null,
    );
    if (state === null) this.#best = null;
    else await writeDurably(this.#path, state);
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

export const keepsBest = ({ keep }: TrainPlan) => keep === "best";
