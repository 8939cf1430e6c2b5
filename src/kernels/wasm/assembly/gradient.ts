/**
 * Trains the weights of sections that inputs feed. An item keeps the deltas of one tile of 32 neurons in the cache
 * while it processes all sections of the tile's block. All synapses of a ramp end in one tile.
 */
import { INPUT_RAMP_SIZE, SECTIONS_PER_BLOCK } from "../../../network/constants.ts";
import {
  AT_BIAS,
  AT_BLOCK_SECTIONS,
  AT_DELTA_MEAN,
  AT_NEURON_BLOCKS,
  AT_PLACES,
  AT_SEED,
  HEADER_SECTIONS,
  HEXAGON_ROLE,
  IS_BATCH,
  ROLE_HIDDEN,
} from "../slots.ts";
import { isTouched, listActivations, listOffsets, listTotal, listValues } from "./activations.ts";
import { deltasOf, slopeTile, sumsOf } from "./backward.ts";
import { HOT_OPEN, HOT_RISE, hotOf, OF_INPUT, runOfTile } from "./hot.ts";
import { listsOf, rampOf } from "./local.ts";
import { getU, header, hexagonOfBlock, rankOf, slot } from "./memory.ts";
import { rampMeanOf } from "./online-means.ts";
import { sourceItems } from "./sources.ts";
import { descendTile, meanOf, prepareStep, stepOfRamp, stepTile, sumGradient, weightsOf } from "./step-ramp.ts";
import { bounded } from "./vectors.ts";

/** Item of a phase: trains a tile. */
export function learnTile(item: u32, thread: u32): void {
  const block = getU(slot(AT_NEURON_BLOCKS), item >> 2);
  const tile = item & 3;
  const record = hexagonOfBlock(block);
  // When only inputs feed a hexagon, its deltas were not needed until now.
  if (load<u32>(record, HEXAGON_ROLE) == ROLE_HIDDEN && sourceItems(record) == 0) slopeTile(block, tile);
  if (slot(IS_BATCH) != 0) learn(block, tile, thread, true);
  else learn(block, tile, thread, false);
}

// @ts-ignore: decorator
@inline
function learn(block: u32, tile: u32, thread: u32, isBatch: bool): void {
  const deltas = deltasOf(rankOf(block), tile);
  const sums = sumsOf(rankOf(block), tile);
  const means = slot(AT_DELTA_MEAN) + (<usize>block << 9) + (<usize>tile << 7);
  const lists = listsOf(thread);
  const gradient = rampOf(thread);
  const shift = gradient + 128;
  memory.fill(shift, 0, 128);
  prepareStep();
  const places = slot(AT_PLACES) + (<usize>block << 11);
  const used = min<u32>(SECTIONS_PER_BLOCK, getU(slot(AT_BLOCK_SECTIONS), block));
  const sections = header(HEADER_SECTIONS);
  for (let place: u32 = 0; place < used; place++) {
    const section = getU(places, place);
    if (section >= sections) continue;
    const hot = hotOf(section);
    if (load<f32>(hot, HOT_OPEN) != OF_INPUT || load<f32>(hot + (<usize>tile << 2), HOT_RISE) == 0) continue;
    if (!isTouched(section, hot)) continue;
    const entries = listActivations(section, hot, tile, lists);
    const mean = meanOf(listTotal);
    const running = isBatch ? mean : rampMeanOf(section, tile, mean);
    const toValue = listValues - listOffsets;
    const squares = sumGradient(
      deltas,
      listOffsets,
      toValue,
      entries,
      sums,
      mean,
      gradient,
      0,
      0,
      isBatch,
      false,
      false,
    );
    if (isBatch) {
      const run = runOfTile(getU(slot(AT_SEED), section), tile);
      stepTile(section, tile, gradient, mean, stepOfRamp(section, run, squares, <f32>INPUT_RAMP_SIZE), shift);
    } else descendTile(weightsOf(section, tile), gradient, means, listTotal, running, shift);
  }
  const bias = slot(AT_BIAS) + (<usize>block << 9) + (<usize>tile << 7);
  for (let i: usize = 0; i < 128; i += 16)
    v128.store(bias + i, bounded(f32x4.sub(v128.load(bias + i), v128.load(shift + i))));
}
