/**
 * No network reaches another's state. The tests write to networks directly, past all validation, so only the kernels
 * protect the neighbours.
 */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { ReferenceEngine } from "../../src/kernels/reference/reference-engine.ts";
import * as slots from "../../src/kernels/wasm/slots.ts";
import { WasmEngine } from "../../src/kernels/wasm/wasm-engine.ts";
import type { NetworkModel } from "../../src/network/network-model.ts";
import { emptyScores } from "../../src/network/run-scores.ts";
import { type Engine, KernelError, type PreparedRun } from "../../src/network/engine.ts";
import { NEURONS_PER_BLOCK, NONE, SECTIONS_PER_BLOCK } from "../../src/network/constants.ts";
import { type Arrays, HEADER } from "../../src/network/layout.ts";
import { Network } from "../../src/network/network.ts";
import { pcg } from "../../src/network/random.ts";
import { StateError } from "../../src/network/state-error.ts";
import { exportState, restoreState } from "../../src/network/state-file.ts";
import { parseTemplate } from "../../src/network/template/parse-template.ts";

/** The first hexagon feeds two others, the second feeds one, and an axon leads back. */
const TEMPLATE = parseTemplate(`version: 1 settings: max_connection_distance: 2
  hexagons: 1,1,1 2,1,1 3,1,1 4,1,1 inputs: in: 1,1,1 outputs: out: 4,1,1`);
const WIDTH = 150;
const OUTPUTS = 3;

const uniform = (seed: number) => pcg(seed) / 2 ** 32;

function batch(seed: number, count = 20) {
  const pixels = Float32Array.from({ length: count * WIDTH }, (_, i) => {
    const drawn = uniform(seed * 7919 + i);
    return drawn < 0.3 ? Math.ceil(drawn * 40) : 0;
  });
  const targets = Float32Array.from({ length: count * OUTPUTS }, (_, i) => (uniform(seed * 31 + i) > 0.5 ? 1 : 0));
  return {
    cycles: count,
    timeLength: 1,
    inputs: [{ index: 0, values: pixels, width: WIDTH }],
    expected: [{ index: 0, values: targets, width: OUTPUTS }],
  };
}

function teach(network: Network, seed: number, samples = 60): void {
  network.train({ ...batch(seed, samples), batchSize: 20, schedule: 0.9 });
  network.train({ ...batch(seed + 1, 2), batchSize: 1, schedule: 0.9 });
}

function trained(engine: Engine, seed: number): Network {
  const network = Network.create(TEMPLATE, seed, engine);
  for (let round = 0; round < 4; round++) teach(network, seed * 100 + round * 2);
  return network;
}

/** Trains past all checks of `Network`. */
function train(engine: Engine, model: NetworkModel, step: number): void {
  const { cycles, timeLength, inputs, expected } = batch(5);
  const run: PreparedRun = {
    cycles,
    timeLength,
    batchSize: step,
    inputs,
    expected: expected[0]!.values,
    muted: new Uint8Array(cycles),
    rates: new Float32Array(cycles).fill(0.01),
    update: step === 1 ? "online" : "batch",
  };
  engine.train(model, run, emptyScores(model.template));
}

function request(engine: Engine, model: NetworkModel): void {
  const { cycles, timeLength, inputs } = batch(5);
  engine.request(model, { cycles, timeLength, inputs });
}

/** The memory that a network is in, at its current size. */
function memoryOf({ state: { memory } }: NetworkModel): ArrayBufferLike {
  const region = memory.allocate(0);
  memory.release(region);
  return region.buffer;
}

let state: Uint8Array;
const engines = { reference: new ReferenceEngine(), wasm: new WasmEngine({ threads: 2 }) };
beforeAll(() => {
  const network = trained(engines.wasm, 7);
  state = network.export();
  network.dispose();
});
afterAll(() => engines.wasm.close());

const FAR = 0xfffffffe;

/** The first section that a neuron, not an input, feeds, and one that an input feeds. */
const sectionOf = ({ source, blockHexagon }: Arrays, hexagon: number) =>
  source.findIndex((id) => blockHexagon[Math.floor(id / NEURONS_PER_BLOCK)] === hexagon);
