import { MAX_COLUMNS } from "../datasets/file/layout.ts";
import { datasetPath } from "../files/storage.ts";
import { openResultWriter, type ResultWriter } from "../datasets/result-dataset.ts";
import type { RequestReport } from "../hosts/host.ts";
import type { NetworkEncoders } from "../encoders/network-encoders.ts";
import { parseTemplate, type Template } from "../network/template/parse-template.ts";
import { noBytesText, roomInProject } from "../limits/project-bytes.ts";
import { discardResultRow, removeResultFile } from "../datasets/discard-result.ts";
import type { Db } from "../db/client.ts";
import { HostLosses } from "./host-losses.ts";
import { answersOf, encodersOf } from "../clusters/answers.ts";
import { addWarnings } from "./add-warnings.ts";
import { openGroups, taskErrorOf } from "./open-groups.ts";
import { resolveBindings } from "./resolve-bindings.ts";
import { ResultColumns } from "./result-columns.ts";
import { recordEnd } from "./record-end.ts";
import { type AnsweredSlice, requestSlices, rowsOfTask } from "./request-slices.ts";
import { SliceSource } from "./slice-source.ts";
import { TaskDatasets } from "./task-datasets.ts";
import { TaskError } from "./task-error.ts";
import type { RunContext, RunningTask } from "./running-task.ts";

/**
 * Runs the rows through the network and writes its answers to the result dataset, which appears when the task ends.
 * After an interruption it restarts at the first row, because no partial result is kept.
 */
export async function runRequestTask(context: RunContext, active: RunningTask<"request">): Promise<void> {
  const { plan } = active;
  const losses = new HostLosses(active);
  const { info } = await context.onHost((network) => network.ready());
  const template = parseTemplate(info.template);
  resolveBindings("output", template.outputs, plan.results);
  const encoders = encodersOf(info);
  const datasets = new TaskDatasets((uuid) => datasetPath(context.storage, uuid));
  try {
    const groups = await openGroups({ template, encoders }, { ...plan, outputs: [] }, datasets);
    const source = new SliceSource(groups, { rows: plan.rows, timeLength: plan.time_length });
    const columns = await ResultColumns.open(encoders, plan, datasets);
    const answers = { template, encoders, columns, warnings: () => [...groups.warnings(), ...columns.warnings] };
    for (let over = false; !over;) {
      try {
        await answerRows(context, active, { source, results: () => new Results(context, active, answers) });
        over = true;
      } catch (error) {
        losses.accept(error, active.cycle);
        active.cycle = 0;
      }
    }
  } catch (error) {
    throw taskErrorOf(error);
  } finally {
    await datasets.close();
  }
}

async function answerRows(
  context: RunContext,
  active: RunningTask<"request">,
  { source, results: makeResults }: { source: SliceSource; results: () => Results },
): Promise<void> {
  const { task } = active;
  const results = makeResults();
  try {
    const take = ({ first, cycles, report }: AnsweredSlice) => results.append(first, cycles, report);
    await requestSlices(context, rowsOfTask(context, active), source, { take });
    if (active.stop === "suspend" || active.stop === "retire") return;
    const { cycle } = active;
    const state = cycle >= task.total_number_of_cycles ? "finished" : "aborted";
    // If the server is killed before the next step, the task restarts and publishes the same rows again.
    const isEmpty = !(await results.publish());
    const record = async (tx: Db) => {
      await recordEnd(context, tx, active, { state, cycle });
      // A task that is aborted before its first row leaves no dataset.
      if (isEmpty) await discardResultRow(context, tx, task.uuid);
    };
    await context.exclusive(async (network) => {
      // Neurons with a memory have changed; the next task must find this state after a restart, too.
      await (network.dirty ? network.save(record) : context.db.transaction(record));
    });
    if (isEmpty) await removeResultFile(context.storage, task.uuid);
  } finally {
    await results.close();
  }
}

/** How answers become rows of the result dataset. */
interface Answers {
  template: Template;
  encoders: NetworkEncoders;
  columns: ResultColumns;
  warnings: () => string[];
}

/** Rows of the result dataset: one column group per result, with the current width of its output. */
class Results {
  readonly #context: RunContext;
  readonly #active: RunningTask<"request">;
  readonly #answers: Answers;
  #writer: ResultWriter | null = null;

  constructor(context: RunContext, active: RunningTask<"request">, answers: Answers) {
    this.#context = context;
    this.#active = active;
    this.#answers = answers;
  }

  async append(first: number, cycles: number, report: RequestReport): Promise<void> {
    const { task } = this.#active;
    const { template, encoders, columns: wanted } = this.#answers;
    const columns = await wanted.columns(first, cycles, answersOf(template, encoders, report, cycles));
    const groups = columns.map(({ name, width }) => ({ name, width }));
    if (this.#writer === null) await this.#checkSize(groups);
    this.#writer ??= await openResultWriter(this.#context, { uuid: task.uuid, name: task.name, groups });
    await this.#writer.append(
      cycles,
      columns.map(({ values }) => values),
    );
  }

  /** Checked before the first row, not after the disk is full. */
  async #checkSize(groups: readonly { width: number }[]): Promise<void> {
    const { limits, db } = this.#context;
    const { datasetBytes } = limits;
    const projectId = this.#active.task.project_id;
    const columns = groups.reduce((sum, { width }) => sum + width, 0);
    if (columns > MAX_COLUMNS) {
      throw new TaskError(`The result would have ${columns} columns, but a dataset may have ${MAX_COLUMNS}`);
    }
    const bytes = this.#active.task.total_number_of_cycles * columns * Float32Array.BYTES_PER_ELEMENT;
    if (bytes > datasetBytes) {
      throw new TaskError(`The result would have ${bytes} bytes of values, but a dataset may have ${datasetBytes}`);
    }
    if (bytes > (await roomInProject(limits, db, projectId))) {
      throw new TaskError(noBytesText(projectId, bytes, limits.projectBytes));
    }
  }

  /** Publishes the rows; false when there are none. */
  async publish(): Promise<boolean> {
    const { columns, encoders, warnings } = this.#answers;
    await addWarnings(this.#context.db, this.#active.task.uuid, warnings());
    await this.#writer?.publish(columns.facts(encoders));
    return this.#writer !== null;
  }

  async close(): Promise<void> {
    await this.#writer?.abort();
  }
}
