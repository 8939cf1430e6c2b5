/** Networks as learners of streams. */
import type { Cells } from "../../../../src/encoders/cells.ts";
import { fitColumn } from "../../../../src/encoders/table-encoder.ts";
import { decode, extendClasses, fitClass, type ClassTarget } from "../../../../src/encoders/targets.ts";
import type { Network } from "../../../../src/network/network.ts";
import type { Schedule } from "../../../../src/network/run.ts";
import { createDefault, encodeTable, encodeTarget, request } from "../../../tables/laboratory.ts";
import { create } from "../../runs.ts";
import { slice, type Table } from "../../tables.ts";
import type { Learner } from "./prequential.ts";

/** A learner with a memory of its own, which `dispose` releases. */
export type NetworkLearner = Learner & { dispose(): void };

/** Rows that are learnt together when they are sent by POST, as in src/clusters/learn-rows.ts. */
const STEP_ROWS = 16;
/** Rows of the first call, to which encoders are fitted. */
const FIRST_ROWS = 64;

/** The rows of one step: what all inputs get, and what all outputs are taught. */
interface Step {
  x: Float32Array;
  y: Float32Array;
  rows: number;
}

type LearnStep = (network: Network, step: Step) => void;

/** Learns rows as direct IO and POST learn do: sixteen together, as soon as they are there. */
const learnStream: LearnStep = (network, step) => learn(network, step, "stream");
/** Learns each row at once. */
const learnEach: LearnStep = (network, step) => learn(network, step, "direct");

function learn(network: Network, { x, y, rows }: Step, schedule: Schedule): void {
  network.train({
    cycles: rows,
    timeLength: 1,
    inputs: network.template.inputs.map((_, index) => ({ index, values: x, width: x.length / rows })),
    expected: network.template.outputs.map((_, index) => ({ index, values: y, width: y.length / rows })),
    batchSize: rows,
    schedule,
  });
}

/** Three hexagons that get the values as they are, row by row. */
export const eachRow = (seed: number): NetworkLearner => plain(seed, 1, learnEach);

/** The same in steps of 16. */
export const inSteps = (seed: number): NetworkLearner => plain(seed, STEP_ROWS, learnStream);

function plain(seed: number, step: number, learnStep: LearnStep): NetworkLearner {
  const network = create(seed);
  return {
    step,
    // A network that has learnt nothing has no outputs yet: nothing is the first class.
    answer: ({ x, rows, outputs }) =>
      network.cycle === 0 ? new Float32Array(rows * outputs) : request(network, x, rows)[0]!.values,
    learn: (rows) => learnStep(network, rows),
    dispose: () => network.dispose(),
  };
}

/** The default template of tables in steps of 16, with encoders fitted to the first 64 rows; new classes are added. */
export function behindEncoders(seed: number, stream: Table): NetworkLearner {
  const network = createDefault("class", seed);
  const first = slice(stream, 0, Math.min(FIRST_ROWS, stream.rows));
  const encoder = { columns: columnsOf(first).map(fitColumn) };
  let target = fitClass(classesOf(first));
  return {
    step: STEP_ROWS,
    answer(rows) {
      if (network.cycle === 0) return new Float32Array(rows.rows * rows.outputs);
      const answers = request(network, encodeTable(encoder, columnsOf(rows)), rows.rows);
      return inClasses(target, decode(target, answers, rows.rows).probabilities, rows);
    },
    learn(rows) {
      target = extendClasses(target, classesOf(rows));
      const [x, y] = [encodeTable(encoder, columnsOf(rows)), encodeTarget(target, classesOf(rows))];
      learnStream(network, { x, y, rows: rows.rows });
    },
    dispose: () => network.dispose(),
  };
}

const columnsOf = ({ x, inputs, rows }: Table): Cells[] =>
  Array.from({ length: inputs }, (_, i) =>
    numbers(
      String(i),
      Float32Array.from({ length: rows }, (_, row) => x[row * inputs + i]!),
    ),
  );

/** The class of each row, as a column of numbers. */
const classesOf = ({ y, outputs, rows }: Table): Cells =>
  numbers(
    "class",
    Float32Array.from({ length: rows }, (_, row) => y.subarray(row * outputs, (row + 1) * outputs).indexOf(1)),
  );

const numbers = (name: string, values: Float32Array): Cells => ({
  name,
  kind: "number",
  categories: [],
  origin: 0,
  values,
});

/** The probabilities of the classes that a target knows, as values of all classes. */
function inClasses({ classes }: ClassTarget, probabilities: Float32Array, { rows, outputs }: Table): Float32Array {
  const shown = new Float32Array(rows * outputs);
  for (let row = 0; row < rows; row++)
    classes.forEach((name, k) => (shown[row * outputs + Number(name)] = probabilities[row * classes.length + k]!));
  return shown;
}
