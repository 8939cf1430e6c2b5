import { answersOf, targetOf } from "../clusters/answers.ts";
import type { OutputMetrics, TaskOutcome } from "../db/schema/index.ts";
import type { NetworkEncoders } from "../encoders/network-encoders.ts";
import type { Template } from "../network/template/parse-template.ts";
import { finiteScores, measurementOf, type CurveMeasurement } from "../clusters/measurement.ts";
import { type OutputScorer, outputScorer, type TargetFacts } from "./output-scorers.ts";
import type { AnsweredSlice } from "./request-slices.ts";
import type { RowGroup } from "./row-group.ts";
import { TaskError } from "./task-error.ts";

/** Values of a target that are read at once. */
const READ_VALUES = 262_144;

/** The targets of one output: those of a table's encoder as what its answers are compared with. */
export interface ScoredOutput {
  name: string;
  group: RowGroup;
}

/** A network whose answers are measured. */
export interface ScoredNetwork {
  template: Template;
  encoders: NetworkEncoders;
}

/**
 * What the baselines need to know about the targets in these rows: one pass over them. Stops early, with what it has
 * seen, when `isStopped`.
 */
export async function targetFacts(
  { template, encoders }: ScoredNetwork,
  outputs: readonly ScoredOutput[],
  { rows, isStopped }: { rows: number; isStopped: () => boolean },
): Promise<TargetFacts[]> {
  const facts: TargetFacts[] = [];
  for (const { name, group } of outputs) {
    const { kind } = template.outputs.find((output) => output.name === name)!;
    const target = targetOf(encoders, name);
    const classes = target?.kind === "class" ? target.classes : [];
    const counts = new Float64Array(classes.length);
    let [sum, known] = [0, 0];
    const most = Math.max(1, Math.floor(READ_VALUES / Math.max(1, group.width)));
    for (let first = 0; first < rows && !isStopped(); first += most) {
      const count = Math.min(most, rows - first);
      const length = count * group.width;
      const values = group.type === "uint8" ? new Uint8Array(length) : new Float32Array(length);
      await group.fill(values, first, count);
      for (const value of values) {
        if (Number.isNaN(value)) continue;
        sum += value;
        known += 1;
        if (value >= 0 && value < counts.length) counts[value]! += 1;
      }
    }
    facts.push({ kind, width: group.width, mean: known > 0 ? sum / known : undefined, classes, counts });
  }
  return facts;
}

/** The scores of all outputs of a task. */
export class TaskScores {
  readonly #network: ScoredNetwork;
  readonly #outputs: { name: string; width: number; scorer: OutputScorer }[];
  readonly #untrained = new Set<string>();

  /** `facts` has one entry per output. */
  constructor(network: ScoredNetwork, outputs: readonly { name: string }[], facts: readonly TargetFacts[]) {
    this.#network = network;
    this.#outputs = outputs.map(({ name }, nth) => {
      const known = facts[nth]!;
      return { name, width: known.width, scorer: outputScorer(name, known) };
    });
  }

  /** Throws TaskError when an output answers another number of values than its column has. */
  add({ cycles, expected, report }: AnsweredSlice): void {
    const { template, encoders } = this.#network;
    const answers = new Map(answersOf(template, encoders, report, cycles).map((answer) => [answer.name, answer]));
    for (const [nth, { name, width, scorer }] of this.#outputs.entries()) {
      const answer = answers.get(name)!;
      const truth = expected[nth]!.values;
      if (answer.kind === "class") scorer.add(truth, answer.probabilities);
      else if (answer.kind === "number") scorer.add(truth, answer.values);
      else {
        if (answer.width === 0) this.#untrained.add(name);
        else if (answer.width !== width) {
          throw new TaskError(`Output '${name}' answers ${answer.width} values, but its column has ${width}`);
        }
        scorer.add(truth, answer.width === 0 ? new Float32Array(cycles * width) : answer.values);
      }
    }
  }

  /** Throws TaskError when an output has no target in any row, or none that the network knows: there is no score. */
  check(): void {
    for (const { name, scorer } of this.#outputs) {
      const { rows, unknown_class_rows: unknown } = scorer.metrics();
      if (rows === 0) throw new TaskError(`No row has a target for output '${name}'`);
      if (unknown === rows) {
        throw new TaskError(`None of the targets of output '${name}' is a class that the network has learnt`);
      }
    }
  }

  outcome(rows: number): TaskOutcome {
    const each = (scoresOf: (scorer: OutputScorer) => OutputMetrics) =>
      Object.fromEntries(this.#outputs.map(({ name, scorer }) => [name, scoresOf(scorer)]));
    return { rows, metrics: each((scorer) => scorer.metrics()), baseline: each((scorer) => scorer.baseline()) };
  }

  /** The same as a part of the training's curve. */
  measurement(): CurveMeasurement {
    return measurementOf(
      this.#outputs.map(({ name, scorer }) => {
        const { accuracy, rmse } = scorer.metrics() as { accuracy?: number | null; rmse?: number | null };
        return { name, isNumber: rmse !== undefined, ...finiteScores({ loss: scorer.loss, accuracy, error: rmse }) };
      }),
    );
  }

  /** Mean loss of all outputs, for the choice of the best network: log loss of classes, errors of numbers as shares. */
  get loss(): number {
    return this.#outputs.reduce((sum, { scorer }) => sum + scorer.loss, 0) / this.#outputs.length;
  }

  warnings(): string[] {
    const untrained = [...this.#untrained].map((name) => `Output '${name}' has learnt nothing yet: it answers 0.`);
    return [...untrained, ...this.#outputs.flatMap(({ scorer }) => scorer.warnings())];
  }
}
