import { NEURONS_PER_BLOCK, NONE, SECTIONS_PER_BLOCK } from "../network/constants.ts";
import { StateError } from "../network/state-error.ts";
import { count, type State } from "../network/state.ts";
import type { NetworkModel } from "../network/network-model.ts";

const PERS = ["input", "block", "section", "tile", "row", "output"] as const;

/**
 * Checks every number that kernels use as an index, a length or a link: none leads out of the state, every list ends,
 * and no section is visited twice. An engine calls it when it takes up a state, even if the state was validated before.
 * Does not check numbers that kernels only calculate with. Throws StateError. Linear in the state's size.
 */
export function checkBounds(model: NetworkModel): void {
  const { state } = model;
  for (const per of PERS) check(count(state, per) <= state.capacity[per], `there are more of '${per}' than were kept`);
  checkInterfaces(model);
  checkBlocks(model);
  checkSections(model);
  checkHeads(state);
  checkTiles(state);
}

function check(isRight: boolean, message: string): asserts isRight {
  if (!isRight) throw new StateError(message);
}

function checkInterfaces({ state, hexagons, template, outputNeurons }: NetworkModel): void {
  const { inputWidth, outputOwner } = state.arrays;
  check(count(state, "input") === template.inputs.length, "the number of inputs is not that of the template");
  template.inputs.forEach(({ hexagon }, input) => {
    const room = hexagons[hexagon]!.blocks.length * NEURONS_PER_BLOCK;
    check(inputWidth[input]! <= room, "an input is wider than its blocks");
  });
  let neurons = 0;
  outputNeurons.forEach((list, output) => {
    for (const k of list) check(outputOwner[k] === output, "an output neuron belongs to another output");
    neurons += list.length;
  });
  check(neurons === count(state, "output"), "an output neuron belongs to no output");
}

/** Checks that each block is in one hexagon, and each section in one place. */
function checkBlocks({ state, hexagons }: NetworkModel): void {
  const { blockHexagon, blockSections, places, target } = state.arrays;
  const blocks = count(state, "block");
  const sections = count(state, "section");
  let listed = 0;
  let placed = 0;
  for (const { index, role, blocks: its, places: room } of hexagons) {
    let last = -1;
    let here = 0;
    for (const block of its) {
      check(block > last && block < blocks && blockHexagon[block] === index, "a block belongs to another hexagon");
      last = block;
      const used = blockSections[block]!;
      check(used <= SECTIONS_PER_BLOCK, "a block holds too many sections");
      check(used === 0 || role !== "input", "a block of an input holds sections");
      let before = -1;
      for (let at = block * SECTIONS_PER_BLOCK; at < block * SECTIONS_PER_BLOCK + used; at++) {
        const section = places[at]!;
        check(section > before && section < sections, "a block lists its sections out of order");
        check(target[section] === block, "a block lists a section that is not its own");
        before = section;
      }
      here += used;
    }
    check(here === room.sections, "a hexagon holds other sections than it counts");
    placed += here;
    listed += its.length;
  }
  check(listed === blocks, "a block belongs to no hexagon");
  check(placed === sections, "a section is in no block");
}

/** Checks that sections end where their source leads, and that lists run from newer to older sections of one source. */
function checkSections({ state, hexagons }: NetworkModel): void {
  const { source, target, next, ramps, blockHexagon } = state.arrays;
  const neurons = count(state, "block") * NEURONS_PER_BLOCK;
  for (let section = 0; section < count(state, "section"); section++) {
    const id = source[section]!;
    check(id < neurons, "a section has no source");
    const { targets, feeds } = hexagons[blockHexagon[Math.floor(id / NEURONS_PER_BLOCK)]!]!;
    // `checkBlocks` has checked the target block: the section has its place there.
    const hexagon = blockHexagon[target[section]!]!;
    check(targets.includes(hexagon), "a section ends in a hexagon that its source does not feed");
    check(ramps[section]! <= feeds.rampCount, "a section has too many ramps");
    const following = next[section]!;
    if (following === NONE) continue;
    check(following < section, "a list of sections does not run from newer to older ones");
    check(source[following] === id, "a list holds another neuron's section");
  }
}

function checkHeads(state: State): void {
  const { sectionHead, source } = state.arrays;
  const sections = count(state, "section");
  for (let id = 0; id < count(state, "block") * NEURONS_PER_BLOCK; id++) {
    const head = sectionHead[id]!;
    if (head === NONE) continue;
    check(head < sections, "a list of sections leads nowhere");
    check(source[head] === id, "a list holds another neuron's section");
  }
}

/** Checks that readout weights lie in the order of their tiles. */
function checkTiles(state: State): void {
  const { tileBlock, tileOutput, tileOutputCount, tileRow } = state.arrays;
  const blocks = count(state, "block");
  const outputs = count(state, "output");
  let rows = 0;
  for (let tile = 0; tile < count(state, "tile"); tile++) {
    check(tileBlock[tile]! < blocks, "readout weights belong to no block");
    check(tileOutput[tile]! + tileOutputCount[tile]! <= outputs, "readout weights belong to no output");
    check(tileRow[tile] === rows, "readout weights are out of order");
    rows += tileOutputCount[tile]!;
  }
  check(rows === count(state, "row"), "readout weights have no owner");
}
