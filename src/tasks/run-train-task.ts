import { datasetPath } from "../files/storage.ts";
import type { ClusterNetwork } from "../clusters/cluster-network.ts";
import { HostError } from "../hosts/host-errors.ts";
import type { Host, TablePart, TrainSlice } from "../hosts/host.ts";
import { parseTemplate } from "../network/template/parse-template.ts";
import { HostLosses } from "./host-losses.ts";
import { placeBindings } from "./place-bindings.ts";
import { recordEnd } from "./record-end.ts";
import { ShuffledSource } from "./shuffled-source.ts";
import { SliceSize } from "./slice-size.ts";
import { SliceSource } from "./slice-source.ts";
import { TaskError } from "./task-error.ts";
import { TableLoader } from "./table-loader.ts";
import type { RunContext, TaskRun } from "./task-run.ts";

/**
 * Trains from where the network's snapshot stands to the last cycle. Slices end at whole steps, so
 * the steps are the same however the time falls, and a task that was interrupted ends in the same state. Steps run on
 * over the ends of epochs: a table of four rows still makes full steps.
 */
export async function runTrainTask(context: RunContext, run: TaskRun<"train">): Promise<void> {
  const { plan } = run;
  const losses = new HostLosses();
  const { info } = await context.exclusive((network) => network.ready());
  const template = parseTemplate(info.template);
  const source = await SliceSource.open((uuid) => datasetPath(context.storage, uuid), {
    inputs: placeBindings("input", template.inputs, plan.inputs),
    expected: placeBindings("output", template.outputs, plan.outputs),
    rows: plan.rows,
    timeLength: plan.time_length,
  });
  // A network that remembers learns a sequence: its rows keep their order.
  const rows = info.remembers ? source : new ShuffledSource(source, plan.seed ?? info.seed);
  const trainer = new SliceTrainer(context, run, { rows, source });
  try {
    for (let over = false; !over;) {
      try {
        over = !(await trainer.next()) && (await finish(context, run));
      } catch (error) {
        if (error instanceof HostError && error.kind === "room") throw await outOfRoom(context, run, error);
        losses.accept(error, run.cycle);
      }
    }
  } finally {
    await trainer.close();
    await source.close();
  }
}

/** Records the end with the state that it left. False when the host fell back to an earlier state meanwhile. */
async function finish(context: RunContext, run: TaskRun<"train">): Promise<boolean> {
  if (run.stop === "suspend" || run.stop === "retire") return true;
  const { task, cycle } = run;
  return context.exclusive(async (network) => {
    if ((await network.positionOf(task.uuid)) !== cycle) return false;
    const state = cycle >= task.total_number_of_cycles ? "finished" : "aborted";
    await network.saveEnd(async (tx) => {
      await recordEnd(tx, task.uuid, { state, cycle });
    });
    return true;
  });
}

/** The network outgrew its host, which has forgotten it: its last snapshot takes its place, and the task is over. */
async function outOfRoom(context: RunContext, run: TaskRun<"train">, cause: HostError): Promise<TaskError> {
  run.cycle = await context.exclusive((network) => network.positionOf(run.task.uuid));
  const kept = `The cluster keeps what it had learned by cycle ${run.cycle} of the task.`;
  return new TaskError(`${cause.message}. ${kept}`, { cause });
}

/** A slice of a task: it belongs after exactly `firstCycle` cycles. */
interface TaskSlice {
  firstCycle: number;
  slice: TrainSlice;
}

/** Hands a task to the host slice by slice, and reads the rows of the next one while the host computes. */
class SliceTrainer {
  readonly #context: RunContext;
  readonly #run: TaskRun<"train">;
  readonly #rows: Pick<SliceSource, "read" | "order">;
  readonly #table: TableLoader;
  readonly #size: SliceSize;
  #ahead: Promise<TaskSlice> | null = null;
  #host: Host | null = null;

  constructor(
    context: RunContext,
    run: TaskRun<"train">,
    { rows, source }: { rows: Pick<SliceSource, "read" | "order">; source: SliceSource },
  ) {
    this.#context = context;
    this.#run = run;
    this.#rows = rows;
    this.#table = new TableLoader(source, run.task.uuid);
    this.#size = new SliceSize({ unit: run.plan.batch_size, bytesPerCycle: source.bytesPerCycle });
  }

