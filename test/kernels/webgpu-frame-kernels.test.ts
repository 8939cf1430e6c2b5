/** The kernels around a step, each on its own: their inputs, what they keep, and the reach of a damaged state. */
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { ReferenceEngine } from "../../src/kernels/reference/reference-engine.ts";
import { unpack } from "../../src/kernels/reference/unpack.ts";
import { kindOf } from "../../src/kernels/reference/section-source.ts";
import { WasmEngine } from "../../src/kernels/wasm/wasm-engine.ts";
import { MODES } from "../../src/kernels/webgpu/codes.ts";
import { RowFeed, type Feed } from "../../src/kernels/webgpu/feed.ts";
import { GpuNetwork } from "../../src/kernels/webgpu/gpu-network.ts";
import { NetworkBuffers } from "../../src/kernels/webgpu/network-buffers.ts";
import { structs } from "../../src/kernels/webgpu/records.ts";
import { roomForStep } from "../../src/kernels/webgpu/room.ts";
import {
  countSynapses,
  Recorder,
  shapeOf,
  SOFTWARE_GROUPS,
  stepDispatches,
  type Dispatch,
  type KernelName,
} from "../../src/kernels/webgpu/step-recorder.ts";
import { NEURONS_PER_BLOCK, NONE, SECTIONS_PER_BLOCK } from "../../src/network/constants.ts";
import { Network } from "../../src/network/network.ts";
import type { NetworkModel } from "../../src/network/network-model.ts";
import { growBlock } from "../../src/network/readout.ts";
import { Scratch } from "../../src/kernels/reference/scratch.ts";
import { append, count } from "../../src/network/state.ts";
import { parseTemplate } from "../../src/network/template/parse-template.ts";
import { CASES, makeData, sequence, trainedModel } from "./gpu-networks.ts";
import { useGpu } from "./gpu-support.ts";
import { hexagonScope, POISON } from "./kernel-bench.ts";
import { expectedOf, ODD, shownIn, templateWith, WIDTH } from "./odd-inputs.ts";
import { smallModel } from "./small.ts";

/** The software device is slow on a busy machine. */
vi.setConfig({ testTimeout: 300_000 });

const open = useGpu();
const CONTROL = structs("Control");

interface Bench {
  network: NetworkBuffers;
  /** Runs the kernels of a training step with these names, in its order. */
  readonly run: (names: readonly KernelName[] | "all", feed?: Feed) => Promise<void>;
  readonly runOne: (dispatch: Dispatch) => Promise<void>;
}

/** Puts a network on the device while `work` runs; `values` and `deltas` hold POISON. */
async function onDevice<T>(model: NetworkModel, samples: number, work: (bench: Bench) => Promise<T>): Promise<T> {
  const { gpu, kernels } = open();
  const network = await NetworkBuffers.upload({ gpu, dropIdle: () => false }, model);
  try {
    await network.ensureSamples(Math.max(1, samples));
    network.writeFields({ samples, steps: 1 });
    const { buffers } = network;
    for (const name of ["values", "deltas"])
      buffers.write(name, new Float32Array(buffers.get(name).size / 4).fill(POISON));
    buffers.atLeast("steps", 16);
    buffers.atLeast("shown", Math.max(4, samples * network.counts.output * 4));
    const recorder = await Recorder.create(gpu, kernels);
    const hexagonScopes = model.hexagons.map((_, index) => hexagonScope(network, model, index));
    const submit = (dispatches: Iterable<Dispatch>) =>
      gpu.checked(() => {
        const encoder = gpu.device.createCommandEncoder();
        const pass = encoder.beginComputePass();
        for (const dispatch of dispatches) recorder.record(pass, network, dispatch);
        pass.end();
        gpu.device.queue.submit([encoder.finish()]);
      });
    const nothing: Feed = {
      inputs: [],
      expected: { key: "none", buffers: { expected: buffers.atLeast("none", 4), order: buffers.get("none") } },
    };
    return await work({
      network,
      run: async (names, feed = nothing) => {
        const shape = shapeOf(model, { ...network.room, output: network.counts.output });
        const plan = { samples: Math.max(1, samples), isTraining: true, hexagonScopes, feed, limits: SOFTWARE_GROUPS };
        const wanted = [...stepDispatches(shape, plan)].filter(
          ({ kernel }) => names === "all" || names.includes(kernel),
        );
        await submit(wanted);
      },
      runOne: (dispatch) => submit([dispatch]),
    });
  } finally {
    network.destroy();
  }
}

const floats = async ({ buffers }: NetworkBuffers, name: string, words: number) =>
  new Float32Array((await buffers.read({ [name]: words }))[name]!.buffer);

