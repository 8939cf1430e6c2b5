/** Compares numbers of samples per step for several tasks: the table behind `defaultBatchSize`. */
import { defaultBatchSize } from "../../src/network/batch-size.ts";
import { printHead, printRow } from "../harness/table.ts";
import { trials } from "./runs.ts";
import { flowers, series, sine, spirals, validationSplit, xor, type Problem } from "./tables.ts";

const SIZES = [1, 8, 16, 32, 64, 128, 256];

export function batchSize(): void {
  const tasks: [string, () => Problem, number[]][] = [
    ["XOR, 4 rows", xor, [50, 500, 5000]],
    ["flowers, 100 rows", () => flowers(100), [1, 10, 100]],
    ["sine, 2000 rows", () => sine(2000), [1, 5, 25]],
    ["series, 2000 rows", () => series(2000), [1, 5, 25]],
    ["spirals, 4000 rows", () => spirals(4000), [1, 5, 25]],
    ["MNIST, 1000 rows", () => validationSplit(1000), [1, 10]],
    ["MNIST, 10 000 rows", () => validationSplit(10_000), [1, 5]],
    ["MNIST, 50 000 rows", () => validationSplit(), [1]],
  ];
  printHead("task", "epochs", "cycles", ...SIZES, "default");
  for (const [name, load, epochCounts] of tasks) {
    const problem = load();
    for (const epochs of epochCounts) {
      const cells = SIZES.map((size) => {
        const { mean } = trials(2, problem, size, { epochs });
        return mean.toFixed(problem.measure === "rms" ? 3 : 1);
      });
      const cycles = problem.train.rows * epochs;
      printRow(name, epochs, cycles, ...cells, defaultBatchSize(cycles));
    }
  }
}
