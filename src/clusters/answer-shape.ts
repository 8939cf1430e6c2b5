import { numberText } from "../encoders/number-text.ts";
import { badRequest } from "../errors.ts";
import type { RequestReport } from "../hosts/host.ts";
import { answersOf, targetOf, type Answer } from "./answers.ts";
import { portsOf } from "./named-ports.ts";
import type { KnownNetwork } from "./on-network.ts";
import { predictionNames } from "./prediction-names.ts";

/** A row of an answer: an object by column, or an array in the order of `header`. */
export type PredictedRow = Record<string, unknown> | unknown[];

/** Cells of one answer; each value of an output counts. */
const ANSWER_CELLS_MAX = 100_000;

/** How answers are told. */
export interface AnswerShape {
  /** The columns of rows that are arrays; empty for objects. */
  header: { header?: string[] };
  warnings: string[];
  /** The answers of some rows. Throws 400 when all rows would have too many cells. */
  rows(report: Pick<RequestReport, "outputs">, count: number): PredictedRow[];
}

/** The shape of the answers of `rows` rows. Throws 400 when they would have too many cells. */
export function answerShape(
  { template, encoders }: Pick<KnownNetwork, "template" | "encoders">,
  { rows: all, isList }: { rows: number; isList: boolean },
): AnswerShape {
  const results = portsOf(template.outputs).map(({ name: output }) => {
    const target = targetOf(encoders, output);
    const name = target === undefined ? output : `predicted_${target.column}`;
    return { output, isPlain: target === undefined, name, classes: target?.kind === "class" ? target.classes : [] };
  });
  const { names, warnings } = predictionNames(results, []);
  const header = results.flatMap(({ name }) => [name, ...(names.get(name) ?? [])]);
  const plain = results.filter(({ isPlain }) => isPlain);
  const check = (widthOf: (output: string) => number) => {
    const cells = plain.reduce((sum, { output }) => sum + Math.max(1, widthOf(output)) - 1, header.length) * all;
    if (cells > ANSWER_CELLS_MAX)
      throw badRequest(`The answer would have ${cells} cells, but at most ${ANSWER_CELLS_MAX} are possible`);
  };
  check(() => 1);
  return {
    header: isList ? { header } : {},
    warnings,
    rows(report, count) {
      const answers = answersOf(template, encoders, report, count);
      const widths = new Map(answers.map((answer) => [answer.name, answer.kind === "values" ? answer.width : 1]));
      check((output) => widths.get(output) ?? 1);
      return Array.from({ length: count }, (_, row) => {
        const cells = answers.flatMap((answer) => cellsOf(answer, row));
        return isList ? cells : Object.fromEntries(header.map((name, index) => [name, cells[index]]));
      });
    },
  };
}

function cellsOf(answer: Answer, row: number): unknown[] {
  switch (answer.kind) {
    case "class": {
      const { target, labels, probabilities } = answer;
      const count = target.classes.length;
      const shares = Array.from(probabilities.subarray(row * count, (row + 1) * count), rounded);
      return [target.classes[labels[row]!], ...shares];
    }
    case "number":
      return [Number(numberText(answer.values[row]!))];
    case "values": {
      const { width, values } = answer;
      const list = Array.from(values.subarray(row * width, (row + 1) * width), rounded);
      return [width === 1 ? list[0] : list];
    }
  }
}

/** As many digits as a 32-bit float has. */
const rounded = (value: number) => Number(value.toPrecision(7));
