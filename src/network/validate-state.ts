import { ARRAY_NAMES, HEADER, LAYOUT, NEURONS_PER_BLOCK, NONE, SECTIONS_PER_BLOCK } from "./layout.ts";
import { INPUT_MAX, RECOVERIES_MAX, RECOVERY_VISITS, TOLERANCE_START, VALUE_MAX } from "./learning.ts";
import { NEURONS_PER_VALUE } from "./output-values.ts";
import { INPUT_SECTION, NEURON_SECTION } from "./section-kind.ts";
import { StateError } from "./state-error.ts";
import { count, type State } from "./state.ts";
import type { Template } from "./template/parse-template.ts";

/**
 * Checks that a state from outside fits its template and keeps every promise that the kernels rely on: indices in range,
 * lists without cycles, numbers finite. Throws `StateError`. The sizes of the arrays are already right.
 */
export function validateState(template: Template, state: State): void {
  checkNumbers(template, state);
  check(
    state.arrays.header[HEADER.reducedSections]! <= count(state, "section"),
    "more sections are left than there are",
  );
  checkInterfaces(template, state);
  checkBlocks(template, state);
  checkSections(template, state);
  checkLists(state);
  checkTiles(template, state);
}

function check(isRight: boolean, message: string): asserts isRight {
  if (!isRight) throw new StateError(message);
}

function checkNumbers({ settings }: Template, state: State): void {
  for (const name of ARRAY_NAMES) {
    if (LAYOUT[name].type !== "f32") continue;
    const used = count(state, LAYOUT[name].per) * LAYOUT[name].width;
    for (let i = 0; i < used; i++)
      check(Number.isFinite(state.arrays[name][i]), `'${name}' holds a number that is not finite`);
  }
  const within = (name: (typeof ARRAY_NAMES)[number], min: number, max: number) => {
    const used = count(state, LAYOUT[name].per) * LAYOUT[name].width;
    const array = state.arrays[name];
    for (let i = 0; i < used; i++)
      check(array[i]! >= min && array[i]! <= max, `'${name}' holds a number outside ${min}..${max}`);
  };
  for (const name of ["weight", "bias", "readout", "outputBias"] as const) within(name, -VALUE_MAX, VALUE_MAX);
  for (const name of ["biasSquare", "rampSquare", "readoutSquare", "outputBiasSquare", "lower"] as const)
    within(name, 0, Infinity);
  for (const name of ["potential", "lastValue", "largest"] as const) within(name, 0, INPUT_MAX);
  within("tolerance", 0, Math.fround(TOLERANCE_START));
  within("split", 0, 0);
  within("visits", 0, RECOVERY_VISITS - 1);
  within("recoveries", 0, RECOVERIES_MAX);
  within("refractory", 0, settings.refractoryTime);
}

function checkInterfaces({ inputs, outputs, hexagons }: Template, state: State): void {
  check(count(state, "input") === inputs.length, "the number of inputs is not that of the template");
  const { outputOwner, blockHexagon } = state.arrays;
  const neurons = outputs.map(() => 0);
  for (let k = 0; k < count(state, "output"); k++) {
    check(outputOwner[k]! < outputs.length, "an output neuron belongs to no output");
    neurons[outputOwner[k]!]! += 1;
  }
  outputs.forEach(({ kind }, i) =>
    check(neurons[i]! % NEURONS_PER_VALUE[kind] === 0, "an output has an incomplete value"),
  );
  const blocks = hexagons.map(() => 0);
  for (let block = 0; block < count(state, "block"); block++) {
    check(blockHexagon[block]! < hexagons.length, "a block belongs to no hexagon");
    blocks[blockHexagon[block]!]! += 1;
  }
  inputs.forEach(({ hexagon }, i) =>
    check(
      blocks[hexagon] === Math.ceil(state.arrays.inputWidth[i]! / NEURONS_PER_BLOCK),
      "an input's blocks do not fit its width",
    ),
  );
}

