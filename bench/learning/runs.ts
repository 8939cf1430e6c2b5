import { WasmEngine } from "../../src/kernels/wasm/wasm-engine.ts";
import type { Engine } from "../../src/network/engine.ts";
import { Network } from "../../src/network/network.ts";
import type { Rows } from "../../src/network/run.ts";
import { parseTemplate } from "../../src/network/template/parse-template.ts";
import { CycleOrder } from "../../src/tasks/cycle-order.ts";
import { percentRight } from "../harness/digits.ts";
import { templateOf, type Shape } from "../harness/template.ts";
import { pick, type Problem, type Table } from "./tables.ts";

const wasm = new WasmEngine();

export function create(seed: number, shape: Shape = {}, engine: Engine = wasm): Network {
  return Network.create(parseTemplate(templateOf(shape)), seed, engine);
}

interface Training {
  epochs?: number;
  learningRate?: number;
  /** Without a horizon, as direct IO learns. */
  direct?: boolean;
  /** Calls `act` about every `cycles` cycles. */
  every?: { cycles: number; act: (cycles: number) => void };
}

/** Trains as a task does, in steps of `batchSize` cycles. */
export function train(network: Network, table: Table, batchSize: number, options: Training = {}): void {
  const { epochs = 1, learningRate, direct = false, every } = options;
  const horizon = table.rows * epochs;
  const windowCyclesMax = Math.floor((16 * 1024 * 1024) / (table.inputs * (table.timeLength ?? 1) + table.outputs));
  const order = new CycleOrder({ period: table.rows, windowCyclesMax, seed: network.seed });
  const slice = Math.max(1, Math.floor((every?.cycles ?? 4096) / batchSize)) * batchSize;
  for (let first = 0; first < horizon; first += slice) {
    const count = Math.min(slice, horizon - first);
    // A network with memory learns a sequence: its rows keep their order.
    const part = network.remembers ? inOrder(table, first, count) : cycles(table, order, first, count);
    network.train({
      cycles: count,
      timeLength: 1,
      inputs: [{ index: 0, values: part.x, width: part.inputs }],
      expected: outputsOf(part),
      batchSize,
      schedule: direct ? "direct" : { firstCycle: first, horizon },
      ...(learningRate === undefined ? {} : { learningRate }),
    });
    every?.act(first + count);
  }
}

/** The samples of some cycles, in the order of a task with this seed. */
function cycles(table: Table, order: CycleOrder, first: number, count: number): Table {
  const rows: number[] = [];
  while (rows.length < count) {
    const cycle = first + rows.length;
    const epoch = Math.floor(cycle / table.rows);
    const { window, start } = order.windowAt(epoch, cycle % table.rows);
    const joined = order
      .pieces(epoch, window)
      .flatMap((piece) => Array.from({ length: piece.count }, (_, i) => piece.first + i));
    for (const position of order.positions(epoch, window, joined.length).subarray((cycle % table.rows) - start)) {
      if (rows.length < count) rows.push(joined[position]!);
    }
  }
  return pick(windows(table), rows);
}

function inOrder(table: Table, first: number, count: number): Table {
  return pick(
    windows(table),
    Array.from({ length: count }, (_, i) => (first + i) % table.rows),
  );
}

/** The expected values of each output: the table's columns from left to right. */
function outputsOf({ y, rows, outputs, split = [outputs] }: Table): Rows[] {
  let from = 0;
  return split.map((width, index) => {
    const values = new Float32Array(rows * width);
    for (let row = 0; row < rows; row++) {
      const first = row * outputs + from;
      values.set(y.subarray(first, first + width), row * width);
    }
    from += width;
    return { index, width, values };
  });
}

/** A table whose rows are the windows of another one. */
export function windows(table: Table): Table {
  const { timeLength = 1, rows, inputs, x } = table;
  if (timeLength === 1) return table;
  const width = timeLength * inputs;
  const values = new Float32Array(rows * width);
  for (let row = 0; row < rows; row++) values.set(x.subarray(row * inputs, row * inputs + width), row * width);
  return { ...table, x: values, inputs: width, timeLength: 1 };
}

/** A network's outputs for a table, in the shape of its `y`. */
export function show(network: Network, table: Table): Float32Array {
  const { x, inputs, rows, outputs } = windows(table);
  const parts = network.request({ cycles: rows, timeLength: 1, inputs: [{ index: 0, values: x, width: inputs }] });
  if (parts.length === 1) return parts[0]!;
  const shown = new Float32Array(rows * outputs);
  for (const { index, width } of outputsOf(table)) {
    const at = (table.split ?? []).slice(0, index).reduce((sum, each) => sum + each, 0);
    for (let row = 0; row < rows; row++)
      shown.set(parts[index]!.subarray(row * width, (row + 1) * width), row * outputs + at);
  }
  return shown;
}

/** How well a network does on a problem's test table. */
export function score(network: Network, { test, measure }: Problem): number {
  const { y, outputs } = test;
  const shown = show(network, test);
  if (measure === "rms") return Math.sqrt(y.reduce((sum, value, i) => sum + (value - shown[i]!) ** 2, 0) / y.length);
  return percentRight(shown, y, outputs);
}

/** The result of training a network of one seed on a problem. */
export interface Trained {
  score: number;
  sections: number;
  synapses: number;
}

interface Trial {
  epochs?: number;
  shape?: Shape;
  engine?: Engine;
  /** Computes the score; by default the score on the test table. */
  measure?: (network: Network, problem: Problem) => number;
}

/** Trains a new network in steps of `step`. */
export function trial(seed: number, problem: Problem, step: number, options: Trial = {}): Trained {
  const { epochs = 1, shape, engine, measure = score } = options;
  const network = create(seed, shape, engine);
  train(network, problem.train, step, { epochs });
  const { sections, synapses } = network.figures();
  const trained = { score: measure(network, problem), sections, synapses };
  network.dispose();
  return trained;
}

/** Trials with seeds 1 to `seeds`: the mean of their scores, and each trial. */
export function trials(
  seeds: number,
  problem: Problem,
  step: number,
  options: Trial = {},
): { mean: number; each: Trained[] } {
  const each = Array.from({ length: seeds }, (_, i) => trial(i + 1, problem, step, options));
  return { mean: each.reduce((sum, trained) => sum + trained.score, 0) / seeds, each };
}
