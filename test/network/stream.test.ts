import { describe, expect, test } from "vitest";
import { ReferenceEngine } from "../../src/kernels/reference/reference-engine.ts";
import { STREAM_RATE } from "../../src/network/constants.ts";
import { countedSamples, noDrift, watchDrift } from "../../src/network/drift.ts";
import { directShare } from "../../src/network/learning.ts";
import { Network } from "../../src/network/network.ts";
import type { Rows } from "../../src/network/run.ts";
import { decodeSafetensors, encodeSafetensors } from "../../src/network/safetensors.ts";
import { checksum } from "../../src/network/state-file.ts";
import { STREAM_STEP } from "../../src/network/stream.ts";
import { parseTemplate } from "../../src/network/template/parse-template.ts";

const engine = new ReferenceEngine();
const TEMPLATE = "version: 1 settings: refractory_time: 1 hexagons: 1,1,1 2,1,1 inputs: in: 1,1,1 outputs: out: 2,1,1";

const create = (refractoryTime = 1) =>
  Network.create(parseTemplate(TEMPLATE.replace("time: 1", `time: ${refractoryTime}`)), 3, engine);

/** Rows of two values and the expected value of each; no two are equal. */
const inputs = (first: number, rows: number): Rows[] => [
  { index: 0, width: 2, values: Float32Array.from({ length: 2 * rows }, (_, i) => 1 + ((2 * first + i) % 97)) },
];
const expected = (first: number, rows: number): Rows[] => [
  { index: 0, width: 1, values: Float32Array.from({ length: rows }, (_, i) => (first + i) % 2) },
];

const taught = (first: number, rows: number) => ({
  cycles: rows,
  timeLength: 1,
  inputs: inputs(first, rows),
  expected: expected(first, rows),
});

function teach(network: Network, first: number, rows: number, schedule: "stream" | 1 = "stream"): void {
  const rule = schedule === 1 ? { batchSize: rows, learningRate: STREAM_RATE, weightDecay: 0 } : { batchSize: 1 };
  network.train({ ...taught(first, rows), schedule, ...rule });
}

const ask = (network: Network, first: number, rows = 1) =>
  network.request({ cycles: rows, timeLength: 1, inputs: inputs(first, rows), isSingle: rows === 1 })[0]!;
const state = (network: Network) => decodeSafetensors(network.export());
const weights = (network: Network) => Array.from(state(network).tensors.get("weight")!.bytes);

describe("samples of a stream", () => {
  test("wait until there are sixteen, which are learnt in one step of the batch rule", () => {
    const network = create();
    for (let row = 0; row < 15; row++) teach(network, row, 1);
    expect(network.cycle).toBe(0);
    expect([network.figures().cycle, network.waiting]).toEqual([15, 15]);
    teach(network, 15, 1);
    expect(network.waiting).toBe(0);
    const other = create();
    teach(other, 0, 16, 1);
    expect(network.cycle).toBe(16);
    expect(weights(network)).toEqual(weights(other));
  });

  test("are learnt the same in calls of any size", () => {
    const [one, many] = [create(), create()];
    for (let row = 0; row < 50; row++) teach(one, row, 1);
    for (const [first, rows] of [
      [0, 5],
      [5, 30],
      [35, 15],
    ] as const)
      teach(many, first, rows);
    expect(Buffer.from(one.export()).equals(many.export())).toBe(true);
  });

  /** The answer of a network that has learnt all its samples, the last ones one by one. */
  function answerOfAll(rows: number, first: number): Float32Array {
    const network = create();
    teach(network, 0, rows - (rows % STREAM_STEP));
    const share = directShare(network.cycle);
    for (let row = network.cycle; row < rows; row++)
      network.train({ ...taught(row, 1), batchSize: 1, schedule: share });
    return ask(network, first);
  }

  test("are missing in answers to other rows, once the network has learnt", () => {
    const network = create();
    teach(network, 0, 16);
    const before = ask(network, 40);
    teach(network, 16, 4);
    expect(ask(network, 40)).toEqual(before);
    expect(answerOfAll(20, 40)).not.toEqual(before);
  });

  test.each([
    ["for one of them", 20, 18],
    ["of a network that has learnt nothing yet", 3, 50],
  ])("count in an answer %s, which changes nothing", (_, taughtRows, row) => {
    const network = create();
    teach(network, 0, taughtRows);
    const before = network.export();
    expect(ask(network, row)).toEqual(answerOfAll(taughtRows, row));
    expect(Buffer.from(network.export()).equals(before)).toBe(true);
  });

  test("do not count in an answer of several rows, however it is cut", () => {
    const network = create();
    teach(network, 0, 20);
    const whole = ask(network, 15, 5);
    const cut = [15, 16, 17, 18, 19].map((row) =>
      network.request({ cycles: 1, timeLength: 1, inputs: inputs(row, 1) }),
    );
    expect(Float32Array.from(cut, ([values]) => values![0]!)).toEqual(whole);
  });

  test("are learnt before a task", () => {
    const network = create();
    teach(network, 0, 1);
    teach(network, 1, 16, 1);
    expect(network.cycle).toBe(17);
    expect(network.waiting).toBe(0);
  });

  test("do not wait in a network that remembers earlier cycles", () => {
    const network = create(2);
    teach(network, 0, 3);
    expect(network.cycle).toBe(3);
  });

  test("do not wait for samples of another width", () => {
    const network = create();
    teach(network, 0, 3);
    const wide = [{ index: 0, width: 3, values: Float32Array.of(1, 2, 3) }];
    network.train({
      cycles: 1,
      timeLength: 1,
      inputs: wide,
      expected: expected(3, 1),
      batchSize: 1,
      schedule: "stream",
    });
    expect(network.cycle).toBe(3);
    expect(network.waiting).toBe(1);
  });

  test("are part of the saved state", () => {
    const network = create();
    teach(network, 0, 23);
    const restored = Network.restore(network.export(), engine);
    expect(restored.figures()).toEqual(network.figures());
    for (const each of [network, restored]) teach(each, 23, 20);
    expect(Buffer.from(restored.export()).equals(network.export())).toBe(true);
  });

  test("leave no trace in a network that learns no stream", () => {
    const network = create();
    teach(network, 0, 16, 1);
    expect(state(network).metadata).not.toHaveProperty("stream");
  });
});

