/** For every invariant of the kernels, a state that breaks it, otherwise complete and with a correct checksum. */
import { beforeAll, expect, test } from "vitest";
import { ReferenceEngine } from "../../src/kernels/reference/reference-engine.ts";
import type { NetworkModel } from "../../src/network/network-model.ts";
import { INVARIANTS } from "../../src/network/invariants.ts";
import { NONE } from "../../src/network/constants.ts";
import { type ArrayName, ARRAY_NAMES, type Arrays, HEADER, LAYOUT } from "../../src/network/layout.ts";
import { Network } from "../../src/network/network.ts";
import { StateError } from "../../src/network/state-error.ts";
import { count } from "../../src/network/state.ts";
import { checkState, exportState, restoreState } from "../../src/network/state-file.ts";
import { parseTemplate } from "../../src/network/template/parse-template.ts";

/** Two values of the input are matched; the hidden hexagon has blocks 3 … 6, the output 7 and 8. */
const TEMPLATE = `version: 1 settings: refractory_time: 2 hexagons: 1,1,1 1,2,1 2,1,1 3,1,1
  axons: 1,2,1 -> 2,1,1
  inputs: in: 1,1,1 also: 1,2,1 (match) outputs: out: 3,1,1`;

let file: Uint8Array;

/** Few values, so that the network stays small. */
const value = (column: number, i: number) => (column < 6 || column === 129 ? (i * 37) % 11 : 0);

beforeAll(() => {
  const network = Network.create(parseTemplate(TEMPLATE), 7, new ReferenceEngine());
  const count = 64;
  network.train({
    cycles: count,
    timeLength: 1,
    batchSize: 16,
    inputs: [
      { index: 0, values: Float32Array.from({ length: count * 130 }, (_, i) => value(i % 130, i)), width: 130 },
      { index: 1, values: Float32Array.from({ length: count * 3 }, (_, i) => 1 + (i % 4)), width: 3 },
    ],
    expected: [{ index: 0, values: Float32Array.from({ length: count * 2 }, (_, i) => i % 2), width: 2 }],
    update: "batch",
    schedule: 1,
  });
  file = network.export();
});

type Change = (arrays: Arrays, model: NetworkModel) => void;

function changed(change: Change): Uint8Array {
  const model = restoreState(file);
  change(model.state.arrays, model);
  return exportState(model);
}

function broken(bytes: Uint8Array): unknown {
  try {
    checkState(bytes);
  } catch (error) {
    return error;
  }
  return null;
}

/** The newest section. */
const last = ({ state }: NetworkModel) => count(state, "section") - 1;

/** Blocks of a hexagon. */
const blocksOf = ({ hexagons }: NetworkModel, hexagon: number) => hexagons[hexagon]!.blocks;

/** Gives all sections of one source to another source that had none. */
function moveList({ sectionHead, source, next }: Arrays, from: number, to: number): void {
  expect(sectionHead[from]).not.toBe(NONE);
  expect(sectionHead[to]).toBe(NONE);
  for (let s = sectionHead[from]!; s !== NONE; s = next[s]!) source[s] = to;
  sectionHead[to] = sectionHead[from]!;
  sectionHead[from] = NONE;
}

/** The first neuron of the hidden hexagon that feeds any section. */
const feeding = ({ sectionHead }: Arrays, model: NetworkModel) =>
  sectionHead.findIndex((head, id) => head !== NONE && blocksOf(model, 2).includes(id >> 7));

const ranges: Partial<Record<ArrayName, number[]>> = {
  weight: [-2e6, 2e6],
  bias: [-2e6, 2e6],
  deltaMean: [-3e6, 3e6],
  readout: [-2e6, 2e6],
  outputBias: [-2e6, 2e6],
  biasSquare: [-1],
  rampSquare: [-1],
  rampMean: [-1, 2e6],
  readoutSquare: [-1],
  outputBiasSquare: [-1],
  lower: [-1],
  potential: [-1, 2 ** 101],
  lastValue: [-1, 2 ** 101],
  largest: [-1, 2 ** 101],
  tolerance: [-1, 0.5],
  split: [-1, 1],
  visits: [64],
  recoveries: [3],
};

