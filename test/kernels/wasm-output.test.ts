/** The readout in the wasm kernels, which share weights among samples: at the sizes around their groups. */
import { afterAll, test } from "vitest";
import { ReferenceEngine } from "../../src/kernels/reference/reference-engine.ts";
import { WasmEngine } from "../../src/kernels/wasm/wasm-engine.ts";
import { Network } from "../../src/network/network.ts";
import { pcg } from "../../src/network/random.ts";
import type { TrainRun, UpdateRule } from "../../src/network/run.ts";
import { parseTemplate } from "../../src/network/template/parse-template.ts";
import { THREE_HEXAGONS } from "../network/training.ts";
import { expectClose, expectSame } from "./compare.ts";
import { restoreState } from "../../src/network/state-file.ts";

const WIDTH = 40;
/** Around the five rows that are summed together, the 40 that stay in the cache, and the 64 of the backward half. */
const OUTPUTS = [1, 2, 4, 5, 6, 7, 9, 10, 11, 39, 40, 41, 63, 64, 65, 85];

const engine = new WasmEngine();
afterAll(() => engine.close());

const uniform = (seed: number) => pcg(seed) / 2 ** 32;

/** `muted` samples come first; nothing is learned from them. */
function runOf(outputs: number, samples: number, update: UpdateRule, muted = 0): TrainRun {
  const values = Float32Array.from({ length: samples * WIDTH }, (_, i) => Math.floor(uniform(i) * 3));
  const expected = Float32Array.from({ length: samples * outputs }, (_, i) => (uniform(i + 7) > 0.5 ? 1 : 0));
  expected.fill(NaN, 0, muted * outputs);
  return {
    cycles: samples,
    timeLength: 1,
    inputs: [{ index: 0, values, width: WIDTH }],
    expected: [{ index: 0, values: expected, width: outputs }],
    batchSize: Math.max(1, samples),
    update,
    schedule: 0.9,
  };
}

function trained(outputs: number): Network {
  const network = Network.create(parseTemplate(THREE_HEXAGONS), 5, engine);
  for (let step = 0; step < 4; step++) network.train(runOf(outputs, 20, "batch"));
  return network;
}

test.each(OUTPUTS)(
  "%i outputs of each sample are the same bits in any company, and those of the reference",
  (outputs) => {
    const network = trained(outputs);
    const reference = Network.restore(network.export(), new ReferenceEngine());
    const { inputs } = runOf(outputs, 13, "batch");
    const [values] = inputs.map((each) => each.values as Float32Array);
    const ask = (of: Network, first: number, cycles: number) =>
      of.request({
        cycles,
        timeLength: 1,
        inputs: [{ index: 0, values: values!.subarray(first * WIDTH), width: WIDTH }],
      })[0]!;
    const alone = Float32Array.from({ length: 13 }, (_, q) => q).reduce<number[]>(
      (all, q) => [...all, ...ask(network, q, 1)],
      [],
    );
    for (let cycles = 0; cycles <= 13; cycles++)
      expectSame(ask(network, 0, cycles), Float32Array.from(alone.slice(0, cycles * outputs)), `${cycles} samples`);
    expectClose(ask(network, 0, 13), ask(reference, 0, 13), 2e-5, "outputs");
    network.dispose();
  },
);

test.each(OUTPUTS)("one to five learners move %i outputs as in the reference", (outputs) => {
  const network = trained(outputs);
  const before = network.export();
  network.dispose();
  for (const learners of [1, 2, 3, 4, 5]) {
    const run = runOf(outputs, learners + 2, "online", 2);
    const [found, expected] = [engine, new ReferenceEngine()].map((each) => {
      const copy = Network.restore(before, each);
      copy.train(run);
      const { arrays } = restoreState(copy.export()).state;
      copy.dispose();
      return arrays;
    });
    for (const name of ["readout", "bias", "weight", "outputBias"] as const) {
      expectClose(found![name], expected![name], 2e-5, `${name}, ${learners} learners`);
    }
  }
});