describe("begin", () => {
  const model = () => trainedModel(CASES[0]!, 2, { update: "batch", rate: 0.01 });
  const capacities = (network: NetworkBuffers) => {
    const { block, section, tile, row } = roomForStep(network.counts, {
      hexagons: network.hexagonCount,
      runs: network.runs,
    });
    return { block_capacity: block, section_capacity: section, tile_capacity: tile, row_capacity: row };
  };

  /** The fields of `control` after `begin`. */
  async function begun(
    fields: (network: NetworkBuffers) => Record<string, number>,
    steps = [[7, 33, 5, 0.25, 0.125]],
  ): Promise<Record<string, number>> {
    return onDevice(model(), 40, async ({ network, run }) => {
      const table = steps.flatMap(([first, samples, result, rate, decay]) => [
        ...Uint32Array.of(first!, samples!, result!),
        ...new Uint32Array(Float32Array.of(rate!, decay!).buffer),
      ]);
      network.buffers.create("steps", table.length * 4);
      network.buffers.write("steps", Uint32Array.from(table));
      const stale = { samples: 99, learning: 9, rows_started: 77, first_row: 1, result_row: 2 };
      network.writeFields({ ...stale, steps: steps.length, next_step: 0, mode: MODES.batch, ...fields(network) });
      await run(["begin"]);
      const control = await network.readControl();
      const names = ["samples", "learning", "rows_started", "first_row", "result_row", "next_step", "halted", "rows"];
      const float = (name: string) => new Float32Array(control.buffer)[CONTROL.at(name)]!;
      return {
        rate: float("rate"),
        decay: float("weight_decay"),
        ...Object.fromEntries(names.map((name) => [name, control[CONTROL.at(name)]!])),
      };
    });
  }

  test("takes a step when there is exactly enough room for the most that it could add", async () => {
    const control = await begun(capacities);
    expect(control).toMatchObject({ samples: 33, first_row: 7, result_row: 5, learning: 0, next_step: 1 });
    expect(control).toMatchObject({ rate: 0.25, decay: 0.125 });
    expect(control).toMatchObject({ halted: 0, rows_started: control["rows"] });
  });

  test.each(["block_capacity", "section_capacity", "tile_capacity", "row_capacity"] as const)(
    "stops when %s is one short, except on a full device or for a request",
    async (short) => {
      const less = (network: NetworkBuffers) => {
        const all = capacities(network);
        return { ...all, [short]: all[short] - 1 };
      };
      expect(await begun(less)).toMatchObject({ samples: 0, learning: 0, next_step: 0, halted: 1 });
      expect(await begun((network) => ({ ...less(network), is_full: 1 }))).toMatchObject({ samples: 33, halted: 0 });
      expect(await begun((network) => ({ ...less(network), mode: MODES.request }))).toMatchObject({ samples: 33 });
    },
  );

  test("does nothing after the last step, and nothing once it has stopped", async () => {
    expect(await begun(() => ({ next_step: 1 }))).toMatchObject({ samples: 0, next_step: 1 });
    expect(await begun(() => ({ halted: 1 }))).toMatchObject({ samples: 0, next_step: 0, halted: 1 });
  });
});

