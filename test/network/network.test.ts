import { describe, expect, test } from "vitest";
import { ReferenceEngine } from "../../src/kernels/reference/reference-engine.ts";
import { Network } from "../../src/network/network.ts";
import { parseTemplate } from "../../src/network/template/parse-template.ts";
import { accuracy, createNetwork, THREE_HEXAGONS, train, type Table } from "./training.ts";

const XOR: Table = {
  count: 4,
  x: Float32Array.of(0, 0, 0, 1, 1, 0, 1, 1),
  xWidth: 2,
  y: Float32Array.of(0, 1, 1, 0),
  yWidth: 1,
};

/** Two clouds of points in the plane. */
function clouds(count: number): Table {
  const table = { count, x: new Float32Array(count * 2), xWidth: 2, y: new Float32Array(count * 2), yWidth: 2 };
  for (let row = 0; row < count; row++) {
    const side = row % 2;
    table.x[row * 2] = 2 + side * 3 + Math.sin(row * 12.9898);
    table.x[row * 2 + 1] = 5 - side * 3 + Math.sin(row * 78.233);
    table.y[row * 2 + side] = 1;
  }
  return table;
}

const column = (values: number[], width = values.length, index = 0) => ({
  index,
  values: Float32Array.from(values),
  width,
});

function request(network: Network, x: number[], count = 1): number[][] {
  return network.request({ count, inputs: [column(x, x.length / count)] }).map((result) => [...result]);
}

describe("a fresh network", () => {
  test("is empty and shows zeros of the known width", () => {
    const network = createNetwork();
    expect(network.figures()).toMatchObject({ cycle: 0, blocks: 0, sections: 0, synapses: 0, neurons: 0 });
    network.ensureInputWidth(0, 130);
    network.ensureOutputWidth(0, 3);
    expect(network.inputs).toEqual([{ name: "in", hexagon: 0, kind: "plain", width: 130 }]);
    expect(network.outputs).toEqual([{ name: "out", hexagon: 2, kind: "plain", width: 3 }]);
    expect(network.figures()).toMatchObject({ blocks: 0, sections: 0 });
    expect(request(network, [1, 2, 3, 4], 2)).toEqual([[0, 0, 0, 0, 0, 0]]);
    expect(network.figures()).toMatchObject({ blocks: 0, sections: 0 });
  });

  test("may have no hexagons at all", () => {
    const network = createNetwork("");
    network.train({ count: 3, inputs: [], expected: [], update: "online", rate: 1 });
    expect(network.request({ count: 3, inputs: [] })).toEqual([]);
    expect(network.cycle).toBe(3);
    expect(Network.restore(network.export(), new ReferenceEngine()).cycle).toBe(3);
  });

  test.each([-1, 0.5, NaN, 2 ** 32])("refuses seed %d", (seed) => {
    expect(() => Network.create(parseTemplate(""), seed, new ReferenceEngine())).toThrow(RangeError);
  });
});

describe("learning", () => {
  test.each([
    [1, 1],
    [2, 1],
    [3, 1],
    [1, 16],
    [2, 16],
  ])("learns XOR completely, seed %i, steps of at most %i", (seed, size) => {
    const network = createNetwork(THREE_HEXAGONS, seed);
    train(network, XOR, size, 400);
    const shown = request(network, [...XOR.x], 4)[0]!.map((value) => (value >= 0.5 ? 1 : 0));
    expect(shown).toEqual([...XOR.y]);
  });

  test.each([1, 4, 32])("separates two clouds in steps of %i", (batch) => {
    const network = createNetwork();
    train(network, clouds(320), batch, 4);
    expect(accuracy(network, clouds(320))).toBeGreaterThan(95);
  });

  test("the same seed gives the same bytes, another seed does not", () => {
    const bytes = [1, 1, 2].map((seed) => {
      const network = createNetwork(THREE_HEXAGONS, seed);
      train(network, clouds(100), 32, 2);
      return Buffer.from(network.export()).toString("base64");
    });
    expect(bytes[1]).toBe(bytes[0]);
    expect(bytes[2]).not.toBe(bytes[0]);
  });

  test.each([1, 32])("a restored network continues bit for bit, steps of %i", (batch) => {
    const table = clouds(96);
    const straight = createNetwork();
    train(straight, table, batch, 2);
    const first = createNetwork();
    train(first, table, batch, 2, 0, 96);
    const second = Network.restore(first.export(), new ReferenceEngine());
    train(second, table, batch, 2, 96);
    expect(Buffer.from(second.export()).equals(Buffer.from(straight.export()))).toBe(true);
  });

  test("a request changes nothing, whatever its batch size", () => {
    const network = createNetwork();
    train(network, clouds(100), 1);
    const before = Buffer.from(network.export());
    const { x } = clouds(100);
    const all = request(network, [...x], 100)[0]!;
    const single = Array.from({ length: 100 }, (_, row) => request(network, [x[row * 2]!, x[row * 2 + 1]!])[0]!);
    expect(single.flat()).toEqual(all);
    expect(Buffer.from(network.export()).equals(before)).toBe(true);
  });
});

