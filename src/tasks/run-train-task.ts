import { datasetPath } from "../files/storage.ts";
import type { ClusterNetwork } from "../clusters/cluster-network.ts";
import type { Db } from "../db/client.ts";
import type { NetworkEncoders } from "../encoders/network-encoders.ts";
import { HostError } from "../hosts/host-errors.ts";
import type { Host } from "../hosts/host.ts";
import { fromTable, type RunRows, type TablePart, type TrainRun } from "../network/run.ts";
import { isWideStep } from "./measure-bindings.ts";
import type { Curve, CurveFacts } from "./curve/curve.ts";
import { curveAt, curveEnd, positionOn } from "./curve/keep-curve.ts";
import { HostLosses } from "./host-losses.ts";
import { addWarnings } from "./add-warnings.ts";
import { taskErrorOf } from "./open-groups.ts";
import { openTraining } from "./open-training.ts";
import { Validation } from "./validation.ts";
import { recordEnd } from "./record-end.ts";
import { ShuffledSource } from "./shuffled-source.ts";
import { SliceSize } from "./slice-size.ts";
import type { SliceSource } from "./slice-source.ts";
import { TaskEncoders } from "./task-encoders.ts";
import { TaskDatasets } from "./task-datasets.ts";
import { TaskError } from "./task-error.ts";
import { TableLoader } from "./table-loader.ts";
import { tellPoint, tellProgress } from "./task-events.ts";
import type { RunContext, RunningTask } from "./running-task.ts";

/**
 * Trains from the position of the network's snapshot to the last cycle. Slices end at whole steps, so the steps do not
 * depend on timing, and an interrupted task ends in the same state. Steps may span the ends of epochs: a table of four
 * rows still makes full steps.
 */
export async function runTrainTask(context: RunContext, active: RunningTask<"train">): Promise<void> {
  const { plan } = active;
  const losses = new HostLosses(active);
  const { info } = await context.onHost((network) => network.ready());
  const datasets = new TaskDatasets((uuid) => datasetPath(context.storage, uuid));
  let trainer: SliceTrainer | null = null;
  try {
    const seed = plan.seed ?? info.seed;
    const { limits } = context;
    const { total_number_of_cycles: cycles } = active.task;
    const isStopped = () => active.stop !== null;
    const opened = await openTraining({ info, plan, seed, limits, cycles, isStopped }, datasets);
    const { source, encoders, heldOut, facts, changes } = opened;
    // Said before the first slice: a task that is resumed later finds the encoders as they are.
    await addWarnings(context.db, active.task.uuid, changes);
    // A network with memory learns a sequence, so its rows keep their order.
    const rows = info.remembers ? source : new ShuffledSource(source, seed);
    const validation =
      heldOut === undefined ? null : new Validation(context, active, { rows: heldOut, period: source.period });
    trainer = new SliceTrainer(context, active, { rows, source, validation, encoders, facts });
    const { warnings } = opened;
    for (let over = false; !over;) {
      try {
        over = !(await trainer.next()) && (await finish(context, active, { validation, warnings }));
      } catch (error) {
        if (error instanceof HostError && error.kind === "room") throw await outOfRoom(context, active, error);
        losses.accept(error, active.cycle);
      }
    }
  } catch (error) {
    throw taskErrorOf(error);
  } finally {
    await trainer?.close();
    await datasets.close();
  }
}

/** Saves the final state and records the end. False when the host fell back to an earlier state meanwhile. */
async function finish(
  context: RunContext,
  active: RunningTask<"train">,
  { validation, warnings }: { validation: Validation | null; warnings: () => string[] },
): Promise<boolean> {
  if (active.stop === "suspend" || active.stop === "retire") return true;
  const { task, cycle } = active;
  const isWhole = cycle >= task.total_number_of_cycles || (active.stop === null && validation !== null);
  return context.onHost(async (network) => {
    if ((await network.positionOf(task.uuid)) !== cycle) return false;
    const { outcome, read } = validation?.end(cycle) ?? { outcome: undefined, read: null };
    if (read !== null) await network.replace({ read });
    const record = async (tx: Db) => {
      await addWarnings(tx, task.uuid, warnings());
      // A training without patience for its last epochs has finished, too.
      const end = isWhole
        ? ({ state: "finished", cycle, total: cycle } as const)
        : ({ state: "aborted", cycle } as const);
      const measured = outcome === undefined ? {} : { outcome };
      await recordEnd(context, tx, active, { ...end, ...curveEnd(active, cycle), ...measured });
    };
    try {
      await network.saveEnd(record);
    } catch (error) {
      // The last snapshot knows how far the task is; the best network does not.
      if (read !== null) await network.leave();
      throw error;
    }
    return true;
  });
}