describe("unpack", () => {
  const odd = [NaN, -1, -0, 0, 1e-30, 2.5, Infinity, 3e38, 255, 7];

  // Around the 128 values of a block.
  test.each([0, 1, 127, 128, 129, 1001])("%i values of every kind, in any order, as the reference", async (width) => {
    for (const kind of ["", "(binary)", "(match)"]) {
      for (const isBytes of [false, true]) {
        const [rows, timeLength] = [9, width < 200 ? 3 : 1];
        const model = smallModel({ kind, inputs: width * timeLength });
        growBlock(model, model.hexagons[1]!);
        const random = sequence(width + 1);
        const value = () => (isBytes ? Math.floor(random() * 256) : odd[Math.floor(random() * odd.length)]!);
        const all = Array.from({ length: rows * width }, value);
        const values = isBytes ? Uint8Array.from(all) : Float32Array.from(all);
        const order = Uint32Array.of(6, 0, 3, 3, 1);
        const samples = order.length;
        const inputs = [{ index: 0, width, values }];

        const scratch = new Scratch();
        scratch.begin(model, samples);
        const windows = Float32Array.from(
          [...order].flatMap((row) => all.slice(row * width, (row + timeLength) * width)),
        );
        unpack(model, scratch, 0, windows, width * timeLength);
        // Only blocks of inputs are written.
        const others = model.hexagons[1]!.blocks[0]!;
        scratch.value.fill(POISON, scratch.at(others, 0), scratch.at(others + 1, 0));

        const feed = new RowFeed(open().gpu);
        try {
          feed.reserve(inputs, rows, 1);
          feed.write(model, { inputs, expected: [] }, 0, rows);
          const picked = feed.pick(model, inputs, order, timeLength);
          const shown = await onDevice(model, samples, async ({ network, run }) => {
            await run(["unpack"], picked);
            return floats(network, "values", scratch.at(network.counts.block, 0));
          });
          expect({ kind, isBytes, shown }).toEqual({ kind, isBytes, shown: scratch.value.subarray(0, shown.length) });
        } finally {
          feed.destroy();
        }
      }
    }
  });

  test.each(["", "(binary)", "(match)"])(
    "odd values of an input %s have the same bits on all engines",
    async (kind) => {
      const wasm = new WasmEngine();
      onTestFinished(() => wasm.close());
      const empty = Network.create(templateWith(kind), 1, new ReferenceEngine());
      empty.ensureInputWidth(0, WIDTH);
      const networks = [new ReferenceEngine(), wasm].map((engine) => Network.restore(empty.export(), engine));
      const onGpu = await GpuNetwork.adopt(open(), empty.export());
      onTestFinished(() => onGpu.dispose());
      for (let shift = 0; shift < ODD.length; shift++) {
        const values = Float32Array.from({ length: WIDTH }, (_, i) => ODD[(i + shift) % ODD.length]!);
        const asked = { cycles: 1, timeLength: 1, inputs: [{ index: 0, values, width: WIDTH }] };
        for (const network of networks) network.request(asked);
        await onGpu.request(asked);
        const [reference, cpu] = networks.map((network) => shownIn(network.export()));
        const gpu = shownIn(await onGpu.export());
        const expected = expectedOf(values, kind);
        expect({ shift, reference, cpu, gpu }).toEqual({ shift, reference: expected, cpu: expected, gpu: expected });
      }
    },
  );
});

test.each([0, 1, 127, 128, 129])(
  "clear silences all blocks in each of %i samples, and does nothing without samples",
  async (samples) => {
    const model = trainedModel(CASES[3]!, 1, { update: "batch", rate: 0.01 }, 4);
    await onDevice(model, samples, async ({ network, run }) => {
      await run(["clear"]);
      const words = network.room.block * Math.max(1, samples) * NEURONS_PER_BLOCK;
      for (const name of ["values", "deltas"]) {
        const found = await floats(network, name, words);
        expect(found.every((value) => value === (samples === 0 ? POISON : 0))).toBe(true);
      }
    });
  },
);

test.each([0, 1, 7, 129])("remember keeps the last of %i samples", async (samples) => {
  const model = trainedModel(CASES[3]!, 1, { update: "batch", rate: 0.01 }, 4);
  model.state.arrays.lastValue.fill(POISON);
  const random = sequence(3);
  await onDevice(model, samples, async ({ network, run }) => {
    const blocks = network.counts.block;
    const values = Float32Array.from({ length: blocks * samples * NEURONS_PER_BLOCK }, random);
    network.buffers.write("values", values);
    await run(["remember"]);
    const { lastValue } = (await network.download(model.state.arrays.header)).state.arrays;
    const last = (id: number) =>
      values[((Math.floor(id / NEURONS_PER_BLOCK) + 1) * samples - 1) * NEURONS_PER_BLOCK + (id % NEURONS_PER_BLOCK)]!;
    const expected = Float32Array.from({ length: blocks * NEURONS_PER_BLOCK }, (_, id) =>
      samples === 0 ? POISON : last(id),
    );
    expect(lastValue.subarray(0, expected.length)).toEqual(expected);
  });
});

// Around the 64 sections of a workgroup and the capacity of all workgroups together.
test.each([0, 1, 63, 64, 65, 1023, 1025, 5001])("count-synapses counts those of %i sections", async (sections) => {
  const model = smallModel({ inputs: 5 });
  const hidden = growBlock(model, model.hexagons[1]!);
  const end = growBlock(model, model.hexagons[2]!);
  append(model.state, "section", sections);
  const { source, target, ramps, next } = model.state.arrays;
  next.fill(NONE);
  const random = sequence(sections);
  let synapses = 0;
  for (let s = 0; s < sections; s++) {
    const isInput = random() < 0.5;
    source[s] = isInput ? Math.floor(random() * 5) : hidden * NEURONS_PER_BLOCK + Math.floor(random() * 128);
    target[s] = isInput ? hidden : end;
    const kind = kindOf(model, s);
    ramps[s] = Math.floor(random() * (kind.rampCount + 1));
    synapses += ramps[s]! * kind.rampSize;
  }
  await onDevice(model, 1, async ({ network, runOne }) => {
    expect(network.counts.section).toBe(sections);
    await runOne(countSynapses(Math.max(1, sections), SOFTWARE_GROUPS));
    expect((await network.buffers.read({ tally: 4 }))["tally"]![2]).toBe(synapses);
  });
});

