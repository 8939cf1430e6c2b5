import { appendBlock, type Cluster, type Hexagon } from "./cluster.ts";
import { NEURONS_PER_BLOCK, READOUT_START, UNIFORM_VALUES } from "./constants.ts";
import { NEURONS_PER_VALUE } from "./output-values.ts";
import { DRAW, draw } from "./random.ts";
import { append } from "./state.ts";
import { yieldPoint } from "./yield-point.ts";

/** So many rows are filled between two yield points. */
const PIECE_ROWS = 256;

/** Adds a block of neurons to a hexagon, with readout weights to every output neuron that the hexagon carries. */
export function growBlock(cluster: Cluster, hexagon: Hexagon): number {
  const block = appendBlock(cluster, hexagon);
  cluster.template.outputs.forEach((output, index) => {
    if (output.hexagon !== hexagon.index) return;
    for (const [first, length] of runs(cluster.outputNeurons[index]!)) appendTile(cluster, block, first, length);
  });
  return block;
}

/** Makes room for `width` external values of an output; never narrower. What was learnt stays. */
export function widenOutput(cluster: Cluster, output: number, width: number): void {
  const { hexagon, kind } = cluster.template.outputs[output]!;
  const neurons = cluster.outputNeurons[output]!;
  const added = width * NEURONS_PER_VALUE[kind] - neurons.length;
  if (added <= 0) return;
  const first = append(cluster.state, "output", added);
  cluster.state.arrays.outputOwner.fill(output, first, first + added);
  for (let k = 0; k < added; k++) neurons.push(first + k);
  for (const block of cluster.hexagons[hexagon]!.blocks) appendTile(cluster, block, first, added);
}

function appendTile(cluster: Cluster, block: number, firstOutput: number, outputs: number): void {
  const { state, seed } = cluster;
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
