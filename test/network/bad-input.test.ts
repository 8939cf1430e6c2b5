import { afterAll, describe, expect, test } from "vitest";
import { WasmEngine } from "../../src/kernels/wasm/wasm-engine.ts";
import { ReferenceEngine } from "../../src/kernels/reference/reference-engine.ts";
import type { Engine } from "../../src/network/engine.ts";
import { Network } from "../../src/network/network.ts";
import { THREE_HEXAGONS } from "./training.ts";
import { parseTemplate } from "../../src/network/template/parse-template.ts";

const wasm = new WasmEngine();
afterAll(() => wasm.close());
const ENGINES = { wasm, reference: new ReferenceEngine() };

const BAD = [NaN, Infinity, -Infinity, -1, -0, 0, 1e-45, 1e-38, 1e38, 3.4e38, 1];

function create(engine: Engine, kind = "", outputKind = ""): Network {
  const text = THREE_HEXAGONS.replace("in: 1,1,1", `in: 1,1,1 ${kind}`).replace(
    "out: 3,1,1",
    `out: 3,1,1 ${outputKind}`,
  );
  return Network.create(parseTemplate(text), 1, engine);
}

const column = (values: number[], width: number) => ({ index: 0, values: Float32Array.from(values), width });

/** Samples that separate values below 50 from those above, with every `nth` input replaced. */
function samples(count: number, first: number, nth = Infinity) {
  const x = Array.from({ length: count * 2 }, (_, i) => {
    const at = first * 2 + i;
    return at % nth === nth - 1 ? BAD[at % BAD.length]! : ((at * 37) % 100) + 1;
  });
  const y = Array.from({ length: count }, (_, q) => (((first + q) * 2 * 37) % 100) + 1).map((v): number =>
    v > 50 ? 1 : 0,
  );
  return { x, y };
}

function learn(network: Network, steps: number, step: number, nth?: number): void {
  for (let i = 0; i < steps; i++) {
    const { x, y } = samples(step, i * step, nth);
    const update = step < 16 ? ("online" as const) : ("batch" as const);
    network.train({ count: step, inputs: [column(x, 2)], expected: [column(y, 1)], update, rate: 1 - i / steps });
  }
}

function percentRight(network: Network): number {
  const { x, y } = samples(200, 12_345);
  const [shown] = network.request({ count: 200, inputs: [column(x, 2)] });
  return y.reduce((sum, value, q) => sum + (Math.round(shown![q]!) === value ? 1 : 0), 0) / 2;
}

describe.each(["wasm", "reference"] as const)("%s engine", (name) => {
  const engine = ENGINES[name];
  // The reference is slow, so it gets just enough samples and step sizes to learn.
  const enough = name === "wasm" ? 6400 : 1600;
  const steps = name === "wasm" ? [1, 32] : [32];

  test.each([
    ["", ""],
    ["(binary)", "(bool)"],
    ["(match)", "(int)"],
    ["", "(float)"],
  ])("bad values leave every number finite, input %s, output %s", (kind, outputKind) => {
    for (const step of [1, 32]) {
      const network = create(engine, kind, outputKind);
      for (let i = 0; i < 10; i++) {
        const values = (count: number, by: number) =>
          Array.from({ length: count }, (_, k) => BAD[(k * by + i) % BAD.length]!);
        network.train({
          count: step,
          inputs: [column(values(step * 3, 7), 3)],
          expected: [column(values(step * 2, 5), 2)],
          update: step === 1 ? "online" : "batch",
          rate: 1,
          learningRate: 10,
        });
      }
      // Restoring refuses numbers that are not finite.
      Network.restore(network.export(), engine).dispose();
      const [shown] = network.request({ count: BAD.length, inputs: [column(BAD, 1)] });
      // The bits of a float output may well encode NaN or infinity.
      if (outputKind !== "(float)") expect([...shown!].every(Number.isFinite)).toBe(true);
      network.dispose();
    }
  });

  test.each(steps)("bad inputs count as 0, and a network learns with one in 20 of them, steps of %i", (step) => {
    const network = create(engine);
    learn(network, enough / step, step, 20);
    expect(percentRight(network)).toBeGreaterThan(90);
    const shows = (value: number) => [...network.request({ count: 1, inputs: [column([30, value], 2)] })[0]!];
    for (const value of [NaN, -Infinity, -5, -0]) expect(shows(value)).toEqual(shows(0));
    expect(shows(Infinity)).toEqual(shows(3.4e38));
    network.dispose();
  });

  test.each(steps)("samples with NaN among the expected values teach nothing, steps of %i", (step) => {
    const network = create(engine);
    learn(network, 320 / step, step);
    const { x } = samples(step, 0);
    const shows = () => [...network.request({ count: step, inputs: [column(x, 2)] })[0]!];
    const before = shows();
    const update = step === 1 ? ("online" as const) : ("batch" as const);
    const teach = (expected: number) =>
      network.train({
        count: step,
        inputs: [column(x, 2)],
        expected: [
          column(
            Array.from({ length: step }, () => expected),
            1,
          ),
        ],
        update,
        rate: 1,
      });
    teach(NaN);
    expect(shows()).toEqual(before);
    teach(0.5);
    expect(shows()).not.toEqual(before);
    network.dispose();
  });

  test.each(steps)("narrower and wider inputs, and empty calls, keep what was learnt, steps of %i", (step) => {
    const network = create(engine);
    learn(network, enough / step, step);
    const before = percentRight(network);
    expect(before).toBeGreaterThan(90);
    const state = Buffer.from(network.export());
    for (const width of [0, 1, 2, 300]) {
      network.train({ count: 0, inputs: [column([], width)], expected: [], update: "batch", rate: 1 });
      expect(network.request({ count: 0, inputs: [column([], width)] })[0]).toHaveLength(0);
    }
    expect(state.equals(network.export())).toBe(true);

    const shows = (values: number[]) => [...network.request({ count: 1, inputs: [column(values, values.length)] })[0]!];
    expect(shows([30])).toEqual(shows([30, 0]));
    expect(shows([30, 7, 99])).toEqual(shows([30, 7]));
    network.ensureInputWidth(0, 300);
    expect(percentRight(network)).toBe(before);
    network.dispose();
  });

  test.each(steps)("a network continues to learn from rows of other widths, steps of %i", (step) => {
    const network = create(engine);
    const { x, y } = samples(step, 0);
    const widened = (width: number) =>
      column(
        Array.from({ length: step * width }, (_, i) =>
          i % width < 2 ? x[Math.floor(i / width) * 2 + (i % width)]! : 1,
        ),
        width,
      );
    const update = step === 1 ? ("online" as const) : ("batch" as const);
    for (const width of [2, 0, 1, 300, 2])
      network.train({ count: step, inputs: [widened(width)], expected: [column(y, 1)], update, rate: 1 });
    expect(network.inputs[0]!.width).toBe(300);
    learn(network, enough / step, step);
    expect(percentRight(network)).toBeGreaterThan(90);
    Network.restore(network.export(), engine).dispose();
    network.dispose();
  });
});

test("both engines treat bad values the same", () => {
  const twins = [create(ENGINES.reference), create(ENGINES.wasm)];
  for (const network of twins) learn(network, 4, 32, 7);
  const [reference, fast] = twins.map((network) => network.figures());
  expect(fast!.hexagons).toEqual(reference!.hexagons);
  twins[1]!.dispose();
});