describe("bad values", () => {
  const bad = [NaN, -1, 0, Infinity, -Infinity, 3.4e38, 1e-45, 1e30, 1];

  test.each([
    ["online", 1],
    ["batch", 32],
  ] as const)("leave every number finite, %s", (update, count) => {
    for (const kind of ["", "(binary)", "(match)"]) {
      const network = createNetwork(THREE_HEXAGONS.replace("in: 1,1,1", `in: 1,1,1 ${kind}`));
      for (let step = 0; step < 12; step++) {
        const values = Array.from({ length: count * 3 }, (_, i) => bad[(i * 7 + step * 5) % bad.length]!);
        const targets = Array.from({ length: count * 2 }, (_, i) => bad[(i * 5 + step) % bad.length]!);
        network.train({
          count,
          inputs: [column(values, 3)],
          expected: [column(targets, 2)],
          update,
          rate: 1,
          learningRate: 10,
        });
      }
      // Restoring refuses numbers that are not finite.
      expect(Network.restore(network.export(), new ReferenceEngine()).cycle).toBe(12 * count);
      for (const value of request(network, bad)[0]!) expect(Number.isFinite(value)).toBe(true);
    }
  });

  test("a sample with an unknown expectation teaches nothing", () => {
    const network = createNetwork();
    train(network, clouds(20), 1);
    const before = request(network, [2, 5]);
    network.train({ count: 1, inputs: [column([2, 5])], expected: [column([0, NaN])], update: "online", rate: 1 });
    expect(request(network, [2, 5])).toEqual(before);
  });

  test.each([0, -1, 11, NaN, Infinity])("refuses learning rate %d", (learningRate) => {
    const batch = { count: 1, inputs: [], expected: [], update: "online" as const, rate: 1 };
    expect(() => createNetwork().train({ ...batch, learningRate })).toThrow(RangeError);
  });

  test("refuses mismatched arguments", () => {
    const network = createNetwork();
    const batch = { count: 2, inputs: [column([1, 2, 3], 2)], expected: [], update: "online" as const, rate: 1 };
    expect(() => network.train(batch)).toThrow("input 0 has 3 values instead of 2 x 2");
    expect(() => network.train({ ...batch, inputs: [column([1, 2], 1, 1)] })).toThrow("there is no input 1");
    expect(() => network.train({ ...batch, inputs: [], rate: 1.5 })).toThrow("rate 1.5");
    expect(() => network.request({ count: -1, inputs: [] })).toThrow("count -1");
    expect(() => network.ensureInputWidth(0, 1.5)).toThrow("width 1.5");
    expect(() => network.ensureOutputWidth(1, 1)).toThrow("there is no output 1");
  });
});

describe("widths", () => {
  test.each([0, 1, 127, 128, 129])("an input of %i values", (width) => {
    const network = createNetwork();
    const values = Array.from({ length: width * 2 }, (_, i) => (i % 5) + 1);
    network.train({
      count: 2,
      inputs: [column(values, width)],
      expected: [column([1, 1], 1)],
      update: "online",
      rate: 1,
    });
    expect(network.inputs[0]!.width).toBe(width);
    expect(network.figures().hexagons[1]!.sections).toBeGreaterThanOrEqual(width);
    expect(Network.restore(network.export(), new ReferenceEngine()).inputs[0]!.width).toBe(width);
  });

  test("inputs and outputs grow and keep what they have learnt", () => {
    const network = createNetwork();
    train(network, clouds(200), 1);
    const [before] = request(network, [2, 5]);
    network.ensureInputWidth(0, 300);
    network.ensureInputWidth(0, 1);
    network.ensureOutputWidth(0, 5);
    network.ensureOutputWidth(0, 1);
    expect(network.inputs[0]!.width).toBe(300);
    const [after] = request(network, [2, 5]);
    expect(after).toHaveLength(5);
    expect(after!.slice(0, 2)).toEqual(before);
    const restored = Network.restore(network.export(), new ReferenceEngine());
    expect(request(restored, [2, 5])[0]).toEqual(after);
    train(network, clouds(200), 1);
    expect(accuracy(network, { ...clouds(200), y: widen(clouds(200).y, 2, 5), yWidth: 5 })).toBeGreaterThan(90);
  });
});

function widen(values: Float32Array, from: number, to: number): Float32Array {
  const wide = new Float32Array((values.length / from) * to);
  values.forEach((value, i) => (wide[Math.floor(i / from) * to + (i % from)] = value));
  return wide;
}
