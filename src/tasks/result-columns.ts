import type { Answer } from "../clusters/answers.ts";
import { targetOf } from "../clusters/answers.ts";
import { predictionNames } from "../clusters/prediction-names.ts";
import type { ColumnFacts } from "../datasets/file/columns.ts";
import type { DatasetReader } from "../datasets/file/reader.ts";
import type { ResultGroup } from "../datasets/result-dataset.ts";
import type { TaskPlan } from "../db/schema/index.ts";
import type { NetworkEncoders } from "../encoders/network-encoders.ts";
import { cellsOfColumns } from "./encoded-group.ts";
import { noColumn } from "./row-group.ts";
import type { TaskDatasets } from "./task-datasets.ts";
import { TaskError } from "./task-error.ts";

type RequestPlan = Extract<TaskPlan, { kind: "request" }>;

/** A column group of a result, and its values in some rows, `[rows × width]`. */
export interface ResultColumn extends ResultGroup {
  values: Float32Array;
}

/** Tasks that were queued before there was a choice keep none. */
const keptNames = ({ keep_columns: names = [] }: RequestPlan) => names;

const NO_STATISTICS = {
  min: null,
  max: null,
  mean: null,
  deviation: null,
  distinct: null,
  quantiles: [],
  commonest: [],
};

/** The columns of a request's result: columns of its first dataset that were asked for, then the answers. */
export class ResultColumns {
  readonly #plan: RequestPlan;
  readonly #kept: { reader: DatasetReader; facts: (ColumnFacts | undefined)[] };
  /** Missing cells of the kept columns so far. */
  readonly #missing: number[];
  readonly #names: Map<string, string[]>;
  readonly warnings: readonly string[];

  private constructor(
    plan: RequestPlan,
    kept: { reader: DatasetReader; facts: (ColumnFacts | undefined)[] },
    names: { names: Map<string, string[]>; warnings: string[] },
  ) {
    this.#plan = plan;
    this.#kept = kept;
    this.#missing = kept.facts.map(() => 0);
    this.#names = names.names;
    this.warnings = names.warnings;
  }

  /** Throws TaskError for a column that is not there. */
  static async open(encoders: NetworkEncoders, plan: RequestPlan, datasets: TaskDatasets): Promise<ResultColumns> {
    const [first] = plan.inputs;
    const { dataset_uuid: uuid } = first!;
    const reader = await datasets.open(uuid, plan.rows);
    const indexOf = new Map(reader.groups.map(({ name }, index) => [name, index]));
    const facts = keptNames(plan).map((name) => {
      const index = indexOf.get(name);
      if (index === undefined) throw noColumn(uuid, name);
      const { column_start, column_end } = reader.groups[index]!;
      if (column_end - column_start !== 1) throw new TaskError(`'${name}' is a group of several columns`);
      return reader.columns[index];
    });
    const results = plan.results.map(({ hexagon_name, dataset_column }) => {
      const target = targetOf(encoders, hexagon_name);
      return { name: dataset_column, classes: target?.kind === "class" ? target.classes : [] };
    });
    return new ResultColumns(plan, { reader, facts }, predictionNames(results, keptNames(plan)));
  }

  /** The columns of `rows` rows from `first` on, for these answers. */
  async columns(first: number, rows: number, answers: readonly Answer[]): Promise<ResultColumn[]> {
    const byName = new Map(answers.map((answer) => [answer.name, answer]));
    const kept = await this.#keptColumns(first, rows);
    const answered = this.#plan.results.flatMap(({ hexagon_name, dataset_column: name }): ResultColumn[] => {
      const answer = byName.get(hexagon_name);
      if (answer === undefined) throw new TaskError(`Cluster has no output with name '${hexagon_name}'`);
      if (answer.kind === "number") return [{ name, width: 1, values: answer.values }];
      if (answer.kind === "class") return this.#classColumns(name, answer, rows);
      // An untrained output has no width yet; its answer is zero.
      if (answer.width === 0) return [{ name, width: 1, values: new Float32Array(rows) }];
      return [{ name, width: answer.width, values: answer.values }];
    });
    return [...kept, ...answered];
  }

  #classColumns(name: string, { labels, probabilities }: Answer & { kind: "class" }, rows: number): ResultColumn[] {
    const names = this.#names.get(name) ?? [];
    const columns = names.map((each) => ({ name: each, width: 1, values: new Float32Array(rows) }));
    for (const [k, { values }] of columns.entries())
      for (let row = 0; row < rows; row++) values[row] = probabilities[row * names.length + k] as number;
    return [{ name, width: 1, values: Float32Array.from(labels) }, ...columns];
  }

  async #keptColumns(first: number, rows: number): Promise<ResultColumn[]> {
    const names = keptNames(this.#plan);
    const timeLength = this.#plan.time_length;
    if (names.length === 0) return [];
    const columns = names.map((name) => ({ name }));
    // A window ends with the row that its answer is about.
    const cells = await cellsOfColumns(this.#kept.reader, columns, first + timeLength - 1, rows);
    return columns.map(({ name }, index) => {
      const values = cells[index] as Float32Array;
      for (const value of values) if (Number.isNaN(value)) this.#missing[index]! += 1;
      return { name, width: 1, values };
    });
  }

  /** What is known about each column of the result, after its last row. */
  facts(encoders: NetworkEncoders): (ColumnFacts | undefined)[] {
    const kept = this.#kept.facts.map((facts, index): ColumnFacts | undefined => {
      const missing = this.#missing[index] as number;
      return facts && { ...facts, categories: facts.categories, ...NO_STATISTICS, missing };
    });
    const answered = this.#plan.results.flatMap(({ hexagon_name, dataset_column }): (ColumnFacts | undefined)[] => {
      const target = targetOf(encoders, hexagon_name);
      if (target?.kind !== "class") return [undefined];
      const label = { kind: "category" as const, origin: 0, categories: target.classes, missing: 0, ...NO_STATISTICS };
      return [label, ...(this.#names.get(dataset_column) ?? []).map(() => undefined)];
    });
    return [...kept, ...answered];
  }
}
