import { describe, expect, test } from "vitest";
import { ReferenceEngine } from "../../src/kernels/reference/reference-engine.ts";
import { directShare } from "../../src/network/learning.ts";
import { Network } from "../../src/network/network.ts";
import { parseTemplate, type OutputKind } from "../../src/network/template/parse-template.ts";

interface Shape {
  hexagons: string;
  settings?: string;
  axons?: string;
  inputs: string;
  outputs: string;
  seed?: number;
}

function create({ hexagons, settings = "", axons = "", inputs, outputs, seed = 1 }: Shape): Network {
  const text = `version: 1 settings: ${settings} hexagons: ${hexagons} ${axons && `axons: ${axons}`}
    inputs: ${inputs} outputs: ${outputs}`;
  return Network.create(parseTemplate(text), seed, new ReferenceEngine());
}

const columns = (samples: number[][]) =>
  samples.map((values, index) => ({ index, values: Float32Array.from(values), width: 1 }));

/** Trains online, one sample after the other; `inputs` and `expected` hold one list of values per input or output. */
function learn(network: Network, inputs: number[][], expected: number[][], epochs: number): void {
  const count = inputs[0]!.length;
  for (let epoch = 0; epoch < epochs; epoch++) {
    for (let row = 0; row < count; row++) {
      network.train({
        cycles: 1,
        timeLength: 1,
        batchSize: 1,
        inputs: columns(inputs.map((values) => [values[row]!])),
        expected: columns(expected.map((values) => [values[row]!])),
        update: "online",
        schedule: 1 - epoch / epochs,
      });
    }
  }
}

const ask = (network: Network, inputs: number[][]) =>
  network.request({ cycles: inputs[0]!.length, timeLength: 1, inputs: columns(inputs) }).map((values) => [...values]);

const rounded = (values: number[][]) => values.map((each) => each.map(Math.round));

const sameState = (a: Network, b: Network) => Buffer.from(a.export()).equals(b.export());

const restored = (network: Network) => Network.restore(network.export(), new ReferenceEngine());

describe("paths", () => {
  test("an axon bridges a gap", () => {
    const shape = { hexagons: "1,1,1 3,1,1 4,1,1", inputs: "in: 1,1,1", outputs: "out: 4,1,1" };
    const cut = create(shape);
    learn(cut, [[0, 1]], [[1, 0]], 3);
    expect(cut.figures().sections).toBe(0);
    expect(ask(cut, [[0, 1]])).toEqual([[0, 0]]);

    const joined = create({ ...shape, axons: "1,1,1 -> 3,1,1" });
    learn(joined, [[1, 9]], [[1, 0]], 200);
    expect(rounded(ask(joined, [[1, 9]]))).toEqual([[1, 0]]);
    expect(joined.figures().hexagons.map(({ sections }) => sections > 0)).toEqual([false, true, true]);
  });

  test("distance 2 reaches over the next hexagon", () => {
    const network = create({
      hexagons: "1,1,1 2,1,1 3,1,1 4,1,1",
      settings: "max_connection_distance: 2",
      inputs: "in: 1,1,1",
      outputs: "out: 4,1,1",
    });
    const width = 40;
    const values = Float32Array.from({ length: width }, (_, i) => i + 1);
    network.train({
      cycles: 1,
      timeLength: 1,
      batchSize: 1,
      inputs: [{ index: 0, values, width }],
      expected: columns([[1]]),
      update: "online",
      schedule: 1,
    });
    const [, second, third, last] = network.figures().hexagons;
    for (const hexagon of [second, third, last]) expect(hexagon!.sections).toBeGreaterThan(5);
    expect(restored(network).figures()).toEqual(network.figures());
  });

  test("a chain of three hidden hexagons learns", () => {
    const network = create({
      hexagons: "1,1,1 2,1,1 3,1,1 4,1,1 5,1,1",
      inputs: "in: 1,1,1",
      outputs: "out: 5,1,1",
    });
    learn(network, [[1, 9]], [[0, 1]], 200);
    expect(rounded(ask(network, [[1, 9]]))).toEqual([[0, 1]]);
  });

  test("an output in the middle of the list ends the path there", () => {
    const network = create({ hexagons: "1,1,1 2,1,1 3,1,1", inputs: "in: 1,1,1", outputs: "out: 2,1,1" });
    learn(network, [[1, 9]], [[0, 1]], 200);
    expect(rounded(ask(network, [[1, 9]]))).toEqual([[0, 1]]);
    expect(network.figures().hexagons[2]).toEqual({ blocks: 0, sections: 0, bytes: 0 });
  });
});

