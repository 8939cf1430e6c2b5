/** Several trainings of one network, one after the other. */
import { defaultBatchSize } from "../../src/network/batch-size.ts";
import type { Network } from "../../src/network/network.ts";
import { printHead, printRow } from "../harness/table.ts";
import { create, score, train } from "./runs.ts";
import { pick, slice, validationSplit, type Problem, type Table } from "./tables.ts";

const digitOf = ({ y }: Table, row: number) => y.subarray(row * 10, row * 10 + 10).indexOf(1);

const only = (table: Table, isWanted: (digit: number) => boolean) =>
  pick(
    table,
    Array.from({ length: table.rows }, (_, row) => row).filter((row) => isWanted(digitOf(table, row))),
  );

const SEEDS = [1, 2, 3];

type Stage = [name: string, run: (network: Network) => void];

/**
 * Runs the stages in sequence on networks of several seeds: the scores of each problem after each stage, one for each
 * seed.
 */
export function inStages(stages: Stage[], problems: Problem[]): { name: string; cells: number[][] }[] {
  const rows = stages.map(([name]) => ({ name, cells: problems.map((): number[] => []) }));
  for (const seed of SEEDS) {
    const network = create(seed);
    stages.forEach(([, run], stage) => {
      run(network);
      problems.forEach((problem, i) => rows[stage]!.cells[i]!.push(score(network, problem)));
    });
    network.dispose();
  }
  return rows;
}

function printStages(stages: Stage[], problems: Problem[]): void {
  for (const { name, cells } of inStages(stages, problems)) {
    const texts = cells.map((values) => {
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      return `${mean.toFixed(2)} (${Math.min(...values).toFixed(2)} to ${Math.max(...values).toFixed(2)})`;
    });
    printRow(name, ...texts);
  }
}

/** A task that learns a problem's training rows. */
export const taskOf = (name: string, { train: table }: Problem): Stage => [
  `${name} (${table.rows} rows)`,
  (network) => train(network, table, defaultBatchSize(table.rows)),
];

/** The part of a problem of digits whose rows have some of them only. */
export const withDigits = (problem: Problem, isWanted: (digit: number) => boolean): Problem => ({
  ...problem,
  train: only(problem.train, isWanted),
  test: only(problem.test, isWanted),
});

export function inTurn(): void {
  const all = validationSplit(30_000);
  const fresh = slice(validationSplit(35_000).train, 30_000, 5000);
  const task = (network: Network) => train(network, all.train, defaultBatchSize(all.train.rows));
  const direct = (table: Table) => (network: Network) => train(network, table, 1, { direct: true });
  printHead("after", "all digits");
  printStages(
    [
      ["a task of 30 000 rows", task],
      ["5000 of them in direct IO", direct(slice(all.train, 0, 5000))],
      ["the task again", task],
      ["5000 others in direct IO", direct(fresh)],
      ["the others again", direct(fresh)],
    ],
    [all],
  );

  console.log("");
  printHead("after a task with", "0-4", "5-9", "all digits");
  const low = withDigits(all, (digit) => digit < 5);
  const high = withDigits(all, (digit) => digit > 4);
  printStages([taskOf("0-4", low), taskOf("5-9", high), taskOf("all", all), taskOf("0-4", low)], [low, high, all]);
}
