import { appendBlock, type Hexagon, type NetworkModel } from "./network-model.ts";
import { NEURONS_PER_BLOCK, READOUT_START, UNIFORM_VALUES } from "./constants.ts";
import { NEURONS_PER_VALUE } from "./output-values.ts";
import { DRAW, draw } from "./random.ts";
import { append } from "./state.ts";
import { yieldPoint } from "./yield-point.ts";

/** Readout rows that are filled between two yield points. */
const PIECE_ROWS = 256;

/** Adds a block to a hexagon, with readout weights for every output neuron of the hexagon, and returns its index. */
export function growBlock(model: NetworkModel, hexagon: Hexagon): number {
  const block = appendBlock(model, hexagon);
  model.template.outputs.forEach((output, index) => {
    if (output.hexagon !== hexagon.index) return;
    for (const [first, length] of runs(model.outputNeurons[index]!)) appendTile(model, block, first, length);
  });
  return block;
}

/** Makes an output at least `width` external values wide. It never gets narrower, and keeps what it has learnt. */
export function widenOutput(model: NetworkModel, output: number, width: number): void {
  const { hexagon, kind } = model.template.outputs[output]!;
  const neurons = model.outputNeurons[output]!;
  const added = width * NEURONS_PER_VALUE[kind] - neurons.length;
  if (added <= 0) return;
  const first = append(model.state, "output", added);
  model.state.arrays.outputOwner.fill(output, first, first + added);
  for (let k = 0; k < added; k++) neurons.push(first + k);
  for (const block of model.hexagons[hexagon]!.blocks) appendTile(model, block, first, added);
}

function appendTile(model: NetworkModel, block: number, firstOutput: number, outputs: number): void {
  const { state, seed } = model;
  const tile = append(state, "tile", 1);
  const firstRow = append(state, "row", outputs);
  const { tileBlock, tileOutput, tileOutputCount, tileRow, readout, blockHexagon } = state.arrays;
  tileBlock[tile] = block;
  tileOutput[tile] = firstOutput;
  tileOutputCount[tile] = outputs;
  tileRow[tile] = firstRow;
  const stream = DRAW.readout + blockHexagon[block]!;
  for (let row = firstRow; row < firstRow + outputs; row++) {
    for (let n = 0; n < NEURONS_PER_BLOCK; n++) {
      const uniform = (draw(seed, stream, row, n) >>> 8) / UNIFORM_VALUES;
      readout[row * NEURONS_PER_BLOCK + n] = (2 * uniform - 1) * READOUT_START;
    }
    if (row % PIECE_ROWS === 0) yieldPoint();
  }
}

/** Runs of consecutive numbers in an ascending list, as [first, length]. */
function runs(list: number[]): [number, number][] {
  const found: [number, number][] = [];
  for (const value of list) {
    const last = found.at(-1);
    if (last && last[0] + last[1] === value) last[1] += 1;
    else found.push([value, 1]);
  }
  return found;
}