const blockOf = ({ blockHexagon }: Arrays, hexagon: number) => blockHexagon.indexOf(hexagon);
const firstPlace = ({ blockSections }: Arrays) => blockSections.findIndex((used) => used > 1) * SECTIONS_PER_BLOCK;
const firstHead = ({ sectionHead }: Arrays) => sectionHead.findIndex((head) => head !== NONE);

/** Hostile contents of a state that could lead kernels astray. */
const HOSTILE: Record<string, (arrays: Arrays) => void> = {
  "more blocks than there are": ({ header }) => (header[HEADER.block]! += 1),
  "far more blocks": ({ header }) => (header[HEADER.block] = FAR),
  "more sections than there are": ({ header }) => (header[HEADER.section]! += 1),
  "far more sections": ({ header }) => (header[HEADER.section] = FAR),
  "fewer sections": ({ header }) => (header[HEADER.section]! -= 1),
  "more tiles than there are": ({ header }) => (header[HEADER.tile] = FAR),
  "more rows than there are": ({ header }) => (header[HEADER.row] = FAR),
  "more outputs than there are": ({ header }) => (header[HEADER.output] = FAR),
  "more inputs than there are": ({ header }) => (header[HEADER.input]! += 1),
  "an input wider than its blocks": ({ inputWidth }) => (inputWidth[0] = FAR),
  "a block of no hexagon": ({ blockHexagon }) => (blockHexagon[0] = FAR),
  "a block of another hexagon": (arrays) => (arrays.blockHexagon[blockOf(arrays, 1)] = 2),
  "a block with more sections than it has places": (arrays) => (arrays.blockSections[blockOf(arrays, 1)] = 600),
  "a block with fewer sections than end in it": (arrays) => (arrays.blockSections[blockOf(arrays, 1)]! -= 1),
  "a place that holds no section": (arrays) => (arrays.places[firstPlace(arrays)] = FAR),
  "a section in two places": (arrays) => (arrays.places[firstPlace(arrays) + 1] = arrays.places[firstPlace(arrays)]!),
  "a section without a source": ({ source }) => (source[0] = FAR),
  "a section of another source": ({ source }) => (source[0]! ^= 1),
  "a section that ends in no block": ({ target }) => (target[0] = FAR),
  "a section that ends in another block": ({ target }) => (target[0]! += 1),
  "a section that ends in an input": ({ target }) => (target[0] = 0),
  // Changes all related arrays, so that only the hexagon is wrong.
  "a section that ends where its source does not lead": (arrays) =>
    move(arrays, sectionOf(arrays, 2), blockOf(arrays, 1)),
  "a list that runs in a circle": ({ next }) => next.set([1, 0]),
  "a section that follows itself": ({ next }) => (next[0] = 0),
  "a list that leads out of range": ({ next }) => (next[0] = FAR),
  "a list that goes on with another neuron's": ({ next, source }) =>
    (next[next.length - 1] = source.findIndex((id) => id !== source[source.length - 1])),
  "a head out of range": (arrays) => (arrays.sectionHead[firstHead(arrays)] = FAR),
  "a head of another neuron's list": (arrays) =>
    (arrays.sectionHead[firstHead(arrays) + 1] = arrays.sectionHead[firstHead(arrays)]!),
  "more ramps than an input's section has": (arrays) => (arrays.ramps[sectionOf(arrays, 0)] = 5),
  "more ramps than a neuron's section has": (arrays) => (arrays.ramps[sectionOf(arrays, 1)] = 3),
  "far more ramps": ({ ramps }) => (ramps[0] = FAR),
  "readout weights of no block": ({ tileBlock }) => (tileBlock[0] = FAR),
  "readout weights of no output": ({ tileOutput }) => (tileOutput[0] = FAR),
  "readout weights of too many outputs": ({ tileOutputCount }) => (tileOutputCount[0] = FAR),
  "readout weights that are not there": ({ tileRow }) => (tileRow[0] = FAR),
  "readout weights of two tiles": ({ tileRow }) => (tileRow[1] = tileRow[0]!),
  "an output of nobody": ({ outputOwner }) => (outputOwner[0] = FAR),
};