  /**
   * Trains one slice, or brings a part of the table to the host. False when nothing is left to train, or the task has to
   * stop: then `run.cycle` is up to date.
   */
  async next(): Promise<boolean> {
    const run = this.#run;
    const { uuid: taskUuid, total_number_of_cycles: total } = run.task;
    const { cycle, host } = await this.#context.exclusive(async (network) => ({
      cycle: await network.positionOf(taskUuid),
      host: (await network.ready()).host,
    }));
    run.cycle = cycle;
    if (cycle >= total || run.stop !== null) return false;
    if (host !== this.#host) await this.#beginOn(host);
    const part = await this.#table.next(host, total - cycle);
    if (part !== null) await this.#bring(part);
    else await this.#train(total);
    return true;
  }

  /** Waits for what is still being read, and has the host forget the table. */
  async close(): Promise<void> {
    await this.#ahead?.catch(() => undefined);
    if (!this.#table.isBegun) return;
    // A host that is gone has forgotten it anyway.
    await this.#context.exclusive((network) => network.dropTable()).catch(() => undefined);
  }

  /** What was read ahead is as long as suited the host before. */
  async #beginOn(host: Host): Promise<void> {
    this.#host = host;
    this.#size.startAgain();
    await this.#ahead?.catch(() => undefined);
    this.#ahead = null;
  }

  async #train(total: number): Promise<void> {
    const run = this.#run;
    const taskUuid = run.task.uuid;
    const ahead = this.#ahead;
    this.#ahead = null;
    let { firstCycle, slice } = await (ahead ?? this.#read(run.cycle));
    // The host may have fallen back to another state than the one that this slice was read for.
    if (firstCycle !== run.cycle) ({ firstCycle, slice } = await this.#read(run.cycle));
    const end = firstCycle + slice.cycles;
    const trained = this.#context.exclusive(async (network) => {
      if ((await network.positionOf(taskUuid)) !== firstCycle || (await network.ready()).host !== this.#host)
        return null;
      await this.#seed(network);
      return network.train(slice, { taskUuid, cycle: end });
    });
    if (end < total) {
      this.#ahead = this.#read(end);
      this.#ahead.catch(() => undefined);
    }
    const report = await trained.catch((error: unknown) => {
      if (!(error instanceof HostError && error.kind === "table")) throw error;
      // The network moved, or the host needed the room: the same cycles again, with their rows or another table.
      this.#table.forget();
      this.#ahead = null;
      return null;
    });
    if (report !== null) {
      run.cycle = end;
      this.#size.observe(slice.cycles, report.elapsedMs);
    }
  }

  async #bring(part: TablePart): Promise<void> {
    const isKept = await this.#context.exclusive(async (network) => {
      await this.#seed(network);
      return network.keepTable(part);
    });
    this.#table.answered(part, isKept);
    // What was read ahead brings rows along that the host has by now.
    if (this.#table.isComplete) this.#ahead = null;
  }

  async #seed(network: ClusterNetwork): Promise<void> {
    const { seed } = this.#run.plan;
    if (this.#run.cycle === 0 && seed !== null) await network.seedFresh(seed);
  }

  async #read(firstCycle: number): Promise<TaskSlice> {
    const { plan, task } = this.#run;
    const cycles = this.#size.next(task.total_number_of_cycles - firstCycle);
    const rows = this.#table.isComplete
      ? {
          timeLength: 1,
          inputs: [],
          expected: [],
          table: { key: task.uuid, order: this.#rows.order(firstCycle, cycles) },
        }
      : await this.#rows.read(firstCycle, cycles);
    const slice: TrainSlice = {
      cycles,
      ...rows,
      batchSize: plan.batch_size,
      schedule: { firstCycle, horizon: task.total_number_of_cycles },
      ...(plan.learning_rate === null ? {} : { learningRate: plan.learning_rate }),
    };
    return { firstCycle, slice };
  }
}