/** The network outgrew its host, which has dropped it: the last snapshot replaces it, and the task fails. */
async function outOfRoom(context: RunContext, active: RunningTask<"train">, cause: HostError): Promise<TaskError> {
  active.cycle = await context.onHost((network) => network.positionOf(active.task.uuid));
  const kept = `The cluster keeps what it had learned by cycle ${active.cycle} of the task.`;
  return new TaskError(`${cause.message}. ${kept}`, { cause });
}

/** A slice of a task, valid only after exactly `firstCycle` cycles. */
interface TaskSlice {
  firstCycle: number;
  slice: TrainRun;
  /** Reads the rows of a wide step, which are in memory only while it has its host's turn. */
  readRows: (() => Promise<RunRows>) | undefined;
}

const NO_ROWS: RunRows = { timeLength: 1, inputs: [], expected: [] };

/** Sends a task to the host slice by slice, and reads the rows of the next slice while the host computes. */
class SliceTrainer {
  readonly #context: RunContext;
  readonly #active: RunningTask<"train">;
  readonly #rows: Pick<SliceSource, "read" | "order">;
  readonly #table: TableLoader;
  readonly #size: SliceSize;
  readonly #source: SliceSource;
  readonly #encoders: TaskEncoders;
  readonly #validation: Validation | null;
  readonly #isWide: boolean;
  readonly #facts: CurveFacts;
  #ahead: Promise<TaskSlice> | null = null;
  #host: Host | null = null;

  constructor(
    context: RunContext,
    active: RunningTask<"train">,
    options: {
      rows: Pick<SliceSource, "read" | "order">;
      source: SliceSource;
      encoders: NetworkEncoders;
      validation: Validation | null;
      facts: CurveFacts;
    },
  ) {
    const { rows, source, encoders, validation, facts } = options;
    this.#facts = facts;
    this.#validation = validation;
    this.#encoders = new TaskEncoders(encoders);
    this.#source = source;
    this.#context = context;
    this.#active = active;
    this.#rows = rows;
    this.#table = new TableLoader(source, active.task.uuid);
    const samples = Math.min(active.plan.batch_size, active.task.total_number_of_cycles);
    this.#isWide = isWideStep(source.inputValues * samples);
    this.#size = new SliceSize({ unit: active.plan.batch_size, bytesPerCycle: source.bytesPerCycle });
  }

