/** Everything that a template can express: shapes, settings, kinds of inputs and outputs, windows over time. */
import type { Network } from "../../src/network/network.ts";
import { percentRight } from "../harness/digits.ts";
import { printHead, printRow } from "../harness/table.ts";
import type { Shape } from "../harness/template.ts";
import { score, show, trials } from "./runs.ts";
import { digits, numbers, series, type Problem, type Table } from "./tables.ts";
import { defaultBatchSize } from "../../src/network/batch-size.ts";

const ROWS = 10_000;

/** Prints the mean of `measure` over trained networks of three seeds, and the sections of the last one. */
function row(name: string, problem: Problem, shape: Shape, epochs = 1, measure = score): void {
  const cells = [defaultBatchSize(problem.train.rows * epochs), 1].flatMap((step) => {
    const { mean, each } = trials(3, problem, step, { epochs, shape, measure });
    return [mean.toFixed(problem.measure === "rms" ? 3 : 1), each.at(-1)!.sections];
  });
  printRow(name, ...cells);
}

function head(what: string): void {
  console.log("");
  printHead(what, "batches", "sections", "online", "sections");
}

const mnist = (map?: (pixel: number) => number): Problem => ({
  train: digits("train", 0, ROWS, map),
  test: digits("train", 50_000, 60_000, map),
  measure: "percent",
});

/** The same table with a second output: whether the digit is odd. */
function withParity(table: Table): Table {
  const y = new Float32Array(table.rows * 11);
  for (let row = 0; row < table.rows; row++) {
    const digit = table.y.subarray(row * 10, row * 10 + 10);
    y.set(digit, row * 11);
    y[row * 11 + 10] = digit.indexOf(1) % 2;
  }
  return { ...table, y, outputs: 11, split: [10, 1] };
}

/** Percent of all expected values that the network shows, outputs rounded to `digits`. */
const percentShown =
  (columns: number[], round: (value: number) => number = Math.fround) =>
  (network: Network, { test }: Problem): number => {
    const shown = show(network, test);
    let right = 0;
    for (let row = 0; row < test.rows; row++)
      for (const column of columns)
        if (round(shown[row * test.outputs + column]!) === test.y[row * test.outputs + column]) right += 1;
    return (100 * right) / (test.rows * columns.length);
  };

function shapes(): void {
  const all = mnist();
  const line = (hexagons: number) => Array.from({ length: hexagons }, (_, i) => `${i + 1},1,1`).join(" ");
  const chain = (hexagons: number, distance = 1): Shape => ({
    settings: `max_connection_distance: ${distance}`,
    hexagons: line(hexagons),
    outputs: `out: ${hexagons},1,1`,
  });
  head(`MNIST, ${ROWS} rows, percent`);
  for (const hexagons of [2, 3, 4, 5, 6]) row(`${hexagons} hexagons in a row`, all, chain(hexagons));
  row("5 hexagons, distance 2", all, chain(5, 2));
  row("6 hexagons, distance 3", all, chain(6, 3));
  row("4 hexagons, axon from the first to the third", all, { ...chain(4), axons: "1,1,1 -> 3,1,1" });
  row(
    "match input, pixels in 4 levels",
    mnist((pixel) => pixel >> 6),
    { inputs: "in: 1,1,1 (match)" },
  );
  row(
    "plain input, pixels in 4 levels",
    mnist((pixel) => pixel >> 6),
    {},
  );
  row("binary input", mnist(), { inputs: "in: 1,1,1 (binary)" });
  const two = { train: withParity(all.train), test: withParity(all.test), measure: "percent" } as const;
  const twoOutputs = { hexagons: "1,1,1 2,1,1 3,1,1 2,2,1", outputs: "out: 3,1,1 odd: 2,2,1" };
  const percentOfDigits = (network: Network, { test }: Problem) => percentRight(show(network, test), test.y, 10, 11);
  row("two outputs: the digit", two, twoOutputs, 1, percentOfDigits);
  row("two outputs: whether it is odd", two, twoOutputs, 1, percentShown([10], Math.round));
}

function outputKinds(): void {
  head("two numbers 1 to 10, 100 rows, 100 epochs, percent of all 100 right");
  const problem = (column: number): Problem => {
    const { train: table } = numbers();
    const y = Float32Array.from({ length: table.rows }, (_, i) => table.y[i * table.outputs + column]!);
    const part = { ...table, y, outputs: 1 };
    return { train: part, test: part, measure: "percent" };
  };
  row("bool: the first is larger", problem(0), { outputs: "out: 3,1,1 (bool)" }, 100, percentShown([0]));
  row("int: their product", problem(1), { outputs: "out: 3,1,1 (int)" }, 100, percentShown([0]));
  row("float: half of their difference", problem(2), { outputs: "out: 3,1,1 (float)" }, 100, percentShown([0]));
}

function overTime(): void {
  head("noisy wave, 2000 rows, 5 epochs, rms error of the next value");
  for (const length of [1, 5, 20, 50]) row(`windows of ${length}`, series(2000, length), {}, 5);
  for (const cooldown of [1.2, 2, 5])
    row(`single values, neuron_cooldown ${cooldown}`, series(2000, 1), { settings: `neuron_cooldown: ${cooldown}` }, 5);
  row("single values, refractory_time 2", series(2000, 1), { settings: "refractory_time: 2" }, 5);
  const loop = {
    settings: "max_connection_distance: 2",
    hexagons: "1,1,1 2,1,1 3,1,1 2,1,2",
    axons: "2,1,2 -> 2,1,1",
  };
  row("single values, an axon that runs backwards", series(2000, 1), loop, 5);
}

export function kinds(): void {
  shapes();
  outputKinds();
  overTime();
}
