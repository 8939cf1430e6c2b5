import { DatasetFileError } from "../datasets/file/layout.ts";
import { openDatasetFile } from "../datasets/file/reader.ts";
import type { Db } from "../db/client.ts";
import type { OutputMetrics, TaskOutcome } from "../db/schema/index.ts";
import { datasetPath } from "../files/storage.ts";
import { parseTemplate, type Template } from "../network/template/parse-template.ts";
import { addWarnings } from "./add-warnings.ts";
import { columnSlices } from "./column-slices.ts";
import { HostLosses } from "./host-losses.ts";
import { type OutputScorer, outputScorer, type TargetFacts } from "./output-scorers.ts";
import { recordEnd } from "./record-end.ts";
import { type AnsweredSlice, requestSlices } from "./request-slices.ts";
import { resolveBindings } from "./resolve-bindings.ts";
import type { RunContext, RunningTask } from "./running-task.ts";
import { SliceSource } from "./slice-source.ts";
import { TaskError } from "./task-error.ts";

/**
 * Runs the rows through the network and compares its answers with the targets. After an interruption it restarts at the
 * first row. A task that is aborted has no scores.
 */
export async function runEvaluateTask(context: RunContext, active: RunningTask<"evaluate">): Promise<void> {
  const { plan } = active;
  const losses = new HostLosses(active);
  const { info } = await context.onHost((network) => network.ready());
  const template = parseTemplate(info.template);
  const source = await SliceSource.open((uuid) => datasetPath(context.storage, uuid), {
    inputs: resolveBindings("input", template.inputs, plan.inputs),
    expected: resolveBindings("output", template.outputs, plan.outputs),
    rows: plan.rows,
    timeLength: plan.time_length,
  });
  try {
    const facts = await readTargetFacts(context, active);
    for (let over = false; !over;) {
      try {
        await evaluate(context, active, { source, scores: new Scores(template, plan.outputs, facts) });
        over = true;
      } catch (error) {
        losses.accept(error, active.cycle);
        active.cycle = 0;
      }
    }
  } finally {
    await source.close();
  }
}

async function evaluate(
  context: RunContext,
  active: RunningTask<"evaluate">,
  { source, scores }: { source: SliceSource; scores: Scores },
): Promise<void> {
  const { task } = active;
  await requestSlices(context, active, source, (slice) => scores.add(slice));
  if (active.stop === "suspend" || active.stop === "retire") return;
  const { cycle } = active;
  const isWhole = cycle >= task.total_number_of_cycles;
  const record = async (tx: Db) => {
    if (isWhole) await addWarnings(tx, task.uuid, scores.warnings());
    const outcome = isWhole ? { outcome: scores.outcome(cycle) } : {};
    await recordEnd(context, tx, task, { state: isWhole ? "finished" : "aborted", cycle, ...outcome });
  };
  await context.exclusive(async (network) => {
    // Neurons with a memory have changed; the next task must find this state after a restart, too.
    await (network.dirty ? network.save(record) : context.db.transaction(record));
  });
}

/** What the baselines need to know about the targets of each output: one pass over its column. */
async function readTargetFacts({ storage }: RunContext, active: RunningTask<"evaluate">): Promise<TargetFacts[]> {
  const { plan, task } = active;
  const first = plan.target_row === "last" ? plan.time_length - 1 : 0;
  const rows = task.total_number_of_cycles;
  const facts: TargetFacts[] = [];
  for (const { dataset_uuid, dataset_column: name } of plan.outputs) {
    const reader = await openDatasetFile(datasetPath(storage, dataset_uuid));
    try {
      const { column_start, column_end } = reader.group(name)!;
      const width = column_end - column_start;
      let sum = 0;
      for await (const { values } of columnSlices(reader, { name, width, first, rows })) {
        if (active.stop !== null) break;
        for (const value of values) sum += value;
      }
      facts.push({ width, mean: sum / (rows * width) });
    } catch (error) {
      if (!(error instanceof DatasetFileError)) throw error;
      throw new TaskError(`Dataset '${reader.name}' can not be read: ${error.message}`, { cause: error });
    } finally {
      await reader.close();
    }
  }
  return facts;
}

/** The scores of all outputs of the task. */
class Scores {
  readonly #outputs: { name: string; width: number; scorer: OutputScorer }[];
  readonly #untrained = new Set<string>();

  /** `facts` has one entry per output of the plan. */
  constructor(template: Template, outputs: readonly { hexagon_name: string }[], facts: readonly TargetFacts[]) {
    const kinds = new Map(template.outputs.map(({ name, kind }) => [name, kind]));
    this.#outputs = outputs.map(({ hexagon_name: name }, nth) => {
      const known = facts[nth]!;
      return { name, width: known.width, scorer: outputScorer(name, kinds.get(name)!, known) };
    });
  }

  /** Throws TaskError when an output answers another number of values than its column has. */
  add({ cycles, expected, report }: AnsweredSlice): void {
    const answers = new Map(report.outputs.map((output) => [output.name, output]));
    for (const [nth, { name, width, scorer }] of this.#outputs.entries()) {
      const answer = answers.get(name)!;
      if (answer.width === 0) this.#untrained.add(name);
      else if (answer.width !== width) {
        throw new TaskError(`Output '${name}' answers ${answer.width} values, but its column has ${width}`);
      }
      const values = answer.width === 0 ? new Float32Array(cycles * width) : answer.values;
      scorer.add(expected[nth]!.values, values);
    }
  }

  outcome(rows: number): TaskOutcome {
    const each = (scoresOf: (scorer: OutputScorer) => OutputMetrics) =>
      Object.fromEntries(this.#outputs.map(({ name, scorer }) => [name, scoresOf(scorer)]));
    return { rows, metrics: each((scorer) => scorer.metrics()), baseline: each((scorer) => scorer.baseline()) };
  }

  warnings(): string[] {
    const untrained = [...this.#untrained].map((name) => `Output '${name}' has learnt nothing yet: it answers 0.`);
    return [...untrained, ...this.#outputs.flatMap(({ scorer }) => scorer.warnings())];
  }
}