function checkBlocks({ inputs }: Template, state: State): void {
  const { blockSections, places, target, blockHexagon } = state.arrays;
  const sections = count(state, "section");
  let placed = 0;
  for (let block = 0; block < count(state, "block"); block++) {
    const used = blockSections[block]!;
    check(used <= SECTIONS_PER_BLOCK, "a block holds too many sections");
    check(
      used === 0 || inputs.every(({ hexagon }) => hexagon !== blockHexagon[block]),
      "a block of an input holds sections",
    );
    for (let place = 0; place < used; place++) {
      const section = places[block * SECTIONS_PER_BLOCK + place]!;
      check(section < sections && target[section] === block, "a block lists a section that is not its own");
      check(
        place === 0 || places[block * SECTIONS_PER_BLOCK + place - 1]! < section,
        "a block lists its sections out of order",
      );
    }
    placed += used;
  }
  check(placed === sections, "a section is in no block");
}

function checkSections({ inputs }: Template, state: State): void {
  const { source, ramps, lower, range, ends, blockHexagon } = state.arrays;
  const isInput = new Set(inputs.map(({ hexagon }) => hexagon));
  for (let s = 0; s < count(state, "section"); s++) {
    check(source[s]! < count(state, "block") * NEURONS_PER_BLOCK, "a section has no source");
    const hexagon = blockHexagon[Math.floor(source[s]! / NEURONS_PER_BLOCK)]!;
    const kind = isInput.has(hexagon) ? INPUT_SECTION : NEURON_SECTION;
    check(ramps[s]! <= kind.rampCount, "a section has too many ramps");
    check(range[s]! > 0 && lower[s]! >= 0, "a section codes an empty range");
    let start = 0;
    for (let r = 0; r < ramps[s]!; r++) {
      const end = ends[s * 4 + r]!;
      // Deltas are divided by the width of ramps that neurons feed; growth never makes one narrower than this.
      check(end - start >= kind.rampEndMin && end <= INPUT_MAX, "a section's ramps are not ascending");
      start = end;
    }
  }
}

function checkLists(state: State): void {
  const { sectionHead, next, source } = state.arrays;
  const sections = count(state, "section");
  const seen = new Uint8Array(sections);
  let found = 0;
  for (let id = 0; id < count(state, "block") * NEURONS_PER_BLOCK; id++) {
    for (let s = sectionHead[id]!; s !== NONE; s = next[s]!) {
      check(s < sections, "a list of sections leads nowhere");
      check(seen[s] === 0, "a list of sections runs in a circle");
      check(source[s] === id, "a list holds another neuron's section");
      seen[s] = 1;
      found += 1;
    }
  }
  check(found === sections, "a section is in no list");
}

function checkTiles({ outputs }: Template, state: State): void {
  const { tileBlock, tileOutput, tileOutputCount, tileRow, outputOwner, blockHexagon } = state.arrays;
  const blocks = count(state, "block");
  const outputCount = count(state, "output");
  const pairs = new Set<number>();
  let rows = 0;
  for (let tile = 0; tile < count(state, "tile"); tile++) {
    check(tileBlock[tile]! < blocks, "readout weights belong to no block");
    check(tileRow[tile] === rows, "readout weights are out of order");
    const first = tileOutput[tile]!;
    const end = first + tileOutputCount[tile]!;
    check(end <= outputCount, "readout weights belong to no output");
    for (let k = first; k < end; k++) {
      const { hexagon } = outputs[outputOwner[k]!]!;
      check(hexagon === blockHexagon[tileBlock[tile]!], "readout weights read from another hexagon");
      check(!pairs.has(tileBlock[tile]! * outputCount + k), "readout weights exist twice");
      pairs.add(tileBlock[tile]! * outputCount + k);
    }
    rows += tileOutputCount[tile]!;
  }
  check(rows === count(state, "row"), "readout weights have no owner");
  let expected = 0;
  for (let block = 0; block < blocks; block++)
    for (let k = 0; k < outputCount; k++) if (outputs[outputOwner[k]!]!.hexagon === blockHexagon[block]) expected += 1;
  check(rows === expected, "readout weights are missing");
}
