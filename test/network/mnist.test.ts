import { afterAll, describe, expect, test } from "vitest";
import { WasmEngine } from "../../src/kernels/wasm/wasm-engine.ts";
import { Network } from "../../src/network/network.ts";
import { parseTemplate } from "../../src/network/template/parse-template.ts";
import { loadDigits, mnistFolder } from "./mnist.ts";
import { accuracy, asTable, createNetwork, THREE_HEXAGONS, train } from "./training.ts";

describe.skipIf(mnistFolder === undefined)("MNIST", () => {
  const digits = (part: "train" | "t10k", count: number) => asTable(loadDigits(mnistFolder!, part, count));

  const engine = new WasmEngine();
  afterAll(() => engine.close());
  const onWasm = (seed: number) => Network.create(parseTemplate(THREE_HEXAGONS), seed, engine);

  // Measured: 97.39, 97.35, 97.42 %.
  test("one epoch in batches of 128 gives at least 96.8 %, for each of three seeds", { timeout: 300_000 }, () => {
    const [table, unseen] = [digits("train", 60_000), digits("t10k", 10_000)];
    for (const seed of [1, 2, 3]) {
      const network = onWasm(seed);
      train(network, table, 128);
      expect(accuracy(network, unseen), `seed ${seed}`).toBeGreaterThan(96.8);
      const { hexagons } = network.figures();
      expect(hexagons.map(({ blocks }) => blocks)).toEqual([0, 4, 2]);
      network.dispose();
    }
  });

  // Measured: 91.2, 90.9, 91.35 % for seeds 1 to 3, both; the reference takes 25 times as long.
  test("the reference learns part of them as well", { timeout: 300_000 }, () => {
    const [table, unseen] = [digits("train", 6000), digits("t10k", 2000)];
    const [fast, reference] = [onWasm(1), createNetwork(THREE_HEXAGONS, 1)].map((network) => {
      train(network, table, 64);
      const found = accuracy(network, unseen);
      network.dispose();
      return found;
    }) as [number, number];
    expect(reference).toBeGreaterThan(90);
    expect(Math.abs(fast - reference)).toBeLessThanOrEqual(0.5);
  });

  test.each([1, 128])("the same seed gives the same bytes, steps of %i", (batch) => {
    const table = digits("train", 640);
    const [first, second] = [1, 1].map((seed) => {
      const network = createNetwork(THREE_HEXAGONS, seed);
      train(network, table, batch);
      return Buffer.from(network.export());
    });
    expect(second!.equals(first!)).toBe(true);
  });
});
