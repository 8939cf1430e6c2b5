import type { Cells } from "../../src/encoders/cells.ts";
import { autoEpochs, defaultTemplate } from "../../src/encoders/default-template.ts";
import { bindTable, fitColumn, widthOf, type TableEncoder } from "../../src/encoders/table-encoder.ts";
import {
  bindTarget,
  decode,
  fitClass,
  fitNumber,
  widthOfTarget,
  type FittedTarget,
  type MemberValues,
} from "../../src/encoders/targets.ts";
import { WasmEngine } from "../../src/kernels/wasm/wasm-engine.ts";
import { defaultBatchSize } from "../../src/network/batch-size.ts";
import { Network } from "../../src/network/network.ts";
import { parseTemplate } from "../../src/network/template/parse-template.ts";
import { CycleOrder } from "../../src/tasks/cycle-order.ts";
import { rowsOfFold, type Problem } from "./problems.ts";
import { pickCells } from "./read-csv.ts";
import type { Trial } from "./results.ts";
import { scoreClasses, scoreNumbers } from "./scores.ts";

/** Rows that are given to the network at a time: a multiple of all default batch sizes. */
const SLICE = 4096;
/** Values of a window of rows that are shuffled together, as in a task. */
const WINDOW_VALUES = 16 * 1024 * 1024;

/** Networks of the default template. */
export const NETWORKS = 2;

const engine = new WasmEngine();

/** A new network of the default template. */
export const createDefault = (kind: Problem["kind"], seed: number, networks = NETWORKS): Network =>
  Network.create(parseTemplate(plainTemplate(kind, networks)), seed, engine);

/** Learns the training rows of one fold and predicts the others. */
export function trial(problem: Problem, fold: number, networks = NETWORKS): Trial {
  const { train, test } = rowsOfFold(problem, fold);
  const started = performance.now();
  const inputs = problem.inputs.map((cells) => pickCells(cells, train));
  const targets = pickCells(problem.targets, train);
  const encoder: TableEncoder = { columns: inputs.map(fitColumn) };
  const target = problem.kind === "class" ? fitClass(targets) : fitNumber(targets);
  const network = createDefault(problem.kind, fold + 1, networks);
  learn(network, {
    x: encodeTable(encoder, inputs),
    y: encodeTarget(target, targets),
    rows: train.length,
    isClass: problem.kind === "class",
  });
  const shown = request(
    network,
    encodeTable(
      encoder,
      problem.inputs.map((cells) => pickCells(cells, test)),
    ),
    test.length,
  );
  network.dispose();
  const truth = pickCells(problem.targets, test);
  const score =
    target.kind === "class"
      ? scoreClasses(target, decode(target, shown, test.length), truth)
      : scoreNumbers(decode(target, shown, test.length), truth);
  return { ...score, seconds: (performance.now() - started) / 1000 };
}

/** The default template with an input and an output of its own, of the plain kinds, for each of its networks. */
function plainTemplate(kind: Problem["kind"], networks: number): string {
  const lines = defaultTemplate({ input: "row", output: "target", kind }).split("\n");
  const hexagons = lines.slice(lines.indexOf("hexagons:") + 1, lines.indexOf("inputs:")).slice(0, networks);
  const ports = (name: string, positions: (string | undefined)[]) => positions.map((at, i) => `${name}_${i}: ${at}`);
  const rows = hexagons.map((line) => line.trim().split(" "));
  const inputs = ports(
    "row",
    rows.map((row) => row[0]),
  );
  const outputs = ports(
    "target",
    rows.map((row) => row.at(-1)),
  );
  const head = lines.slice(0, lines.indexOf("hexagons:"));
  return [...head, "hexagons:", ...hexagons, "inputs:", ...inputs, "outputs:", ...outputs].join("\n");
}

export function encodeTable(encoder: TableEncoder, columns: Cells[]): Float32Array {
  const rows = columns[0]!.values.length;
  const values = new Float32Array(rows * widthOf(encoder));
  bindTable(encoder, columns).encode(
    columns.map((cells) => cells.values),
    rows,
    values,
  );
  return values;
}

export function encodeTarget(target: FittedTarget, cells: Cells): Float32Array {
  const rows = cells.values.length;
  const values = new Float32Array(rows * widthOfTarget(target));
  bindTarget(target, cells).encode(cells.values, rows, values);
  return values;
}

interface Rows {
  x: Float32Array;
  y: Float32Array;
  rows: number;
  isClass: boolean;
}

/** Trains as a task with defaults does. */
function learn(network: Network, { x, y, rows, isClass }: Rows): void {
  const [inputs, outputs] = [x.length / rows, y.length / rows];
  const horizon = rows * autoEpochs({ rows, isClass }).epochs;
  const order = Uint32Array.from(cycleRows(network.seed, { rows, horizon, width: inputs + outputs }));
  for (let first = 0; first < horizon; first += SLICE) {
    const part = order.subarray(first, first + SLICE);
    const [values, expected] = [gather(x, inputs, part), gather(y, outputs, part)];
    network.train({
      cycles: part.length,
      timeLength: 1,
      inputs: network.template.inputs.map((_, index) => ({ index, values, width: inputs })),
      expected: network.template.outputs.map((_, index) => ({ index, values: expected, width: outputs })),
      batchSize: defaultBatchSize(horizon),
      schedule: { firstCycle: first, horizon },
    });
  }
}

function* cycleRows(seed: number, { rows, horizon, width }: { rows: number; horizon: number; width: number }) {
  const order = new CycleOrder({ period: rows, windowCyclesMax: Math.floor(WINDOW_VALUES / width), seed });
  for (let cycle = 0; cycle < horizon;) {
    const epoch = Math.floor(cycle / rows);
    const window = order.cycles(epoch, order.windowAt(epoch, cycle % rows).window);
    yield* window;
    cycle += window.length;
  }
}

function gather(table: Float32Array, width: number, rows: Uint32Array): Float32Array {
  const values = new Float32Array(rows.length * width);
  rows.forEach((row, i) => values.set(table.subarray(row * width, (row + 1) * width), i * width));
  return values;
}

/** The answers of each output to rows that all inputs get. */
export function request(network: Network, x: Float32Array, rows: number): MemberValues[] {
  const width = x.length / rows;
  const inputs = network.template.inputs.map((_, index) => ({ index, values: x, width }));
  return network
    .request({ cycles: rows, timeLength: 1, inputs })
    .map((values) => ({ width: values.length / rows, values }));
}