  /**
   * Trains one slice, or sends a part of the table to the host. False when no cycles are left or the task has to stop;
   * `active.cycle` is up to date then.
   */
  async next(): Promise<boolean> {
    const active = this.#active;
    const { uuid: taskUuid, total_number_of_cycles: total } = active.task;
    const { cycle, host } = await this.#context.onHost(async (network) => ({
      cycle: await network.positionOf(taskUuid),
      host: (await network.ready()).host,
    }));
    active.cycle = cycle;
    if (active.stop !== null) return false;
    const validation = this.#validation;
    active.curve = await curveAt(this.#context.db, active, { facts: this.#facts, cycle });
    if (validation?.isDue(cycle) === true) {
      await validation.measure(cycle);
      tellPoint(this.#context, active);
      return true;
    }
    if (cycle >= total || validation?.isOutOfPatience === true) return false;
    if (host !== this.#host) await this.#beginOn(host);
    const part = await this.#table.next(host, total - cycle);
    if (part !== null) await this.#bring(part);
    else await this.#train(total, active.curve);
    return true;
  }

  /** Waits for pending reads, and makes the host drop the table. */
  async close(): Promise<void> {
    await this.#ahead?.catch(() => undefined);
    if (!this.#table.isBegun) return;
    // A lost host has no table to drop.
    await this.#context.exclusive((network) => network.dropTable()).catch(() => undefined);
  }

  /** Discards the slice that was read ahead, whose size suited the previous host. */
  async #beginOn(host: Host): Promise<void> {
    if (this.#isWide && host.type === "gpu") {
      throw new TaskError("Steps of so many input values are possible on the CPU host only");
    }
    this.#host = host;
    this.#size.startAgain();
    await this.#ahead?.catch(() => undefined);
    this.#ahead = null;
  }

  async #train(total: number, curve: Curve): Promise<void> {
    const startMs = performance.now();
    const active = this.#active;
    const taskUuid = active.task.uuid;
    const ahead = this.#ahead;
    this.#ahead = null;
    let { firstCycle, slice, readRows } = await (ahead ?? this.#read(active.cycle));
    // The host may have fallen back to another state since this slice was read.
    if (firstCycle !== active.cycle) ({ firstCycle, slice, readRows } = await this.#read(active.cycle));
    const end = firstCycle + slice.cycles;
    const trained = this.#context.onHost(async (network) => {
      if ((await network.positionOf(taskUuid)) !== firstCycle || (await network.ready()).host !== this.#host)
        return null;
      const learnt = await network.train(slice, positionOn(curve, taskUuid, end), readRows);
      // In the turn of the slice, so that a snapshot has both or none.
      curve.add({ cycles: slice.cycles, ...learnt, wallMs: performance.now() - startMs });
      return learnt;
    }, this.#enter);
    if (end < total) {
      this.#ahead = this.#read(end);
      this.#ahead.catch(() => undefined);
    }
    const report = await trained.catch((error: unknown) => {
      if (!(error instanceof HostError && error.kind === "table")) throw error;
      // The network moved, or the host dropped the table for lack of room: repeats the cycles with their rows or a new
      // table.
      this.#table.forget();
      this.#ahead = null;
      return null;
    });
    if (report !== null) {
      active.cycle = end;
      tellPoint(this.#context, active);
      tellProgress(this.#context, active);
      this.#size.observe(slice.cycles, report.elapsedMs);
    }
  }

  async #bring(part: TablePart): Promise<void> {
    const keep = (network: ClusterNetwork) =>
      network.keepTable(part).catch((error: unknown) => {
        // Another network comes in the place of the one with the table.
        if (error instanceof HostError) this.#table.forget();
        throw error;
      });
    const isKept = await this.#context.onHost(keep, this.#enter);
    this.#table.answered(part, isKept);
    // The slice that was read ahead contains rows that the host has now.
    if (this.#table.isComplete) this.#ahead = null;
  }

  /** Puts the network onto its host, with the seed and the encoders of the task. */
  readonly #enter = async (network: ClusterNetwork): Promise<void> => {
    await network.ready();
    const { seed } = this.#active.plan;
    if (this.#active.cycle === 0 && seed !== null) await network.seedFresh(seed);
    await this.#encoders.enter(network);
  };

  async #read(firstCycle: number): Promise<TaskSlice> {
    const { plan, task } = this.#active;
    const isInHurry = this.#host !== null && this.#context.hosts.queue(this.#host).isInHurry;
    // The network is measured between two slices.
    const end = this.#validation?.next(firstCycle) ?? task.total_number_of_cycles;
    const cycles = this.#size.next(end - firstCycle, { isInHurry });
    const { isComplete } = this.#table;
    const read = async () => this.#source.spread(await this.#rows.read(firstCycle, cycles));
    const readRows = this.#isWide && !isComplete ? read : undefined;
    const rows = isComplete
      ? fromTable(task.uuid, this.#rows.order(firstCycle, cycles))
      : { cycles, ...(readRows === undefined ? await read() : NO_ROWS) };
    const slice: TrainRun = {
      ...rows,
      batchSize: plan.batch_size,
      schedule: { firstCycle, horizon: task.total_number_of_cycles },
      ...(plan.learning_rate === null ? {} : { learningRate: plan.learning_rate }),
    };
    return { firstCycle, slice, readRows };
  }
}
