import { afterEach, describe, expect, test, vi } from "vitest";
import { ReferenceEngine } from "../../src/kernels/reference/reference-engine.ts";
import { GpuNetwork, type OnGpu } from "../../src/kernels/webgpu/gpu-network.ts";
import { GPUBufferUsage } from "../../src/kernels/webgpu/webgpu-flags.ts";
import { HEADER } from "../../src/network/layout.ts";
import { REDUCTION_CYCLES } from "../../src/network/constants.ts";
import { Network } from "../../src/network/network.ts";
import { fromTable, TableError, type RunRows, type TrainRun } from "../../src/network/run.ts";
import { writeCycle } from "../../src/network/cycle.ts";
import { exportState, restoreState } from "../../src/network/state-file.ts";
import { parseTemplate } from "../../src/network/template/parse-template.ts";
import { generateDigits, type Digits } from "../../bench/harness/digits.ts";
import { loadDigits, mnistFolder, rows as rowsOf } from "../network/mnist.ts";
import { accuracy, asTable, createNetwork, THREE_HEXAGONS, train as trainOn, type Table } from "../network/training.ts";
import { expectClose, expectSameModel, expectSameScores } from "./compare.ts";
import { CASES, makeData, type Case, type Data } from "./gpu-networks.ts";
import { useGpu } from "./gpu-support.ts";

/** The software device is slow on a busy machine. */
vi.setConfig({ testTimeout: 300_000 });

const open = useGpu();
const networks: GpuNetwork[] = [];

afterEach(() => {
  for (const network of networks.splice(0)) network.dispose();
});

async function restored(bytes: Uint8Array): Promise<GpuNetwork> {
  const network = await GpuNetwork.adopt(open(), bytes);
  networks.push(network);
  return network;
}

async function created(each: Case, on: OnGpu = open()): Promise<GpuNetwork> {
  const network = await GpuNetwork.create(on, parseTemplate(each.template), 5);
  networks.push(network);
  return network;
}

const run = (
  data: Pick<RunRows, "inputs" | "expected">,
  samples: number,
  update: "batch" | "online",
  batchSize = samples,
): TrainRun => ({
  ...data,
  cycles: samples,
  timeLength: 1,
  batchSize,
  update,
  schedule: 0.7,
});

const trainReference = (network: Network, data: Data, cycles: number, update: "batch" | "online"): void =>
  network.train(run(data, cycles, update));

const digitsOf = ({ count, pixels, labels }: Digits) => ({
  count,
  images: Float32Array.from(pixels),
  labels: Float32Array.from(labels),
});

const part = ({ x, xWidth, y, yWidth }: Table, first: number, count: number): Table => ({
  count,
  x: rowsOf(x, xWidth, first, first + count),
  xWidth,
  y: rowsOf(y, yWidth, first, first + count),
  yWidth,
});

/** Rounding of one step; Adam divides by roots of small means, and a bias reverts the changes of a whole block. */
const STEP_TOLERANCE = 5e-5;
const BIAS_TOLERANCE = 5e-4;

test("the first step of a long task starts wide, as the reference does", async () => {
  const [each] = CASES as [Case];
  const data = makeData(each, 33, 1);
  const reference = Network.create(parseTemplate(each.template), 5, new ReferenceEngine());
  const first = { ...run(data, 33, "batch"), schedule: { firstCycle: 0, horizon: 200_000 } };
  reference.train(first);
  const network = await created(each);
  await network.train(first);
  expect(reference.figures().hexagons[1]!.blocks).toBe(8);
  expect(await network.figures()).toEqual(reference.figures());
  expectSameModel(await network.download(), restoreState(reference.export()), STEP_TOLERANCE, {
    bias: BIAS_TOLERANCE,
  });
});