describe("a drift", () => {
  /** Taught samples with this error each, after `trained` others. */
  function watch(drift = noDrift(), error: number, samples: number, trained: number): number {
    for (let t = 0; t < samples; t++) watchDrift(drift, error, trained + t);
    return trained + samples;
  }

  test("makes most samples stop counting, once", () => {
    const drift = noDrift();
    const trained = watch(drift, 0.1, 1000, 0);
    expect(countedSamples(drift, trained)).toBe(1000);
    watch(drift, 1, 100, trained);
    expect(drift.forgotten).toBeGreaterThan(700);
    const { forgotten } = drift;
    watch(drift, 1, 100, trained + 100);
    expect(drift.forgotten).toBe(forgotten);
  });

  test("is not seen where nothing is expected", () => {
    const network = create();
    for (let first = 0; first < 480; first += 16) teach(network, first, 16);
    const before = JSON.parse(state(network).metadata["stream"]!) as { drift: { seen: number } };
    network.train({ ...taught(0, 160), expected: [], batchSize: 1, schedule: "stream" });
    expect(JSON.parse(state(network).metadata["stream"]!)).toEqual(before);
  });

  test("is not seen in the first samples, in noise, or in a change too gradual", () => {
    const first = noDrift();
    watch(first, 0.01, 10, 0);
    watch(first, 1, 190, 10);
    const noise = noDrift();
    for (let t = 0; t < 3000; t++) watchDrift(noise, t % 2, t);
    const gradual = noDrift();
    for (let t = 0; t < 3000; t++) watchDrift(gradual, 0.1 + t / 30_000, t);
    expect([first, noise, gradual].map(({ forgotten }) => forgotten)).toEqual([0, 0, 0]);
  });

  test("is noticed by a network whose targets turn round", () => {
    const network = create();
    // Each row has one right answer, and so few rows are soon known.
    const run = (row: number, value: number) =>
      network.train({
        cycles: 1,
        timeLength: 1,
        inputs: [{ index: 0, width: 2, values: Float32Array.of(row % 2, (row + 1) % 2) }],
        expected: [{ index: 0, width: 1, values: Float32Array.of(value) }],
        batchSize: 1,
        schedule: "stream",
      });
    for (let row = 0; row < 800; row++) run(row, row % 2);
    for (let row = 0; row < 160; row++) run(row, 1 - (row % 2));
    const { drift } = JSON.parse(state(network).metadata["stream"]!) as { drift: { forgotten: number } };
    expect(drift.forgotten).toBeGreaterThan(500);
  });
});

describe("a stream from an untrusted file", () => {
  const network = create();
  teach(network, 0, 20);
  const file = network.export();
  const good = () => JSON.parse(decodeSafetensors(file.slice()).metadata["stream"]!);

  function restored(stream: string): Network {
    const { metadata, tensors } = decodeSafetensors(file.slice());
    const { checksum: _, ...others } = metadata;
    const changed = { ...others, stream };
    return Network.restore(
      encodeSafetensors({ metadata: { ...changed, checksum: checksum({ metadata: changed, tensors }) }, tensors }),
      engine,
    );
  }

  test("is taken when it is valid", () => {
    expect(restored(JSON.stringify(good())).waiting).toBe(4);
  });

  const row = (change: object) => {
    const stream = good();
    Object.assign(stream.waiting[0].inputs[0], change);
    return stream;
  };
  const widened = () => {
    const stream = good();
    Object.assign(stream.waiting[1].inputs[0], { width: 1, values: Buffer.alloc(4).toString("base64") });
    return stream;
  };
  const twice = () => {
    const stream = good();
    for (const sample of stream.waiting) sample.expected.push(sample.expected[0]);
    return stream;
  };
  test.each([
    ["no JSON", "{"],
    ["a list", []],
    ["null", null],
    ["an unknown field", { ...good(), more: 1 }],
    ["too many samples", { ...good(), waiting: Array(16).fill(good().waiting[0]) }],
    ["a negative count", { ...good(), drift: { ...good().drift, seen: -1 } }],
    ["an error that is a text", { ...good(), drift: { ...good().drift, fast: "1" } }],
    ["a sample without rows", { ...good(), waiting: [{}] }],
    ["an unknown input", row({ index: 1 })],
    ["an index that is a name", row({ index: "constructor" })],
    ["another width", row({ width: 3 })],
    ["a huge width", row({ width: 1e9 })],
    ["another type", row({ type: "f64" })],
    ["no values", row({ values: 5 })],
    ["samples of different widths", widened()],
    ["the same input twice", twice()],
    ["more values than the network knows", row({ width: 3, values: Buffer.alloc(12).toString("base64") })],
  ])("is refused with %s", (_, stream) => {
    expect(() => restored(typeof stream === "string" ? stream : JSON.stringify(stream))).toThrow(
      expect.objectContaining({ name: "StateError", message: expect.stringContaining("stream") }),
    );
  });
});
