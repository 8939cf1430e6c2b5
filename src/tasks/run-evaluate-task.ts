import { encodersOf } from "../clusters/answers.ts";
import type { Db } from "../db/client.ts";
import { datasetPath } from "../files/storage.ts";
import { parseTemplate } from "../network/template/parse-template.ts";
import { addWarnings } from "./add-warnings.ts";
import { HostLosses } from "./host-losses.ts";
import { openGroups, taskErrorOf } from "./open-groups.ts";
import { recordEnd } from "./record-end.ts";
import { requestSlices, rowsOfTask } from "./request-slices.ts";
import { advanceRows } from "./row-choice.ts";
import type { RunContext, RunningTask } from "./running-task.ts";
import { SliceSource } from "./slice-source.ts";
import { TaskDatasets } from "./task-datasets.ts";
import { targetFacts, TaskScores } from "./task-scores.ts";

/**
 * Runs the rows through the network and compares its answers with the targets. After an interruption it restarts at the
 * first row. A task that is aborted has no scores.
 */
export async function runEvaluateTask(context: RunContext, active: RunningTask<"evaluate">): Promise<void> {
  const { plan, task } = active;
  const losses = new HostLosses(active);
  const { info } = await context.onHost((network) => network.ready());
  const network = { template: parseTemplate(info.template), encoders: encodersOf(info) };
  const datasets = new TaskDatasets((uuid) => datasetPath(context.storage, uuid));
  try {
    const groups = await openGroups(network, { ...plan, isCompared: true }, datasets);
    const offset = plan.target_row === "last" ? plan.time_length - 1 : 0;
    const expected = groups.expected.map((group) => advanceRows(group, offset, plan.rows));
    const source = new SliceSource({ ...groups, expected }, { rows: plan.rows, timeLength: plan.time_length });
    const outputs = plan.outputs.map(({ hexagon_name: name }, nth) => ({ name, group: expected[nth]! }));
    const isStopped = () => active.stop !== null;
    const facts = await targetFacts(network, outputs, { rows: task.total_number_of_cycles, isStopped });
    for (let over = false; !over;) {
      try {
        const scores = new TaskScores(network, outputs, facts);
        await evaluate(context, active, { source, scores, warnings: () => groups.warnings() });
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

async function evaluate(
  context: RunContext,
  active: RunningTask<"evaluate">,
  { source, scores, warnings }: { source: SliceSource; scores: TaskScores; warnings: () => string[] },
): Promise<void> {
  const { task } = active;
  await requestSlices(context, rowsOfTask(context, active), source, { take: (slice) => scores.add(slice) });
  if (active.stop === "suspend" || active.stop === "retire") return;
  const { cycle } = active;
  const isWhole = cycle >= task.total_number_of_cycles;
  if (isWhole) scores.check();
  const record = async (tx: Db) => {
    if (isWhole) await addWarnings(tx, task.uuid, [...warnings(), ...scores.warnings()]);
    const outcome = isWhole ? { outcome: scores.outcome(cycle) } : {};
    await recordEnd(context, tx, active, { state: isWhole ? "finished" : "aborted", cycle, ...outcome });
  };
  await context.exclusive(async (network) => {
    // Neurons with a memory have changed; the next task must find this state after a restart, too.
    await (network.dirty ? network.save(record) : context.db.transaction(record));
  });
}
