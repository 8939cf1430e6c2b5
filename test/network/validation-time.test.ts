/** Checking a file takes time in proportion to its size, whatever its content. */
import { expect, test } from "vitest";
import { createModel, widenInput, type NetworkModel } from "../../src/network/network-model.ts";
import { growBlock, widenOutput } from "../../src/network/readout.ts";
import { NEURONS_PER_BLOCK, SECTIONS_PER_BLOCK } from "../../src/network/constants.ts";
import { checkState, exportState } from "../../src/network/state-file.ts";
import { append } from "../../src/network/state.ts";
import { parseTemplate } from "../../src/network/template/parse-template.ts";

const SETTINGS = "version: 1 settings: max_connection_distance: 1 hexagons:";
const ROW = `${SETTINGS} 1,1,1 2,1,1 3,1,1 inputs: in: 1,1,1 outputs: out: 3,1,1`;
const model = (template: string) => createModel(parseTemplate(template), 1);

function grown(outputs: number, blocks: number, widenings = 1): NetworkModel {
  const made = model(ROW);
  for (let n = 1; n <= widenings; n++) widenOutput(made, 0, Math.ceil((outputs * n) / widenings));
  for (let block = 0; block < blocks; block++) growBlock(made, made.hexagons[2]!);
  return made;
}

/** Sections of this many sources, in full blocks; a source's list is as long as there are blocks. */
function sections(blocks: number): NetworkModel {
  const made = model(ROW);
  widenInput(made, 0, SECTIONS_PER_BLOCK);
  for (let block = 0; block < blocks; block++) {
    const target = growBlock(made, made.hexagons[1]!);
    const first = append(made.state, "section", SECTIONS_PER_BLOCK);
    const { places, blockSections, source, next, sectionHead, range, target: targets } = made.state.arrays;
    blockSections[target] = SECTIONS_PER_BLOCK;
    for (let place = 0; place < SECTIONS_PER_BLOCK; place++) {
      const section = first + place;
      places[target * SECTIONS_PER_BLOCK + place] = section;
      source[section] = place;
      targets[section] = target;
      range[section] = 1;
      next[section] = sectionHead[place]!;
      sectionHead[place] = section;
    }
  }
  return made;
}

/** A line of this many hexagons, each with a block and a section. */
function hexagons(count: number): NetworkModel {
  const line = Array.from({ length: count }, (_, x) => `${x + 1},1,1`).join("\n");
  const made = model(`${SETTINGS} ${line} inputs: in: 1,1,1 outputs: out: ${count},1,1`);
  widenInput(made, 0, 1);
  widenOutput(made, 0, 1);
  for (const hexagon of made.hexagons.slice(1)) {
    const block = growBlock(made, hexagon);
    const section = append(made.state, "section", 1);
    const { places, blockSections, source, next, sectionHead, range, target } = made.state.arrays;
    blockSections[block] = 1;
    places[block * SECTIONS_PER_BLOCK] = section;
    source[section] = (block - 1) * NEURONS_PER_BLOCK;
    target[section] = block;
    range[section] = 1;
    next[section] = 0xffffffff;
    sectionHead[source[section]] = section;
  }
  return made;
}

/** The least of several runs in milliseconds, because other load only adds to it. */
function timeOf(work: () => void): number {
  let least = Infinity;
  for (let n = 0; n < 4; n++) {
    const start = performance.now();
    work();
    least = Math.min(least, performance.now() - start);
  }
  return least;
}

/** Quadratic work takes 256 times as long at 16 times the size; caches and other load account for a few times. */
const TIMES = 16;
const RATIO_MAX = 100;

test.each<[string, number, (size: number) => NetworkModel]>([
  ["blocks beside outputs", 50, (size) => grown(50, size)],
  ["output neurons of few blocks", 400, (size) => grown(size, 2)],
  ["output neurons, each with tiles of its own", 400, (size) => grown(size, 2, size)],
  ["blocks of one output neuron", 100, (size) => grown(1, size)],
  ["sections in long lists", 2, sections],
  ["hexagons", 100, hexagons],
])("%s", (_, size, make) => {
  const [small, large] = [exportState(make(size)), exportState(make(TIMES * size))];
  const growth = large.length / small.length;
  const ratio = timeOf(() => checkState(large)) / timeOf(() => checkState(small));
  expect(ratio / growth).toBeLessThan(RATIO_MAX / TIMES);
  expect(growth).toBeGreaterThan(TIMES / 2);
});
