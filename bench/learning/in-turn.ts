/** Several trainings of one network, one after the other. */
import { defaultBatchSize, type Network } from "../../src/network/network.ts";
import { create, score, train } from "./runs.ts";
import { pick, validationSplit, type Problem, type Table } from "./tables.ts";

const shown = (network: Network, problems: Problem[]) =>
  problems.map((problem) => score(network, problem).toFixed(2)).join(" | ");

const digitOf = ({ y }: Table, row: number) => y.subarray(row * 10, row * 10 + 10).indexOf(1);

const only = (table: Table, isWanted: (digit: number) => boolean) =>
  pick(
    table,
    Array.from({ length: table.rows }, (_, row) => row).filter((row) => isWanted(digitOf(table, row))),
  );

export function inTurn(): void {
  const all = validationSplit(30_000);
  console.log("| after | all digits |\n|---|---|");
  const network = create(1);
  const task = () => train(network, all.train, defaultBatchSize(all.train.rows));
  const direct = () => train(network, pick(all.train, [...Array(5000).keys()]), 1, { direct: true });
  for (const [name, run] of [
    ["a task of 30 000 rows", task],
    ["5000 samples of direct IO", direct],
    ["the task again", task],
    ["direct IO again", direct],
  ] as const) {
    run();
    console.log(`| ${name} | ${shown(network, [all])} |`);
  }

  console.log("\n| after a task with | 0-4 | 5-9 | all digits |\n|---|---|---|---|");
  const low = { ...all, train: only(all.train, (digit) => digit < 5), test: only(all.test, (digit) => digit < 5) };
  const high = { ...all, train: only(all.train, (digit) => digit > 4), test: only(all.test, (digit) => digit > 4) };
  const learner = create(1);
  for (const [name, { train: table }] of [
    ["0-4", low],
    ["5-9", high],
    ["all", all],
  ] as const) {
    train(learner, table, defaultBatchSize(table.rows));
    console.log(`| ${name} (${table.rows} rows) | ${shown(learner, [low, high, all])} |`);
  }
}