describe.each(CASES)("one step from a shared state at many points of a training: $name", (each) => {
  test.each(["batch", "online"] as const)("%s update", async (update) => {
    const samples = update === "batch" ? 33 : 3;
    const reference = Network.create(parseTemplate(each.template), 5, new ReferenceEngine());
    for (let step = 1; step <= 10; step += 3) {
      const data = makeData(each, samples, step);
      const network = await restored(reference.export());
      await network.train(run(data, samples, update));
      trainReference(reference, data, samples, update);
      const expected = restoreState(reference.export());
      expectSameModel(await network.download(), expected, STEP_TOLERANCE, { bias: BIAS_TOLERANCE });
      expect(network.cycle).toBe(reference.cycle);
      expect(await network.figures()).toEqual(reference.figures());
      expectSameScores(network.takeScores(), reference.takeScores(), STEP_TOLERANCE);
      for (const later of [1, 2]) trainReference(reference, makeData(each, samples, step + later), samples, update);
      reference.takeScores();
    }
  });

  test("requests show what the reference shows", async () => {
    const reference = Network.create(parseTemplate(each.template), 5, new ReferenceEngine());
    for (let step = 1; step <= 4; step++) trainReference(reference, makeData(each, 32, step), 32, "batch");
    const network = await restored(reference.export());
    const { inputs } = makeData(each, 37, 99);
    const shown = await network.request({ cycles: 37, timeLength: 1, inputs });
    const expected = reference.request({ cycles: 37, timeLength: 1, inputs });
    shown.forEach((values, index) => {
      // Outputs of bits may flip where a neuron is at the threshold; such values differ visibly.
      if (reference.outputs[index]!.kind === "plain") expectClose(values, expected[index]!, 1e-5, `output ${index}`);
      else expect(values.filter((value, i) => value !== expected[index]![i]).length).toBeLessThanOrEqual(1);
    });
  });
});

