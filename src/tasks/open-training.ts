import { isUntaught } from "../network/network-figures.ts";
import { encodersOf } from "../clusters/answers.ts";
import { checkEncodedWidths } from "../clusters/check-encoded-widths.ts";
import type { RunContext } from "./running-task.ts";
import type { TaskPlan } from "../db/schema/index.ts";
import type { NetworkEncoders } from "../encoders/network-encoders.ts";
import type { NetworkInfo } from "../hosts/host.ts";
import { widthExcess } from "../limits/width-excess.ts";
import { checkValues, sampleSize, samplesMax } from "./measure-bindings.ts";
import { isEncoded, parseTemplate, type Template } from "../network/template/parse-template.ts";
import type { CurveFacts } from "./curve/curve.ts";
import { curveOutput } from "../clusters/curve-output.ts";
import { fitEncoders } from "./fit-encoders.ts";
import { offsetWarnings } from "./fit-offsets.ts";
import { openGroups, type TaskGroups } from "./open-groups.ts";
import { advanceRows, chooseRows, splitRows } from "./row-choice.ts";
import type { RowGroup } from "./row-group.ts";
import { MEASURES_MIN } from "./measure-times.ts";
import { SliceSource } from "./slice-source.ts";
import { spreadWindows } from "./spread-windows.ts";
import type { TaskDatasets } from "./task-datasets.ts";
import { TaskError } from "./task-error.ts";
import { targetFacts, type ScoredNetwork } from "./task-scores.ts";
import type { HeldOutRows } from "./validation.ts";

type TrainPlan = Extract<TaskPlan, { kind: "train" }>;

/** Rows of a measurement between the ends of epochs: so many, or more where all of them are a small share of a task. */
const SOME_ROWS = 256;
const SOME_SHARE = 0.15;

interface Training {
  info: NetworkInfo;
  plan: TrainPlan;
  /** Chooses the rows that are held out. */
  seed: number;
  isStopped: () => boolean;
  limits: RunContext["limits"];
  /** Of the whole task. */
  cycles: number;
}

interface OpenedTraining {
  /** The rows that are learnt. */
  source: SliceSource;
  /** By which they are encoded. */
  encoders: NetworkEncoders;
  heldOut: HeldOutRows | undefined;
  /** What its curve is about. */
  facts: CurveFacts;
  /** How the rows are changed for a network that has learnt nothing from such rows before, one sentence each. */
  changes: string[];
  /** What the rows that were read so far lacked. */
  warnings: () => string[];
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
  // A network that has learnt nothing keeps nothing of a training that ended before its first step.
  const isFresh = isUntaught(info.figures);
  const known = encodersOf(isFresh ? { encoders: "" } : info);
  const untaught = new Set(
    template.inputs.filter((_, index) => isFresh || info.figures.inputs?.[index] === 0).map(({ name }) => name),
  );
  const encoders = await fitEncoders(known, { plan, template, untaught, chosen: split?.learnt }, datasets);
  checkEncodedWidths(limits, encoders);
  const network = { template, encoders };
  const learnt = await openGroups(network, plan, datasets);
  const table = { ...parts(learnt, split?.learnt, plan), rows: split?.learnt.length ?? rows };
  checkSteps(training, template, table);
  const source = new SliceSource(table, { rows: table.rows, timeLength });
  const heldOut = validation && (await openHeldOut(training, { network, split }, datasets));
  const warnings = () => [...new Set([...learnt.warnings(), ...(heldOut?.warnings() ?? [])])];
  const changes = offsetWarnings(known, encoders);
  const facts = curveFacts(network, { plan, groups: table.expected, period: source.period });
  return { source, encoders, heldOut: heldOut?.rows, facts, changes, warnings };
}

function curveFacts(
  { template, encoders }: ScoredNetwork,
  { plan, groups, period }: { plan: TrainPlan; groups: readonly RowGroup[]; period: number },
): CurveFacts {
  const outputs = plan.outputs.map(({ hexagon_name: name }, nth) => {
    const { kind } = template.outputs.find((output) => output.name === name)!;
    return curveOutput(name, { kind, width: groups[nth]!.width, encoders });
  });
  return { period, hexagons: template.hexagons.length, outputs };
}

async function openHeldOut(
  { plan, cycles, isStopped }: Training,
  { network, split }: { network: ScoredNetwork; split: ReturnType<typeof splitRows> | undefined },
  datasets: TaskDatasets,
): Promise<{ rows: HeldOutRows; warnings: () => string[] }> {
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
  for (const { name, group } of outputs) {
    const { width } = byName.get(name)!;
    if (group.width === width) continue;
    throw new TaskError(`'${name}' learns ${width} values per row, but is to be measured with ${group.width}`);
  }
  const source = new SliceSource(groups, { rows, timeLength });
  const count = Math.max(SOME_ROWS, Math.round((SOME_SHARE * cycles) / MEASURES_MIN));
  const some = count < source.period ? spreadWindows(groups, { rows, timeLength, count }) : source;
  return {
    rows: { network, source, some, outputs, facts: names.map((name) => byName.get(name)!) },
    warnings: () => compared.warnings(),
  };
}

/** Checks the steps once more: encoders may make more of a row than was known when the task was queued. */
function checkSteps(
  { plan, limits, cycles }: Training,
  template: Template,
  { inputs, expected }: { inputs: RowGroup[]; expected: RowGroup[] },
): void {
  const ports = [...template.inputs, ...template.outputs];
  if (!ports.some(({ kind }) => isEncoded(kind))) return;
  const { time_length: timeLength, batch_size: batchSize } = plan;
  const columns = (groups: RowGroup[]) => groups.map(({ width, indices }) => ({ width, positions: indices.length }));
  for (const { width, indices } of inputs) {
    const excess = widthExcess(limits, "input", width * timeLength);
    if (excess !== undefined) throw new TaskError(`'${template.inputs[indices[0]!]!.name}' ${excess}`);
  }
  const outputKinds = expected.map(({ indices }) => template.outputs[indices[0]!]!.kind);
  const size = sampleSize({ inputs: columns(inputs), outputs: columns(expected) }, timeLength, {
    hexagons: template.hexagons,
    outputKinds,
  });
  const samples = Math.min(batchSize, cycles);
  checkValues(size, samples);
  const most = samplesMax(size);
  if (samples > most) {
    throw new TaskError(`A step of ${samples} samples would take too much memory: at most ${most} are possible`);
  }
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
