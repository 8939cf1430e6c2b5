/** The costs and savings of `enable_reduction`. */
import { printHead, printRow } from "../harness/table.ts";
import { trial } from "./runs.ts";
import { validationSplit } from "./tables.ts";

export function reduction(): void {
  const problem = validationSplit();
  printHead("training", "reduction", "percent", "sections", "synapses");
  for (const [name, step, epochs] of [
    ["one epoch, steps of 128", 128, 1],
    ["one epoch, online", 1, 1],
    ["five epochs, steps of 128", 128, 5],
  ] as const) {
    for (const isOn of [false, true]) {
      const shape = { settings: `enable_reduction: ${isOn}` };
      const { score, sections, synapses } = trial(1, problem, step, { epochs, shape });
      printRow(name, isOn ? "on" : "off", score.toFixed(2), sections, synapses);
    }
  }
}
