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

/** Runs the stages in sequence on networks of several seeds; prints each problem's score after each stage. */
function inStages(stages: [name: string, run: (network: Network) => void][], problems: Problem[]): void {
  const rows = stages.map(([name]) => ({ name, cells: problems.map((): number[] => []) }));
  for (const seed of SEEDS) {
    const network = create(seed);
    stages.forEach(([, run], stage) => {
      run(network);
      problems.forEach((problem, i) => rows[stage]!.cells[i]!.push(score(network, problem)));
    });
    network.dispose();
  }
  for (const { name, cells } of rows) {
    const texts = cells.map((values) => {
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      return `${mean.toFixed(2)} (${Math.min(...values).toFixed(2)} to ${Math.max(...values).toFixed(2)})`;
    });
    printRow(name, ...texts);
  }
}

export function inTurn(): void {
  const all = validationSplit(30_000);
  const fresh = slice(validationSplit(35_000).train, 30_000, 5000);
  const task = (network: Network) => train(network, all.train, defaultBatchSize(all.train.rows));
  const direct = (table: Table) => (network: Network) => train(network, table, 1, { direct: true });
  printHead("after", "all digits");
  inStages(
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
  const low = { ...all, train: only(all.train, (digit) => digit < 5), test: only(all.test, (digit) => digit < 5) };
  const high = { ...all, train: only(all.train, (digit) => digit > 4), test: only(all.test, (digit) => digit > 4) };
  const stage = (name: string, { train: table }: Problem): [string, (network: Network) => void] => [
    `${name} (${table.rows} rows)`,
    (network) => train(network, table, defaultBatchSize(table.rows)),
  ];
  inStages([stage("0-4", low), stage("5-9", high), stage("all", all), stage("0-4", low)], [low, high, all]);
}