/** Arrays that hold indices, lengths or links. */
const LEADING = [
  ...(["blockHexagon", "blockSections", "places", "sectionHead", "source", "target", "next", "ramps"] as const),
  ...(["tileBlock", "tileOutput", "tileOutputCount", "tileRow", "outputOwner", "inputWidth"] as const),
];

/** Moves a section to another block, in all arrays that refer to it. */
function move({ target, places, blockSections }: Arrays, section: number, block: number): void {
  const row = (of: number) => places.subarray(of * SECTIONS_PER_BLOCK, of * SECTIONS_PER_BLOCK + blockSections[of]!);
  const rest = row(target[section]!).filter((each) => each !== section);
  places.set(rest, target[section]! * SECTIONS_PER_BLOCK);
  blockSections[target[section]!]! -= 1;
  const with_ = [...row(block), section].toSorted((a, b) => a - b);
  places.set(with_, block * SECTIONS_PER_BLOCK);
  blockSections[block]! += 1;
  target[section] = block;
}

describe.each(["reference", "wasm"] as const)("the %s engine", (name) => {
  const engine = engines[name];

  let neighbours: Network[];
  let before: Buffer[];
  beforeAll(() => {
    neighbours = [trained(engine, 1), trained(engine, 2)];
    before = neighbours.map((each) => Buffer.from(each.export()));
  });

  test.each(Object.keys(HOSTILE))("refuses %s, and its neighbours are not affected", (what) => {
    for (const work of [
      (model: NetworkModel) => train(engine, model, 20),
      (model: NetworkModel) => train(engine, model, 1),
      (model: NetworkModel) => request(engine, model),
    ]) {
      const model = restoreState(state, engine.memoryFor());
      HOSTILE[what]!(model.state.arrays);
      expect(() => work(model)).toThrow(StateError);
      engine.release(model);
    }
    expect(neighbours.map((each, i) => before[i]!.equals(each.export()))).toEqual([true, true]);
  });

  test("accepts the state when nothing is wrong with it, and the neighbours", () => {
    for (const each of neighbours) teach(each, 3);
    const model = restoreState(state, engine.memoryFor());
    for (const step of [20, 1]) train(engine, model, step);
    request(engine, model);
    restoreState(exportState(model));
    engine.release(model);
  });
});

function open(options: ConstructorParameters<typeof WasmEngine>[0]): WasmEngine {
  const engine = new WasmEngine(options);
  onTestFinished(() => engine.close());
  return engine;
}

test.each([1, 3])("networks that share fewer docks learn and answer the same, with %i threads", (threads) => {
  const seeds = [1, 2, 3, 4, 5];
  const [few, plenty] = [open({ threads, docks: 2 }), open({ threads })];
  const [sharing, alone] = [few, plenty].map((engine) =>
    seeds.map((seed) => Network.create(TEMPLATE, seed, engine)),
  ) as [Network[], Network[]];
  for (let round = 0; round < 6; round++) {
    for (const networks of [sharing, alone]) {
      networks.forEach((network, i) => {
        if ((round + i) % 3 !== 2) teach(network, round * 10 + i);
        if (round === 3) network.ensureInputWidth(0, 150 + i * 100);
        if (round === 4) network.ensureOutputWidth(0, OUTPUTS + i);
      });
    }
    const answers = [sharing, alone].map((networks) => networks.map((each) => each.request(batch(round, 40))));
    expect(answers[0]).toEqual(answers[1]);
  }
  expect(sharing.map((each, i) => Buffer.from(each.export()).equals(alone[i]!.export()))).toEqual(
    seeds.map(() => true),
  );
  const { free, bytesMax } = few.budget;
  expect(free).toBeLessThan(bytesMax);
  for (const each of sharing) each.dispose();
  expect(few.budget.free).toBe(bytesMax);
});

test("networks that compute are in separate memories", () => {
  const engine = open({});
  const models = [1, 2].map(() => restoreState(state, engine.memoryFor()));
  expect(models.map(memoryOf).every((memory) => memory instanceof ArrayBuffer)).toBe(true);
  for (const model of models) request(engine, model);
  const [one, other] = models.map(memoryOf);
  expect(one).toBeInstanceOf(SharedArrayBuffer);
  expect(other).toBeInstanceOf(SharedArrayBuffer);
  expect(one).not.toBe(other);
});