describe("a run", () => {
  const each = CASES[0]!;

  test("of many steps, submitted together while the pools grow, equals its steps one by one", async () => {
    const samples = 200;
    const data = makeData(each, samples, 7);
    const together = await created(each);
    await together.train(run(data, samples, "batch", 16));
    const apart = await created(each);
    for (let first = 0; first < samples; first += 16) {
      const part = (all: Data["inputs"]) =>
        all.map(({ values, width, index }) => ({
          index,
          width,
          values: values.slice(first * width, (first + 16) * width),
        }));
      const count = Math.min(16, samples - first);
      await apart.train(run({ inputs: part(data.inputs), expected: part(data.expected) }, count, "batch", 16));
    }
    expect(Buffer.from(await together.export()).equals(await apart.export())).toBe(true);
  });

  test("of bytes equals one of floats", async () => {
    const data = makeData(each, 40, 9);
    const floats = await created(each);
    await floats.train(run(data, 40, "batch", 20));
    const bytes = await created(each);
    const asBytes = data.inputs.map((input) => ({ ...input, values: Uint8Array.from(input.values) }));
    await bytes.train(run({ expected: data.expected, inputs: asBytes }, 40, "batch", 20));
    expect(Buffer.from(await bytes.export()).equals(await floats.export())).toBe(true);
  });

  test("of windows equals one of rows that hold the windows", async () => {
    const data = makeData(each, 43, 3);
    const { values, width } = data.inputs[0]!;
    const windows = new Float32Array(40 * width * 4);
    for (let cycle = 0; cycle < 40; cycle++)
      windows.set(values.subarray(cycle * width, (cycle + 4) * width), cycle * width * 4);
    const sliding = await created(each);
    await sliding.train({ ...run(data, 40, "batch", 20), timeLength: 4 });
    const spread = await created(each);
    await spread.train(run({ ...data, inputs: [{ index: 0, width: width * 4, values: windows }] }, 40, "batch", 20));
    expect(Buffer.from(await sliding.export()).equals(await spread.export())).toBe(true);
  });

  test("leaves out samples without an expected number, and outputs that are not mentioned", async () => {
    const data = makeData(each, 20, 3);
    data.expected[0]!.values[4] = NaN;
    const reference = Network.create(parseTemplate(each.template), 5, new ReferenceEngine());
    const network = await created(each);
    await network.train(run(data, 20, "batch"));
    trainReference(reference, data, 20, "batch");
    await network.train(run({ ...data, expected: [] }, 20, "batch"));
    trainReference(reference, { ...data, expected: [] }, 20, "batch");
    expectSameModel(await network.download(), restoreState(reference.export()), 1e-4, { bias: BIAS_TOLERANCE });
  });

  test("of a stream waits, and learns in steps, as the reference does", async () => {
    const data = makeData(each, 35, 3);
    const reference = Network.create(parseTemplate(each.template), 5, new ReferenceEngine());
    const network = await created(each);
    const stream: TrainRun = { ...run(data, 35, "online", 1), schedule: "stream" };
    await network.train(stream);
    reference.train(stream);
    expect(await network.figures()).toEqual(reference.figures());
    const asked = { cycles: 1, timeLength: 1, inputs: makeData(each, 1, 7).inputs, isSingle: true };
    expect(network.isDue(asked)).toBe(false);
    const last = data.inputs.map(({ width, values, ...rest }) => ({
      ...rest,
      width,
      values: values.slice(34 * width),
    }));
    const known = { ...asked, inputs: last };
    expect(network.isDue(known)).toBe(true);
    const [shown, wanted] = [await network.request(known), reference.request(known)];
    shown.forEach((values, index) => expectClose(values, wanted[index]!, 1e-4, `output ${index}`));
    expect([network.cycle, reference.cycle]).toEqual([32, 32]);
    const [model, expected] = [await network.download(), restoreState(reference.export())];
    expect(model.stream.state.waiting).toEqual(expected.stream.state.waiting);
    expect(model.stream.state.drift.seen).toBe(expected.stream.state.drift.seen);
    expect(model.stream.state.drift.slow).toBeCloseTo(expected.stream.state.drift.slow, 4);
    expectSameModel(model, expected, 1e-4, { bias: BIAS_TOLERANCE });
  });

  test("grows no further than the device has room, and continues to learn", async () => {
    const small = { ...open(), gpu: { ...open().gpu, maxBufferBytes: 600 * 512 } };
    const network = await created(each, small);
    for (let step = 1; step <= 6; step++) await network.train(run(makeData(each, 64, step), 64, "batch", 32));
    const { sections } = await network.figures();
    expect(sections).toBeGreaterThan(100);
    expect(sections).toBeLessThanOrEqual(600);
    // The export is a complete network, which a device with more room continues.
    const continued = await restored(await network.export());
    await continued.train(run(makeData(each, 64, 8), 64, "batch", 32));
    expect((await continued.figures()).cycle).toBe(7 * 64);
  });

  test("of a network that does not fit on the device is refused before anything is allocated", async () => {
    const network = await created(each);
    await network.train(run(makeData(each, 64, 1), 64, "batch", 32));
    const small = { ...open(), gpu: { ...open().gpu, maxBufferBytes: 16_384 } };
    await expect(GpuNetwork.adopt(small, await network.export())).rejects.toThrow(/the device has no room for \d+ /);
  });

  test("is refused when rows are missing or a step is too large", async () => {
    const network = await created(each);
    const data = makeData(each, 4, 1);
    await expect(network.train(run(data, 5, "batch"))).rejects.toThrow("where 645 are needed");
    const wide = { ...data, inputs: [{ index: 0, width: 0, values: new Float32Array() }], expected: [] };
    await expect(network.train(run(wide, 70_000, "batch"))).rejects.toThrow("cannot compute 70000 samples at once");
  });

  test("of nothing changes nothing", async () => {
    const network = await created(each);
    const before = await network.export();
    await network.train(run(makeData(each, 0, 1), 0, "batch", 16));
    expect(await network.request({ cycles: 0, timeLength: 1, inputs: [] })).toEqual([new Float32Array()]);
    expect(Buffer.from(await network.export()).equals(before)).toBe(true);
  });
});