describe("several inputs and outputs", () => {
  const shape = {
    hexagons: "1,2,1 1,1,1 2,2,1 3,2,1 2,2,0",
    inputs: "left: 1,2,1 right: 1,1,1",
    outputs: "and: 3,2,1 or: 2,2,0",
  };
  const x = [
    [0, 1, 0, 1],
    [0, 0, 1, 1],
  ];

  test("are learnt together", () => {
    const network = create(shape);
    const both = [
      [0, 0, 0, 1],
      [0, 1, 1, 1],
    ];
    learn(network, x, both, 200);
    expect(rounded(ask(network, x))).toEqual(both);
    expect(ask(restored(network), x)).toEqual(ask(network, x));
  });

  test("an output that is not mentioned learns nothing", () => {
    const network = create(shape);
    const step = (expected: number[][]) =>
      network.train({
        cycles: 1,
        timeLength: 1,
        inputs: columns([[1], [1]]),
        expected: columns(expected),
        batchSize: 1,
        update: "batch",
        schedule: 1,
      });
    step([[1], [1]]);
    const [, before] = ask(network, x);
    step([[0]]);
    const [first, after] = ask(network, x);
    expect(first).not.toEqual(before);
    expect(network.outputs.map(({ width }) => width)).toEqual([1, 1]);
    expect(after!.every(Number.isFinite)).toBe(true);
  });

  test("an input that is not mentioned counts as 0", () => {
    const network = create(shape);
    learn(network, x, [[0, 0, 0, 1]], 50);
    const alone = network.request({ cycles: 2, timeLength: 1, inputs: columns([[1, 1]]) });
    expect([...alone[0]!]).toEqual(
      ask(network, [
        [1, 1],
        [0, 0],
      ])[0],
    );
  });
});

describe("kinds", () => {
  const hexagons = "1,1,1 2,1,1 3,1,1";

  test("a binary input ignores the size of a value", () => {
    const network = create({ hexagons, inputs: "in: 1,1,1 (binary)", outputs: "out: 3,1,1" });
    learn(network, [[0, 7]], [[0, 1]], 100);
    const [shown] = ask(network, [[0.01, 1, 1e9, 0, -4]]);
    expect(new Set(shown!.slice(0, 3)).size).toBe(1);
    expect(rounded([shown!])).toEqual([[1, 1, 1, 0, 0]]);
  });

  test("a match input learns single values", () => {
    const network = create({ hexagons, inputs: "in: 1,1,1 (match)", outputs: "out: 3,1,1" });
    const values = [3, 1, 8, 5, 2, 7, 4, 6];
    const expected = values.map((value) => value % 2);
    learn(network, [values], [expected], 150);
    expect(rounded(ask(network, [values]))).toEqual([expected]);
    const [between] = ask(network, [[3.5, 3, 100, 8]]);
    expect(between![0]).toBe(between![1]);
    expect(between![2]).toBe(between![3]);
    expect(restored(network).figures()).toEqual(network.figures());
  });

  const taught: Record<Exclude<OutputKind, "plain" | "class" | "number">, number[]> = {
    bool: [0, 1, 1, 0],
    int: [7, 0, 65535, 12],
    float: [1.5, -2.25, 0, 1e20],
  };
  test.each(Object.entries(taught))("a %s output shows the values it was taught", (kind, expected) => {
    const network = create({ hexagons, inputs: "in: 1,1,1", outputs: `out: 3,1,1 (${kind})` });
    learn(network, [[1, 4, 10, 25]], [expected], 300);
    expect(network.outputs[0]).toMatchObject({ kind, width: 1 });
    expect(ask(network, [[1, 4, 10, 25]])).toEqual([expected.map(Math.fround)]);
  });
});