test.each(["goes to rest", "is gone", "stops its kernels"])("nothing is left in a dock whose network %s", (how) => {
  const [used, fresh] = [open({ docks: 1 }), open({ docks: 1 })];
  const before = restoreState(state, used.memoryFor());
  for (const step of [20, 1]) train(used, before, step);
  if (how === "is gone") used.release(before);
  if (how === "stops its kernels") stop(used, before);
  const models = [used, fresh].map((engine) => {
    const network = Network.create(TEMPLATE, 1, engine);
    network.request(batch(1, 1));
    const model = restoreState(network.export(), engine.memoryFor());
    request(engine, model);
    return model;
  });
  const [dirty, clean] = models.map((model) => new Uint32Array(memoryOf(model))) as [Uint32Array, Uint32Array];
  expect(dirty.length).toBeGreaterThan(clean.length);
  // The count of phases continues.
  clean[slots.TABLE / 4 + slots.OPEN_PHASE] = dirty[slots.TABLE / 4 + slots.OPEN_PHASE]!;
  expect(dirty.subarray(0, clean.length).findIndex((word, at) => word !== clean[at])).toBe(-1);
  expect(dirty.subarray(clean.length).findIndex((word) => word !== 0)).toBe(-1);
});

/** Makes kernels trap in the middle of a step: a section's weights are outside of the memory. */
function stop(engine: WasmEngine, model: NetworkModel, step = 20): void {
  const words = new Uint32Array(memoryOf(model));
  const hot = words[slots.TABLE / 4 + slots.AT_HOT]! / 4;
  for (let section = 0; section < model.state.arrays.header[HEADER.section]!; section++)
    words[hot + (section * slots.HOT_BYTES) / 4 + 5] = 0xffff0000;
  expect(() => train(engine, model, step)).toThrow(KernelError);
}

/** Boundaries of indices, lengths and links. */
const BOUNDARIES = [0, 1, 2, 4, 5, 127, 128, 511, 512, 513, 0x7fffffff, FAR, NONE];

test("states changed behind all checks, in the dock itself, hang nothing and affect no neighbour", () => {
  const engine = open({ threads: 2, docks: 3, memoryBytes: 300_000_000 });
  const neighbours = [trained(engine, 1), trained(engine, 2)];
  const before = neighbours.map((each) => Buffer.from(each.export()));
  const outcomes = new Set<string>();
  for (let round = 0; round < 240; round++) {
    const model = restoreState(state, engine.memoryFor());
    request(engine, model);
    const name = LEADING[round % LEADING.length]!;
    const array = model.state.arrays[name];
    const at = pcg(round) % array.length;
    const value = BOUNDARIES[pcg(round + 7919) % BOUNDARIES.length]!;
    if (round % 3 === 0) array.fill(value, at);
    else array[at] = value;
    for (const work of [() => train(engine, model, 20), () => train(engine, model, 1), () => request(engine, model)]) {
      try {
        work();
        outcomes.add("done");
      } catch (error) {
        outcomes.add((error as Error).name);
      }
    }
    engine.release(model);
    expect(before[round % 2]!.equals(neighbours[round % 2]!.export()), `${name}[${at}] = ${value}`).toBe(true);
  }
  expect([...outcomes].toSorted()).toEqual(expect.arrayContaining(["StateError", "done"]));
  for (const outcome of outcomes) expect(["done", "StateError", "KernelError", "MemoryFullError"]).toContain(outcome);
});

test.each([1, 3])("kernels that trap do not affect other networks, with %i threads", (threads) => {
  const engine = open({ threads, docks: 3 });
  const alone = open({});
  const [neighbour, same] = [engine, alone].map((each) => trained(each, 1)) as [Network, Network];
  for (let round = 0; round < 12; round++) {
    const model = restoreState(state, engine.memoryFor());
    request(engine, model);
    stop(engine, model, round % 2 === 0 ? 5 : 1);
    if (round % 3 === 0) exportState(model);
    for (const network of [neighbour, same]) teach(network, round);
    engine.release(model);
  }
  expect(Buffer.from(neighbour.export()).equals(same.export())).toBe(true);
  neighbour.dispose();
  expect(engine.budget.free).toBe(engine.budget.bytesMax);
});
