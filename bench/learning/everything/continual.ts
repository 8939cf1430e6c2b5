/** Some digits, then the others, then all: what is left of what was learnt before. */
import { inStages, taskOf, withDigits } from "../in-turn.ts";
import { validationSplit } from "../tables.ts";
import { hasMnist } from "./data.ts";
import type { Part } from "./measures.ts";

const ROWS = 6000;

export const continual: Part = {
  name: "continual",
  *measure({ full }) {
    if (!hasMnist()) return;
    const all = validationSplit(full ? 5 * ROWS : ROWS);
    const low = withDigits(all, (digit) => digit < 5);
    const high = withDigits(all, (digit) => digit > 4);
    const stages = inStages([taskOf("digits 0-4", low), taskOf("then 5-9", high), taskOf("then all", all)], [all]);
    for (const { name, cells } of stages)
      yield { name: `MNIST, ${name}`, unit: "percent", on: "validation rows, all digits", values: cells[0]! };
  },
};