describe("a table that stays on the device", () => {
  const each = CASES[2]!;
  const rows = 23;
  const timeLength = 2;
  const order = Uint32Array.from({ length: 60 }, (_, cycle) => (cycle * 7 + 3) % (rows - timeLength + 1));
  const rule = { batchSize: 16, schedule: { firstCycle: 0, horizon: 100 } };
  const { inputs, expected } = makeData(each, rows, 5);
  const taken = (all: Data["inputs"], first: number, count: number) =>
    all.map(({ index, width, values }) => ({
      index,
      width,
      values: values.slice(first * width, (first + count) * width),
    }));
  const partOf = (first: number, count: number) => ({
    key: "task",
    rowsTotal: rows,
    first,
    rows: count,
    timeLength,
    inputs: taken(inputs, first, count),
    expected: taken(expected, first, count),
  });
  /** The rows that `order` picks, cycle by cycle. */
  const picked = (all: Data["inputs"], length: number) =>
    all.map(({ index, width, values }) => {
      const window = width * length;
      const copied = new Float32Array(order.length * window);
      order.forEach((row, cycle) => copied.set(values.subarray(row * width, row * width + window), cycle * window));
      return { index, width: window, values: copied };
    });

  test("trains by row numbers the same as the rows themselves do", async () => {
    const streamed = await created(each);
    const run = { inputs: picked(inputs, timeLength), expected: picked(expected, 1), cycles: order.length };
    await streamed.train({ ...run, ...rule, timeLength: 1 });
    const held = await created(each);
    const before = held.bytesTaken;
    expect(await held.keepTable(partOf(0, 12), 2 ** 20)).toBe(true);
    expect(held.bytesTaken).toBeGreaterThan(before);
    expect(await held.keepTable(partOf(12, 11), 2 ** 20)).toBe(true);
    const cut = 32;
    await held.train({ ...rule, ...fromTable("task", order.subarray(0, cut)) });
    // Another run in between leaves the table alone.
    await held.request({ cycles: 3, timeLength: 1, inputs });
    const later = { ...rule, schedule: { firstCycle: cut, horizon: 100 } };
    await held.train({ ...later, ...fromTable("task", order.subarray(cut)) });
    expect(Buffer.from(await held.export()).equals(await streamed.export())).toBe(true);
  });

  test("is refused when it is too large, and cannot be used when it is incomplete, another task's or gone", async () => {
    const network = await created(each);
    const ask = (key = "task", rowsOfIt = order) => network.train({ ...rule, ...fromTable(key, rowsOfIt) });
    expect(await network.keepTable(partOf(0, 12), 3000)).toBe(false);
    await expect(ask()).rejects.toThrow(TableError);
    expect(await network.keepTable(partOf(12, 11), 2 ** 20)).toBe(false);
    expect(await network.keepTable(partOf(0, 12), 2 ** 20)).toBe(true);
    await expect(ask()).rejects.toThrow(TableError);
    await expect(network.keepTable(partOf(13, 10), 2 ** 20)).rejects.toThrow("out of turn");
    expect(await network.keepTable(partOf(12, 11), 2 ** 20)).toBe(true);
    await expect(ask("another")).rejects.toThrow(TableError);
    await expect(ask("task", Uint32Array.of(rows - timeLength + 1))).rejects.toThrow(RangeError);
    const { bytesTaken } = network;
    network.dropTable();
    expect(network.bytesTaken).toBeLessThan(bytesTaken);
    await expect(ask()).rejects.toThrow(TableError);
    expect(network.cycle).toBe(0);
  });
});

test("sections that have learnt nothing are removed after the same samples as by the reference", async () => {
  const each = {
    ...CASES[0]!,
    template: CASES[0]!.template.replace("settings:", "settings:\n    enable_reduction: true"),
  };
  const reference = Network.create(parseTemplate(each.template), 5, new ReferenceEngine());
  for (let step = 1; step <= 3; step++) trainReference(reference, makeData(each, 32, step), 32, "batch");
  // As if the last reduction had seen all of them, and the next one were near.
  const state = restoreState(reference.export());
  const { header } = state.state.arrays;
  const sections = header[HEADER.section]!;
  header[HEADER.reducedSections] = sections;
  writeCycle(header, REDUCTION_CYCLES - 40);
  const late = Network.restore(exportState(state), new ReferenceEngine());
  const network = await restored(exportState(state));
  const samples = 96;
  const data = makeData(each, samples, 9);
  await network.train(run(data, samples, "batch", 32));
  late.train(run(data, samples, "batch", 32));
  const expected = restoreState(late.export());
  expect(expected.state.arrays.header[HEADER.reducedSections]).toBeLessThan(sections);
  expectSameModel(await network.download(), expected, 1e-4, { bias: 1e-3 });
});