describe("memory", () => {
  const line = { hexagons: "1,1,1 2,1,1 3,1,1", inputs: "in: 1,1,1", outputs: "out: 3,1,1" };

  test("spiking neurons carry their potential from sample to sample and call to call", () => {
    const network = create({ ...line, settings: "neuron_cooldown: 2.0" });
    learn(network, [[1, 0, 0, 1]], [[1, 0, 0, 1]], 20);
    const twin = restored(network);
    const [together] = ask(network, [[1, 0, 0, 0, 1]]);
    const single = [1, 0, 0, 0, 1].map((value) => ask(twin, [[value]])[0]![0]!);
    expect(single).toEqual(together);
    expect(together![1]).not.toBe(together![3]);
    expect(sameState(twin, network)).toBe(true);
  });

  test("training in batches scans spiking samples in order", () => {
    const network = create({ ...line, settings: "refractory_time: 3 neuron_cooldown: 1.5" });
    const values = Float32Array.from({ length: 64 }, (_, i) => (i * 5) % 7);
    for (let step = 0; step < 5; step++)
      network.train({
        cycles: 64,
        timeLength: 1,
        batchSize: 64,
        inputs: [{ index: 0, values, width: 1 }],
        expected: [{ index: 0, values: values.map((value) => value % 2), width: 1 }],
        update: "batch",
        schedule: 1,
      });
    expect(sameState(restored(network), network)).toBe(true);
  });

  test("connections that run backwards deliver the previous cycle's value", () => {
    const network = create({
      ...line,
      hexagons: "1,1,1 2,1,1 3,1,1 2,1,2",
      settings: "max_connection_distance: 2",
      axons: "2,1,2 -> 2,1,1",
    });
    learn(network, [[1, 0, 2, 0]], [[1, 0, 0, 1]], 10);
    const twin = restored(network);
    const x = [1, 0, 2, 0, 0, 1];
    const [together] = ask(network, [x]);
    expect(x.map((value) => ask(twin, [[value]])[0]![0]!)).toEqual(together);
    expect(together![1]).not.toBe(together![4]);
    expect(sameState(twin, network)).toBe(true);
  });

  test("an interrupted training with memory continues bit for bit", () => {
    const shape = { ...line, settings: "neuron_cooldown: 3.0 refractory_time: 2" };
    const [straight, first] = [create(shape), create(shape)];
    learn(straight, [[1, 2, 0, 3]], [[1, 0, 0, 1]], 1);
    learn(straight, [[2, 2, 1, 3]], [[0, 0, 1, 1]], 1);
    learn(first, [[1, 2, 0, 3]], [[1, 0, 0, 1]], 1);
    const second = restored(first);
    learn(second, [[2, 2, 1, 3]], [[0, 0, 1, 1]], 1);
    expect(sameState(second, straight)).toBe(true);
  });
});

describe("without a horizon", () => {
  const shape = { hexagons: "1,1,1 2,1,1 3,1,1", inputs: "in: 1,1,1", outputs: "out: 3,1,1" };
  const step = (network: Network, count: number, schedule: number | "direct") =>
    network.train({
      cycles: count,
      timeLength: 1,
      batchSize: count,
      inputs: [{ index: 0, values: new Float32Array(count).fill(2), width: 1 }],
      expected: [{ index: 0, values: new Float32Array(count).fill(1), width: 1 }],
      update: "online",
      schedule,
    });

  test("the rate falls with the number of trained samples, which is saved", () => {
    const [straight, first] = [create(shape), create(shape)];
    for (let i = 0; i < 6; i++) step(straight, 1, "direct");
    for (let i = 0; i < 3; i++) step(first, 1, "direct");
    const second = restored(first);
    for (let i = 0; i < 3; i++) step(second, 1, "direct");
    expect(sameState(second, straight)).toBe(true);
  });

  test("it falls with the training of tasks, too, but not forever", () => {
    const [direct, known] = [create(shape), create(shape)];
    for (const network of [direct, known]) for (let i = 0; i < 5; i++) step(network, 1000, 1);
    step(direct, 1, "direct");
    step(known, 1, 1 / 2);
    expect(sameState(direct, known)).toBe(true);
    expect([120_000, 1e12].map(directShare)).toEqual([1 / 25, 1 / 25]);
  });
});
