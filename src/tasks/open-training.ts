import { encodersOf } from "../clusters/answers.ts";
import { checkEncodedWidths } from "../clusters/check-encoded-widths.ts";
import type { RunContext } from "./running-task.ts";
import type { TaskPlan } from "../db/schema/index.ts";
import { encodersText, type NetworkEncoders } from "../encoders/network-encoders.ts";
import type { NetworkInfo } from "../hosts/host.ts";
import { parseTemplate } from "../network/template/parse-template.ts";
import { fitEncoders } from "./fit-encoders.ts";
import { openGroups, type TaskGroups } from "./open-groups.ts";
import { advanceRows, chooseRows, splitRows } from "./row-choice.ts";
import type { RowGroup } from "./row-group.ts";
import { SliceSource } from "./slice-source.ts";
import type { TaskDatasets } from "./task-datasets.ts";
import { TaskError } from "./task-error.ts";
import { targetFacts, type ScoredNetwork } from "./task-scores.ts";
import type { HeldOutRows } from "./validation.ts";

type TrainPlan = Extract<TaskPlan, { kind: "train" }>;

interface Training {
  info: NetworkInfo;
  plan: TrainPlan;
  /** Chooses the rows that are held out. */
  seed: number;
  isStopped: () => boolean;
  limits: RunContext["limits"];
}

interface OpenedTraining {
  /** The rows that are learnt. */
  source: SliceSource;
  /** Text of the encoders that the network needs for them. */
  encoders: string;
  heldOut: HeldOutRows | undefined;
  warnings: string[];
}

/** Opens the rows that a task learns, and those that it holds out. The same task always gets the same. */
export async function openTraining(training: Training, datasets: TaskDatasets): Promise<OpenedTraining> {
  const { info, plan, seed, limits } = training;
  const { rows, time_length: timeLength, validation } = plan;
  if (validation !== undefined && info.remembers) {
    throw new TaskError("A network that remembers earlier rows cannot be measured during its training");
  }
  const split =
    validation !== undefined && "share" in validation
      ? splitRows(rows, validation.share, { seed, isOrdered: timeLength > 1 })
      : undefined;
  const template = parseTemplate(info.template);
  const encoders = await fitEncoders(encodersOf(info), { plan, template, chosen: split?.learnt }, datasets);
  checkEncodedWidths(limits, encoders);
  const network = { template, encoders };
  const learnt = await openGroups(network, plan, datasets);
  const table = { ...parts(learnt, split?.learnt, plan), rows: split?.learnt.length ?? rows };
  const source = new SliceSource(table, { rows: table.rows, timeLength });
  return {
    source,
    encoders: textOf(encoders),
    heldOut: validation && (await openHeldOut(training, { network, split }, datasets)),
    warnings: learnt.warnings(),
  };
}

async function openHeldOut(
  { plan, isStopped }: Training,
  { network, split }: { network: ScoredNetwork; split: ReturnType<typeof splitRows> | undefined },
  datasets: TaskDatasets,
): Promise<HeldOutRows> {
  const { time_length: timeLength } = plan;
  const others = plan.validation !== undefined && "inputs" in plan.validation ? plan.validation : plan;
  const compared = await openGroups(network, { ...others, isCompared: true }, datasets);
  const groups = parts(compared, split?.heldOut, { ...plan, rows: others.rows });
  const names = others.outputs.map(({ hexagon_name }) => hexagon_name);
  const outputs = names.map((name, nth) => ({ name, group: groups.expected[nth]! }));
  const rows = split?.heldOut.length ?? others.rows;
  // The baseline knows what the network could know.
  const known = await openGroups(network, { ...plan, isCompared: true }, datasets);
  const learnt = parts(known, split?.learnt, plan).expected;
  const facts = await targetFacts(
    network,
    plan.outputs.map(({ hexagon_name: name }, nth) => ({ name, group: learnt[nth]! })),
    { rows: (split?.learnt.length ?? plan.rows) - timeLength + 1, isStopped },
  );
  const byName = new Map(plan.outputs.map(({ hexagon_name }, nth) => [hexagon_name, facts[nth]!]));
  return {
    network,
    source: new SliceSource(groups, { rows, timeLength }),
    outputs,
    facts: names.map((name) => byName.get(name)!),
  };
}

/** The groups with the chosen rows only, and targets from the row of a window that has them. */
function parts(
  { inputs, expected }: Pick<TaskGroups, "inputs" | "expected">,
  chosen: Uint32Array | undefined,
  { rows, time_length: timeLength, target_row: targetRow }: Pick<TrainPlan, "rows" | "time_length" | "target_row">,
) {
  const choose = (group: RowGroup) => (chosen === undefined ? group : chooseRows(group, chosen));
  const offset = targetRow === "last" ? timeLength - 1 : 0;
  const advance = (group: RowGroup) => (offset === 0 ? group : advanceRows(group, offset, chosen?.length ?? rows));
  return { inputs: inputs.map(choose), expected: expected.map((group) => advance(choose(group))) };
}

/** Networks without encoders have no text. */
const textOf = (encoders: NetworkEncoders) =>
  Object.keys({ ...encoders.inputs, ...encoders.outputs }).length === 0 ? "" : encodersText(encoders);