test("a run reads back once for many steps, and the number of workgroups changes no bit", async () => {
  const each = CASES[0]!;
  const counted = { submits: 0, maps: 0 };
  const { gpu, kernels } = open();
  const { device } = gpu;
  const submit = device.queue.submit.bind(device.queue);
  const createBuffer = device.createBuffer.bind(device);
  const spies = [
    vi.spyOn(device.queue, "submit").mockImplementation((buffers) => {
      counted.submits += 1;
      submit(buffers);
    }),
    vi.spyOn(device, "createBuffer").mockImplementation((descriptor) => {
      if ((descriptor.usage & GPUBufferUsage.MAP_READ) !== 0) counted.maps += 1;
      return createBuffer(descriptor);
    }),
  ];
  const hardware = { ...gpu, identity: { ...gpu.identity, isSoftware: false } };
  const [few, many] = [
    await created(each, { gpu, kernels, roundMs: Infinity }),
    await created(each, { gpu: hardware, kernels, roundMs: Infinity }),
  ];
  try {
    for (const network of [few, many]) await network.train(run(makeData(each, 96, 1), 96, "batch", 16));
    expect(Buffer.from(await few.export()).equals(await many.export())).toBe(true);
    // Steps of another kind begin with short rounds.
    Object.assign(counted, { submits: 0, maps: 0 });
    await few.train(run(makeData(each, 64, 2), 64, "online", 1));
    // Rounds of 1, 2, 4 … 32 steps and one for the rest; a pool may grow once.
    expect(counted.maps).toBeLessThanOrEqual(9);
    // A round is submitted in parts of 16 steps and read back by a separate submit; growing copies in further ones.
    expect(counted.submits).toBeLessThanOrEqual(64 / 16 + 4 * counted.maps);
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
});

test("a network learns to read digits as well as on the CPU", async () => {
  const [count, tests, batchSize] = [768, 1000, 64];
  // `npm run bench -- gpu-accuracy` does the same with all of MNIST.
  const generated = asTable(digitsOf(generateDigits(count + tests, 784)));
  const table =
    mnistFolder === undefined ? part(generated, 0, count) : asTable(loadDigits(mnistFolder, "train", count));
  const unseen =
    mnistFolder === undefined ? part(generated, count, tests) : asTable(loadDigits(mnistFolder, "t10k", tests));
  const reference = createNetwork();
  trainOn(reference, table, batchSize, 2);
  const network = await GpuNetwork.create(open(), parseTemplate(THREE_HEXAGONS), 1);
  networks.push(network);
  const inputs = [{ index: 0, width: 784, values: table.x }];
  const expected = [{ index: 0, width: 10, values: table.y }];
  const whole = { key: "digits", rowsTotal: count, first: 0, rows: count, timeLength: 1, inputs, expected };
  expect(await network.keepTable(whole, Infinity)).toBe(true);
  const order = Uint32Array.from({ length: 2 * count }, (_, cycle) => cycle % count);
  const schedule = { firstCycle: 0, horizon: order.length };
  await network.train({ ...fromTable("digits", order), batchSize, schedule });
  const asked = [{ index: 0, width: 784, values: unseen.x }];
  const shown = await network.request({ cycles: tests, timeLength: 1, inputs: asked });
  const [onGpu, onCpu] = [accuracy({ request: () => shown }, unseen), accuracy(reference, unseen)];
  expect(onCpu).toBeGreaterThan(70);
  expect(Math.abs(onGpu - onCpu)).toBeLessThanOrEqual(0.3);
});

test("a network without hexagons", async () => {
  const network = await GpuNetwork.create(open(), parseTemplate(""), 1);
  networks.push(network);
  await network.train({ ...run({ inputs: [], expected: [] }, 3, "online"), batchSize: 1 });
  expect(network.cycle).toBe(3);
  expect(await network.request({ cycles: 2, timeLength: 1, inputs: [] })).toEqual([]);
});
