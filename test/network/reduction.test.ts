import { afterAll, expect, test } from "vitest";
import { ReferenceEngine } from "../../src/kernels/reference/reference-engine.ts";
import { WasmEngine } from "../../src/kernels/wasm/wasm-engine.ts";
import { Network } from "../../src/network/network.ts";
import { pcg } from "../../src/network/random.ts";
import { removeSections } from "../../src/network/remove-sections.ts";
import { exportState, restoreState } from "../../src/network/state-file.ts";
import { parseTemplate } from "../../src/network/template/parse-template.ts";

const template = (reduction: boolean) =>
  parseTemplate(`version: 1 settings: enable_reduction: ${reduction}
    hexagons: 1,1,1 2,1,1 3,1,1 inputs: in: 1,1,1 outputs: out: 3,1,1`);

const WIDTH = 40;
const engine = new WasmEngine();
afterAll(() => engine.close());

/** Rows whose first 8 values determine the expected ones; the others are rare and carry no information. */
function rows(first: number, count: number) {
  const x = new Float32Array(count * WIDTH);
  const y = new Float32Array(count);
  for (let q = 0; q < count; q++) {
    const random = (k: number) => pcg(pcg(first + q) + k) / 2 ** 32;
    for (let k = 0; k < 8; k++) x[q * WIDTH + k] = Math.floor(random(k) * 2);
    for (let k = 8; k < WIDTH; k++) x[q * WIDTH + k] = random(k) < 0.001 ? 1 : 0;
    y[q] = x[q * WIDTH] === x[q * WIDTH + 1] ? 1 : 0;
  }
  return { x, y };
}

/** Trains cycles `from` to `to` of 12 000, `slice` at a time. */
function train(network: Network, from: number, to: number, slice = 512, step = 32): void {
  for (let first = from; first < to; first += slice) {
    const count = Math.min(slice, to - first);
    const { x, y } = rows(first, count);
    network.train({
      count,
      step,
      inputs: [{ index: 0, values: x, width: WIDTH }],
      expected: [{ index: 0, values: y, width: 1 }],
      update: "batch",
      rate: { first, horizon: 12_800 },
    });
  }
}

function percentRight(network: Network): number {
  const { x, y } = rows(1e6, 500);
  const [shown] = network.request({ count: 500, inputs: [{ index: 0, values: x, width: WIDTH }] });
  return y.reduce((sum, value, q) => sum + (Math.round(shown![q]!) === value ? 1 : 0), 0) / 5;
}

test("a network loses sections that have learnt nothing, and no others", () => {
  const [whole, reduced] = [false, true].map((reduction) => Network.create(template(reduction), 3, engine));
  for (const network of [whole!, reduced!]) train(network, 0, 12_800);
  const [before, after] = [whole!.figures(), reduced!.figures()];
  expect(after.sections).toBeLessThan(before.sections);
  expect(after.hexagons.reduce((sum, { sections }) => sum + sections, 0)).toBe(after.sections);
  expect(percentRight(reduced!)).toBeGreaterThanOrEqual(percentRight(whole!) - 1);
  // The result is still a valid state that continues bit for bit and grows again.
  const twin = Network.restore(reduced!.export(), engine);
  for (const network of [reduced!, twin]) train(network, 12_800 - 640, 12_800);
  expect(Buffer.from(twin.export()).equals(reduced!.export())).toBe(true);
  for (const network of [whole!, reduced!, twin]) network.dispose();
});

test("the split of cycles into batches does not matter", () => {
  const states = [32, 480, 5120, 12_800].map((slice) => {
    const network = Network.create(template(true), 3, engine);
    train(network, 0, 6400, slice);
    const bytes = Buffer.from(network.export());
    network.dispose();
    return bytes;
  });
  for (const state of states) expect(state.equals(states[0]!)).toBe(true);
});

test("removed sections leave no trace, and their source grows again", () => {
  const network = Network.create(template(true), 1, new ReferenceEngine());
  train(network, 0, 64);
  const grown = restoreState(network.export());
  const sections = network.figures().sections;
  const gone = new Set([0, 5, 6, sections - 1]);
  expect(removeSections(grown, (section) => gone.has(section))).toBe(gone.size);
  expect(removeSections(grown, () => false)).toBe(0);
  const after = Network.restore(exportState(grown), new ReferenceEngine());
  expect(after.figures().sections).toBe(sections - gone.size);
  train(after, 64, 96);
  expect(after.figures().sections).toBeGreaterThan(sections - gone.size);
  Network.restore(after.export(), new ReferenceEngine());

  expect(removeSections(grown, () => true)).toBe(sections - gone.size);
  expect(Network.restore(exportState(grown), new ReferenceEngine()).figures().synapses).toBe(0);
});
