/** What `enable_reduction` costs and saves. */
import { create, score, train } from "./runs.ts";
import { validationSplit } from "./tables.ts";

export function reduction(): void {
  const problem = validationSplit();
  console.log("| training | reduction | percent | sections | synapses |\n|---|---|---|---|---|");
  for (const [name, step, epochs] of [
    ["one epoch, steps of 128", 128, 1],
    ["one epoch, online", 1, 1],
    ["five epochs, steps of 128", 128, 5],
  ] as const) {
    for (const isOn of [false, true]) {
      const network = create(1, { settings: `enable_reduction: ${isOn}` });
      train(network, problem.train, step, { epochs });
      const { sections, synapses } = network.figures();
      console.log(
        `| ${name} | ${isOn ? "on" : "off"} | ${score(network, problem).toFixed(2)} | ${sections} | ${synapses} |`,
      );
      network.dispose();
    }
  }
}
