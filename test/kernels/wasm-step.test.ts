import { afterAll, describe, expect, test } from "vitest";
import { ReferenceEngine } from "../../src/kernels/reference/reference-engine.ts";
import { WasmEngine } from "../../src/kernels/wasm/wasm-engine.ts";
import { Network } from "../../src/network/network.ts";
import type { Rows, TrainRun, UpdateRule } from "../../src/network/run.ts";
import { pcg } from "../../src/network/random.ts";
import { decodeSafetensors } from "../../src/network/safetensors.ts";
import { parseTemplate } from "../../src/network/template/parse-template.ts";
import { expectSameScores } from "./compare.ts";

/**
 * One step from a shared state must grow the same sections and move every number to nearly the same value. The bounds
 * come from the logarithm's polynomial (3.3e-7) and from sums of some hundred floats in another order. The batch rule
 * takes differences of nearly equal sums and divides by the root of their squares, so rounding has a larger effect
 * there. A gradient that is only rounding, or a neuron that rounding moves across zero, may still step by up to the
 * rate; such synapses are few.
 */
const BOUNDS = {
  online: { typical: 1e-5, most: 1e-4 },
  batch: { typical: 3e-4, most: 0.05 },
};
const SHARE_OF_TYPICAL = 0.999;

const TEMPLATES: Record<string, string> = {
  "three hexagons": "settings: hexagons: 1,1,1 2,1,1 3,1,1 inputs: in: 1,1,1 outputs: out: 3,1,1",
  "two hexagons": "settings: hexagons: 1,1,1 2,1,1 inputs: in: 1,1,1 outputs: out: 2,1,1",
  "six hexagons at distance 3": `settings: max_connection_distance: 3
    hexagons: 1,1,1 2,1,1 3,1,1 4,1,1 5,1,1 6,1,1 inputs: in: 1,1,1 outputs: out: 6,1,1`,
  "an axon that leads back": `settings: max_connection_distance: 2
    hexagons: 1,1,1 2,1,1 3,1,1 2,1,2 axons: 2,1,2 -> 2,1,1 inputs: in: 1,1,1 outputs: out: 3,1,1`,
  "binary input": "settings: hexagons: 1,1,1 2,1,1 3,1,1 inputs: in: 1,1,1 (binary) outputs: out: 3,1,1",
  "match input": "settings: hexagons: 1,1,1 2,1,1 3,1,1 inputs: in: 1,1,1 (match) outputs: out: 3,1,1",
  "neurons with a memory": `settings: neuron_cooldown: 3.0 refractory_time: 2
    hexagons: 1,1,1 2,1,1 3,1,1 inputs: in: 1,1,1 outputs: out: 3,1,1`,
  "several inputs and outputs": `settings: hexagons: 1,2,1 1,1,1 2,2,1 3,2,1 2,2,0
    inputs: left: 1,2,1 right: 1,1,1 outputs: and: 3,2,1 (float) or: 2,2,0 (bool)`,
};

const uniform = (seed: number) => pcg(seed) / 2 ** 32;

/** `rows` x `width` values, about a third of which are active and a few of those extreme. */
function values(seed: number, rows: number, width: number): Float32Array {
  return Float32Array.from({ length: rows * width }, (_, i) => {
    const draw = uniform(seed * 1000003 + i * 7919);
    if (draw > 0.35) return 0;
    return Math.ceil(draw * 30) * (draw < 0.01 ? 40 : 1);
  });
}

const WIDTH = 150;

function batchOf(
  network: Network,
  seed: number,
  count: number,
  update: "batch" | "online",
  width = WIDTH,
): TrainRun & { update: UpdateRule } {
  const inputs = network.inputs.map((_, index): Rows => ({
    index,
    values: values(seed + index, count, width),
    width,
  }));
  const expected = network.outputs.map((_, index): Rows => {
    const targets = Float32Array.from({ length: count * 3 }, (_, i) => (uniform(seed * 31 + i + index) > 0.5 ? 1 : 0));
    return { index, values: targets, width: 3 };
  });
  return { cycles: count, timeLength: 1, inputs, expected, batchSize: count, update, schedule: 0.9 };
}

/** Tensors of a network by name. */
function tensors(network: Network): Map<string, Uint32Array | Float32Array> {
  return new Map(
    [...decodeSafetensors(network.export()).tensors].map(([name, { dtype, bytes }]) => {
      const copy = bytes.slice().buffer;
      return [name, dtype === "U32" ? new Uint32Array(copy) : new Float32Array(copy)];
    }),
  );
}

/**
 * Differences between two networks that should be equal: words that differ at all; float arrays in which one float
 * differs by more than `most`, or too many by more than `typical`.
 */
