import { afterEach, describe, expect, test, vi } from "vitest";
import { GpuNetwork, type TrainRun } from "../../src/kernels/webgpu/gpu-network.ts";
import { Network } from "../../src/network/network.ts";
import { restoreState } from "../../src/network/state-file.ts";
import { parseTemplate } from "../../src/network/template/parse-template.ts";
import { expectClose, expectSameCluster } from "./compare.ts";
import { CASES, makeData, type Case, type Data } from "./gpu-networks.ts";
import { useGpu } from "./gpu-support.ts";

/** The software device is slow where other work goes on. */
vi.setConfig({ testTimeout: 120_000 });

const open = useGpu();
const networks: GpuNetwork[] = [];

afterEach(() => {
  for (const network of networks.splice(0)) network.destroy();
});

async function restored(bytes: Uint8Array): Promise<GpuNetwork> {
  const network = await GpuNetwork.restore(open(), bytes);
  networks.push(network);
  return network;
}

async function created(each: Case, on = open()): Promise<GpuNetwork> {
  const network = await GpuNetwork.create(on, parseTemplate(each.template), 5);
  networks.push(network);
  return network;
}

const run = (
  data: Pick<TrainRun, "inputs" | "expected">,
  samples: number,
  update: "batch" | "online",
  batchSize = samples,
): TrainRun => ({
  ...data,
  cycles: samples,
  timeLength: 1,
  batchSize,
  update,
  rateAt: () => 0.7,
});

function trainReference(network: Network, { inputs, expected }: Data, count: number, update: "batch" | "online"): void {
  const columns = (all: Data["inputs"]) => all.map(({ index, width, rows }) => ({ index, width, values: rows }));
  network.train({ count, inputs: columns(inputs), expected: columns(expected), update, rate: 0.7 });
}

/** Rounding of one step; Adam divides by roots of small means, and a bias takes back the changes of a whole block. */
const STEP_TOLERANCE = 5e-5;
const BIAS_TOLERANCE = 5e-4;

describe.each(CASES)("one step from a shared state at many points of a training: $name", (each) => {
  test.each(["batch", "online"] as const)("%s update", async (update) => {
    const samples = update === "batch" ? 33 : 3;
    const reference = Network.create(parseTemplate(each.template), 5);
    for (let step = 1; step <= 10; step += 3) {
      const data = makeData(each, samples, step);
      const network = await restored(reference.export());
      await network.train(run(data, samples, update));
      trainReference(reference, data, samples, update);
      const expected = restoreState(reference.export());
      expectSameCluster(await network.download(), expected, STEP_TOLERANCE, { bias: BIAS_TOLERANCE });
      expect(network.cycle).toBe(reference.cycle);
      expect(await network.metrics()).toEqual(reference.metrics());
      for (const later of [1, 2]) trainReference(reference, makeData(each, samples, step + later), samples, update);
    }
  });

  test("requests show what the reference shows", async () => {
    const reference = Network.create(parseTemplate(each.template), 5);
    for (let step = 1; step <= 4; step++) trainReference(reference, makeData(each, 32, step), 32, "batch");
    const network = await restored(reference.export());
    const { inputs } = makeData(each, 37, 99);
    const shown = await network.request({ cycles: 37, timeLength: 1, inputs });
    const columns = inputs.map(({ index, width, rows }) => ({ index, width, values: rows }));
    const expected = reference.request({ count: 37, inputs: columns });
    shown.forEach((values, index) => {
      // Outputs of bits may flip where a neuron stands on the fence; the values of these differ visibly.
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
        all.map(({ rows, width, index }) => ({ index, width, rows: rows.slice(first * width, (first + 16) * width) }));
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
    const asBytes = data.inputs.map((input) => ({ ...input, rows: Uint8Array.from(input.rows) }));
    await bytes.train(run({ expected: data.expected, inputs: asBytes }, 40, "batch", 20));
    expect(Buffer.from(await bytes.export()).equals(await floats.export())).toBe(true);
  });

  test("of windows equals one of rows that hold the windows", async () => {
    const data = makeData(each, 43, 3);
    const { rows, width } = data.inputs[0]!;
    const windows = new Float32Array(40 * width * 4);
    for (let cycle = 0; cycle < 40; cycle++)
      windows.set(rows.subarray(cycle * width, (cycle + 4) * width), cycle * width * 4);
    const sliding = await created(each);
    await sliding.train({ ...run(data, 40, "batch", 20), timeLength: 4 });
    const spread = await created(each);
    await spread.train(run({ ...data, inputs: [{ index: 0, width: width * 4, rows: windows }] }, 40, "batch", 20));
    expect(Buffer.from(await sliding.export()).equals(await spread.export())).toBe(true);
  });

  test("leaves out samples without a number to expect, and outputs that nobody mentions", async () => {
    const data = makeData(each, 20, 3);
    data.expected[0]!.rows[4] = NaN;
    const reference = Network.create(parseTemplate(each.template), 5);
    const network = await created(each);
    await network.train(run(data, 20, "batch"));
    trainReference(reference, data, 20, "batch");
    await network.train(run({ ...data, expected: [] }, 20, "batch"));
    trainReference(reference, { ...data, expected: [] }, 20, "batch");
    expectSameCluster(await network.download(), restoreState(reference.export()), 1e-4, { bias: BIAS_TOLERANCE });
  });

  test("grows no further than the device has room, and learns on", async () => {
    const small = { ...open(), gpu: { ...open().gpu, maxBufferBytes: 600 * 512 } };
    const network = await created(each, small);
    for (let step = 1; step <= 6; step++) await network.train(run(makeData(each, 64, step), 64, "batch", 32));
    const { sections } = await network.metrics();
    expect(sections).toBeGreaterThan(100);
    expect(sections).toBeLessThanOrEqual(600);
    // What came out is a whole network, which a roomier device continues.
    const continued = await restored(await network.export());
    await continued.train(run(makeData(each, 64, 8), 64, "batch", 32));
    expect((await continued.metrics()).cycle).toBe(7 * 64);
  });

  test("of a network that does not fit on the device is refused before anything is made", async () => {
    const network = await created(each);
    await network.train(run(makeData(each, 64, 1), 64, "batch", 32));
    const small = { ...open(), gpu: { ...open().gpu, maxBufferBytes: 16_384 } };
    await expect(GpuNetwork.restore(small, await network.export())).rejects.toThrow(/the device has no room for \d+ /);
  });

  test("is refused when rows are missing or a step is too large", async () => {
    const network = await created(each);
    const data = makeData(each, 4, 1);
    await expect(network.train(run(data, 5, "batch"))).rejects.toThrow("where 645 are needed");
    const wide = { ...data, inputs: [{ index: 0, width: 0, rows: new Float32Array() }], expected: [] };
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

test("a network without hexagons", async () => {
  const network = await GpuNetwork.create(open(), parseTemplate(""), 1);
  networks.push(network);
  await network.train({ ...run({ inputs: [], expected: [] }, 3, "online"), batchSize: 1 });
  expect(network.cycle).toBe(3);
  expect(await network.request({ cycles: 2, timeLength: 1, inputs: [] })).toEqual([]);
});