test("a damaged state affects only itself, and no kernel runs forever", async () => {
  const each = CASES[1]!;
  const neighbour = await GpuNetwork.create(open(), parseTemplate(each.template), 5);
  const data = makeData(each, 16, 1);
  const rule = { batchSize: 16, schedule: 1 };
  await neighbour.train({ ...data, ...rule, cycles: 16, timeLength: 1 });
  const before = await neighbour.export();
  const model = trainedModel(each, 2, { update: "batch", rate: 0.01 }, 4);
  const feed = new RowFeed(open().gpu);
  const random = sequence(11);
  try {
    for (const isPlausible of [false, true]) {
      await onDevice(model, 3, async ({ network, run }) => {
        const { counts } = network;
        // Past the checks of `restoreState`: indices, counts and numbers are arbitrary, or just beyond the valid range.
        const sizes = {
          sections: counts.section * structs("Section").words,
          blocks: counts.block * structs("Block").words,
          neurons: counts.block * NEURONS_PER_BLOCK * structs("Neuron").words,
          tiles: counts.tile * structs("Tile").words,
          outputs: counts.output * structs("Output").words,
        };
        for (const [name, words] of Object.entries(sizes)) {
          const most = isPlausible ? counts.section * 2 + 1000 : 2 ** 32;
          network.buffers.write(
            name,
            Uint32Array.from({ length: words }, () => Math.floor(random() * most)),
          );
        }
        network.buffers.write("steps", Uint32Array.of(0, 3, 0, 0x3c23d70a));
        network.writeFields({ mode: MODES.batch, steps: 1, next_step: 0, halted: 0 });
        await run("all", feed.stream(model, { ...data, cycles: 3, timeLength: 1, batchSize: 3, schedule: 1 }));
        const control = await network.readControl();
        expect(control[CONTROL.at("next_step")]).toBe(1);
        expect(control[CONTROL.at("sections")]).toBeLessThanOrEqual(network.room.section);
        expect(control[CONTROL.at("blocks")]).toBeLessThanOrEqual(network.room.block);
      });
    }
    expect(Buffer.from(await neighbour.export()).equals(before)).toBe(true);
    expect(count(model.state, "section")).toBeGreaterThan(0);
  } finally {
    feed.destroy();
    neighbour.dispose();
  }
});

test("circular and merging lists cost no more than valid ones", async () => {
  const made = smallModel({ inputs: 5 });
  const [, middle, last] = made.hexagons;
  for (let block = 0; block < 8; block++) growBlock(made, middle!);
  for (let block = 0; block < 8; block++) growBlock(made, last!);
  const sections = 8 * SECTIONS_PER_BLOCK;
  append(made.state, "section", sections);
  const { source, target, ramps, next, sectionHead, blockSections, places, ends, range, seed } = made.state.arrays;
  const neurons = 8 * NEURONS_PER_BLOCK;
  for (let s = 0; s < sections; s++) {
    source[s] = middle!.blocks[0]! * NEURONS_PER_BLOCK + (s % neurons);
    target[s] = last!.blocks[Math.floor(s / SECTIONS_PER_BLOCK)]!;
    places[target[s]! * SECTIONS_PER_BLOCK + blockSections[target[s]!]!++] = s;
    [ramps[s], range[s], seed[s]] = [1, 1e9, s];
    ends[s * 4] = 1e6;
    next[s] = sectionHead[source[s]!]!;
    sectionHead[source[s]!] = s;
  }
  const samples = 2;
  const timeOf = () =>
    onDevice(made, samples, async ({ network, run }) => {
      network.writeFields({ learning: samples });
      network.buffers.write("control", Uint32Array.of(0, 1), CONTROL.at("learners") * 4);
      let least = Infinity;
      for (let n = 0; n < 3; n++) {
        const start = performance.now();
        await run(["source-delta"]);
        await network.readControl();
        least = Math.min(least, performance.now() - start);
      }
      return least;
    });
  const whole = await timeOf();
  // All neurons begin with the newest section, which leads through all the others.
  sectionHead.fill(sections - 1, source[0]!, source[0]! + neurons);
  for (let s = 0; s < sections; s++) next[s] = s - 1;
  next[0] = sections - 1;
  expect(await timeOf()).toBeLessThan(20 * whole);
  // The same for the sections of one neuron: each list is a circle.
  for (let s = 0; s < sections; s++) next[s] = (s + neurons) % sections;
  for (let n = 0; n < neurons; n++) sectionHead[source[n]!] = n;
  expect(await timeOf()).toBeLessThan(20 * whole);
});