function differences(
  fast: Network,
  reference: Network,
  { typical, most }: { typical: number; most: number },
): string[] {
  const expected = tensors(reference);
  return [...tensors(fast)].flatMap(([name, array]) => {
    const other = expected.get(name)!;
    if (array.length !== other.length) return [`${name}: ${array.length} instead of ${other.length}`];
    const bound = array instanceof Uint32Array ? 0 : most;
    let alike = 0;
    for (let i = 0; i < array.length; i++) {
      const distance = Math.abs(array[i]! - other[i]!) / Math.max(1, Math.abs(other[i]!));
      if (!(distance <= bound)) return [`${name}[${i}]: ${array[i]} instead of ${other[i]}`];
      if (distance <= typical) alike += 1;
    }
    const share = alike / Math.max(1, array.length);
    return array.length > 0 && share < SHARE_OF_TYPICAL ? [`${name}: only ${share} are alike`] : [];
  });
}

const engines = { single: new WasmEngine(), threaded: new WasmEngine({ threads: 3 }) };
afterAll(async () => {
  await Promise.all([engines.single.close(), engines.threaded.close()]);
});

const create = (template: string, engine: WasmEngine) =>
  Network.create(parseTemplate(`version: 1 ${template}`), 5, engine);

/** Differences after the engines have taken the same step. */
function oneStep(before: Uint8Array, batch: TrainRun & { update: UpdateRule }): string[] {
  const reference = Network.restore(before, new ReferenceEngine());
  const fast = Network.restore(before, engines.single);
  reference.train(batch);
  fast.train(batch);
  const found = differences(fast, reference, BOUNDS[batch.update]);
  // The answers before the step come from the same state.
  expectSameScores(fast.takeScores(), reference.takeScores(), 1e-4);
  fast.dispose();
  return found;
}

describe.each(Object.entries(TEMPLATES))("%s", (_, template) => {
  test.each([
    ["online", 1],
    ["online", 2],
    ["online", 15],
    ["batch", 17],
    ["batch", 33],
  ] as const)("one step from a shared state, %s with %i samples", (update, count) => {
    const guide = create(template, engines.single);
    const found: string[] = [];
    for (let step = 0; step < 24; step++) {
      const batch = batchOf(guide, step, count, update);
      if (step % 6 === 0 || step === 1) found.push(...oneStep(guide.export(), batch));
      guide.train(batch);
    }
    expect(found).toEqual([]);
    expect(guide.cycle).toBe(24 * count);
    guide.dispose();
  });

  test.each([
    ["online", 1],
    ["online", 2],
    ["online", 15],
    ["batch", 17],
  ] as const)("one step with inputs that became wider when there were neurons, %s with %i samples", (update, count) => {
    const guide = create(template, engines.single);
    for (let step = 0; step < 4; step++) guide.train(batchOf(guide, step, 17, "batch"));
    const wider = batchOf(guide, 4, 17, "batch", 3 * WIDTH);
    expect(oneStep(guide.export(), wider)).toEqual([]);
    guide.train(wider);
    expect(oneStep(guide.export(), batchOf(guide, 5, count, update, 3 * WIDTH))).toEqual([]);
    guide.dispose();
  });

  test("a network with a request before its training learns as the reference does", () => {
    const guide = create(template, engines.single);
    for (let step = 0; step < 3; step++) guide.train(batchOf(guide, step, 17, "batch"));
    const before = guide.export();
    const batch = batchOf(guide, 3, 17, "batch");
    const reference = Network.restore(before, new ReferenceEngine());
    const fast = Network.restore(before, engines.single);
    for (const network of [reference, fast]) {
      network.request({ cycles: 3, timeLength: 1, inputs: batch.inputs });
      network.train(batch);
    }
    expect(differences(fast, reference, BOUNDS.batch)).toEqual([]);
    for (const network of [fast, guide]) network.dispose();
  });

  test("shows what the reference shows", () => {
    const fast = create(template, engines.single);
    for (let step = 0; step < 10; step++) fast.train(batchOf(fast, step, 20, "batch"));
    const guide = Network.restore(fast.export(), new ReferenceEngine());
    for (const cycles of [0, 1, 31, 32, 33]) {
      const { inputs } = batchOf(guide, 99, cycles, "batch");
      const run = { cycles, timeLength: 1, inputs };
      const expected = guide.request(run);
      fast.request(run).forEach((shown, output) => {
        expect(shown.length).toBe(expected[output]!.length);
        // A float's bits may flip where an output is next to 1/2.
        const bound = guide.outputs[output]!.kind === "plain" ? 2e-5 : Infinity;
        const distances = Array.from(shown, (value, i) => Math.abs(value - expected[output]![i]!));
        expect(distances.filter((distance) => distance > bound)).toEqual([]);
      });
    }
    fast.dispose();
  });

  test.each([
    ["batch", 20],
    ["online", 10],
  ] as const)("the same bits for any number of threads, %s with %i samples", (update, batchSize) => {
    const [one, several] = [create(template, engines.single), create(template, engines.threaded)];
    for (let step = 0; step < 6; step++) {
      const batch = batchOf(one, step, 50, update);
      one.train({ ...batch, batchSize });
      several.train({ ...batch, batchSize });
    }
    expect(Buffer.compare(one.export(), several.export())).toBe(0);
    one.dispose();
    several.dispose();
  });
});