/** [what is wrong, change] */
const CASES: [string, Change][] = [
  ...ARRAY_NAMES.filter((name) => LAYOUT[name].type === "f32").flatMap((name) =>
    [NaN, Infinity, -Infinity].map((value): [string, Change] => [
      `'${name}' holds a number that is not finite`,
      (arrays) => (arrays[name][0] = value),
    ]),
  ),
  ...Object.entries(ranges).flatMap(([name, values]) =>
    values.map((value): [string, Change] => [
      `'${name}' holds a number outside`,
      (arrays) => (arrays[name as ArrayName][0] = value),
    ]),
  ),
  ["a neuron rests for longer", ({ refractory }) => (refractory[0] = 3)],
  ["learnt from more cycles than can be counted", ({ header }) => (header[HEADER.cycleHigh] = 0x100001)],
  ["taken more steps than can be counted", ({ header }) => (header[HEADER.adamSteps] = 0xffffffff)],
  ["more sections are left than there are", ({ header }) => (header[HEADER.reducedSections] = 0xfffffffe)],
  ["the number of inputs is not that of the template", ({ header }) => (header[HEADER.input] = 1)],
  ["an output neuron belongs to no output", ({ outputOwner }) => (outputOwner[0] = 1)],
  ["a block belongs to no hexagon", ({ blockHexagon }) => (blockHexagon[0] = 4)],
  ["an input's blocks do not fit its width", ({ inputWidth }) => (inputWidth[0] = 0xffffffff)],
  ["an input's blocks do not fit its width", ({ inputWidth }) => (inputWidth[0] = 128)],
  ["a block holds too many sections", (arrays, c) => (arrays.blockSections[blocksOf(c, 2)[0]!] = 513)],
  ["a section is in no block", (arrays, c) => (arrays.blockSections[blocksOf(c, 2)[0]!]! -= 1)],
  ["a block of an input holds sections", ({ blockSections }) => (blockSections[0] = 1)],
  ["lists a section that is not its own", (arrays, c) => (arrays.places[blocksOf(c, 2)[0]! * 512] = NONE)],
  ["lists a section that is not its own", ({ target }) => (target[0] = 1)],
  [
    "lists its sections out of order",
    ({ places }, c) => (places[blocksOf(c, 2)[0]! * 512 + 1] = places[blocksOf(c, 2)[0]! * 512]!),
  ],
  ["a section has no source", ({ source }) => (source[0] = NONE)],
  // The last two values of the input's second block are beyond its width and feed nothing.
  ["its source does not lead to", (arrays, c) => moveList(arrays, feeding(arrays, c), 255)],
  ["its source does not lead to", (arrays, c) => moveList(arrays, feeding(arrays, c), blocksOf(c, 3)[0]! * 128)],
  ["a section has too many ramps", ({ ramps }) => (ramps[0] = 5)],
  ["a section has too many ramps", (arrays, c) => (arrays.ramps[arrays.sectionHead[feeding(arrays, c)]!] = 3)],
  ["a section codes an empty range", ({ range }) => (range[0] = 0)],
  ["ramps are not ascending", ({ ends }) => (ends[0] = -1)],
  ["ramps are not ascending", ({ ends }) => (ends[0] = -0)],
  ["ramps are not ascending", ({ ends, ramps }) => ((ramps[0] = 2), ends.set([3, 2]))],
  ["ramps are not ascending", (arrays, c) => (arrays.ends[arrays.sectionHead[feeding(arrays, c)]! * 4] = 1e-38)],
  ["ramps are not ascending", ({ ends }) => (ends[0] = 2 ** 101)],
  // Values that match: two ramps for one value.
  [
    "ramps are not ascending",
    ({ ends, ramps, sectionHead }, c) => {
      const s = sectionHead[blocksOf(c, 1)[0]! * 128]!;
      ramps[s] = 2;
      ends.set([3, 3], s * 4);
    },
  ],
  [
    "a section matches values beyond its range",
    ({ range, sectionHead }, c) => (range[sectionHead[blocksOf(c, 1)[0]! * 128]!] = 1e-30),
  ],
  [
    "refines ramps that no input feeds",
    (arrays, c) => (arrays.tolerance[arrays.sectionHead[feeding(arrays, c)]!] = 0.4),
  ],
  [
    "refines ramps that no input feeds",
    ({ tolerance, sectionHead }, c) => (tolerance[sectionHead[blocksOf(c, 1)[0]! * 128]!] = 0.4),
  ],
  ["a list of sections leads nowhere", ({ sectionHead, source }) => (sectionHead[source[0]!] = 0xfffffffe)],
  ["a list of sections leads nowhere", ({ next }) => (next[0] = 0xfffffffe)],
  ["a list holds another neuron's section", ({ sectionHead }) => (sectionHead[0] = sectionHead[1]!)],
  [
    "a list holds another neuron's section",
    ({ next, source }, c) => (next[last(c)] = source.findIndex((id) => id !== source[last(c)])),
  ],
  ["a list of sections does not run from newer to older ones", ({ next }) => (next[0] = 0)],
  [
    "a list of sections does not run from newer to older ones",
    ({ next, sectionHead, source }) => (next[0] = sectionHead[source[0]!]!),
  ],
  [
    "a section is listed twice",
    ({ next, sectionHead, source }) => {
      // The newest section links to the third one, as the second one does.
      const first = sectionHead[source[0]!]!;
      next[first] = next[next[first]!]!;
      expect(next[first]).not.toBe(NONE);
    },
  ],
  ["a section is in no list", ({ sectionHead }) => (sectionHead[129] = NONE)],
  ["readout weights belong to no block", ({ tileBlock }) => (tileBlock[0] = 99)],
  ["readout weights are for nobody", ({ tileOutputCount }) => (tileOutputCount[1] = 0)],
  ["readout weights are out of order", ({ tileRow }) => (tileRow[0] = 1)],
  ["readout weights belong to no output", ({ tileOutputCount }) => (tileOutputCount[1] = 3)],
  ["readout weights belong to no output", ({ tileOutput }) => (tileOutput[1] = NONE)],
  ["readout weights read from another hexagon", ({ tileBlock }) => (tileBlock[0] = 0)],
  ["readout weights exist twice", ({ tileBlock }) => (tileBlock[1] = tileBlock[0]!)],
  ["readout weights have no owner", ({ tileOutputCount }) => (tileOutputCount[1] = 1)],
  ["readout weights are missing", ({ header }) => ((header[HEADER.tile] = 1), (header[HEADER.row] = 2))],
];

test.each(CASES)("%s", (message, change) => {
  const hostile = changed(change);
  const error = broken(hostile);
  expect(error).toBeInstanceOf(StateError);
  expect(error).toMatchObject({ message: expect.stringContaining(message) });
});

test("an output of two neurons instead of 32", () => {
  const network = Network.create(
    parseTemplate(TEMPLATE.replace("out: 3,1,1", "out: 3,1,1 (float)")),
    7,
    new ReferenceEngine(),
  );
  network.train({
    cycles: 1,
    timeLength: 1,
    batchSize: 1,
    inputs: [{ index: 0, values: Float32Array.of(1), width: 1 }],
    expected: [{ index: 0, values: Float32Array.of(1), width: 1 }],
    update: "online",
    schedule: 1,
  });
  const model = restoreState(network.export());
  model.state.arrays.header[HEADER.output] = 2;
  expect(() => restoreState(exportState(model))).toThrow("an output has an incomplete value");
});

test("every invariant has a hostile state", () => {
  const tried = [...CASES.map(([message]) => message), "an output has an incomplete value"];
  const untried = INVARIANTS.filter(({ broken }) => !tried.some((message) => broken.includes(message)));
  expect(untried).toEqual([]);
});
