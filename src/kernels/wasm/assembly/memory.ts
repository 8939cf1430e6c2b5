/** Accessors for the table and the arrays that it points to. */
import {
  INPUT_RAMP_COUNT,
  INPUT_RAMP_END_MIN,
  INPUT_RAMP_SIZE,
  NEURON_RAMP_SIZE,
  NEURONS_PER_BLOCK,
  RUN,
  SECTIONS_PER_BLOCK,
  SYNAPSES_PER_SECTION,
} from "../../../network/constants.ts";
import { AT_BLOCK_HEXAGON, AT_HEADER, AT_HEXAGONS, AT_RAMPS, AT_RANKS, HEXAGON_BYTES, HEXAGON_COUNT, TABLE } from "../slots.ts";

// Kernels shift addresses by these sizes and unroll loops over them; the first ramp of an input may end anywhere.
if (NEURONS_PER_BLOCK != 128 || SYNAPSES_PER_SECTION != 128 || SECTIONS_PER_BLOCK != 512 || RUN != 32)
  ERROR("the kernels are written for blocks of 128 neurons and 512 sections, and runs of 32 synapses");
if (INPUT_RAMP_SIZE != RUN || NEURON_RAMP_SIZE != 2 * RUN || INPUT_RAMP_END_MIN != 0)
  ERROR("the kernels are written for ramps of one run for inputs, two for neurons, and no shortest ramp of an input");

/** A word of the table: an address or a parameter. */
// @ts-ignore: decorator
@inline
export function slot(index: i32): u32 {
  return load<u32>(TABLE + (<usize>index << 2));
}

// @ts-ignore: decorator
@inline
export function setSlot(index: i32, value: u32): void {
  store<u32>(TABLE + (<usize>index << 2), value);
}

// @ts-ignore: decorator
@inline
export function floatSlot(index: i32): f32 {
  return load<f32>(TABLE + (<usize>index << 2));
}

/** Element i of an array of floats. */
// @ts-ignore: decorator
@inline
export function getF(array: usize, i: u32): f32 {
  return load<f32>(array + (<usize>i << 2));
}

// @ts-ignore: decorator
@inline
export function setF(array: usize, i: u32, value: f32): void {
  store<f32>(array + (<usize>i << 2), value);
}

/** Element i of an array of words. */
// @ts-ignore: decorator
@inline
export function getU(array: usize, i: u32): u32 {
  return load<u32>(array + (<usize>i << 2));
}

// @ts-ignore: decorator
@inline
export function setU(array: usize, i: u32, value: u32): void {
  store<u32>(array + (<usize>i << 2), value);
}

/** A count from the state's header. */
// @ts-ignore: decorator
@inline
export function header(word: i32): u32 {
  return load<u32>(slot(AT_HEADER) + (<usize>word << 2));
}

/** Number of ramps of a section, bounded whatever the state says. */
// @ts-ignore: decorator
@inline
export function rampsOf(section: u32): u32 {
  return min<u32>(INPUT_RAMP_COUNT, getU(slot(AT_RAMPS), section));
}

/** The record of a block's hexagon; that of the last hexagon when the state names none. */
// @ts-ignore: decorator
@inline
export function hexagonOfBlock(block: u32): usize {
  return hexagonAt(min<u32>(getU(slot(AT_BLOCK_HEXAGON), block), slot(HEXAGON_COUNT) - 1));
}

/** The rank of a block: its place in arrays that only neurons need. */
// @ts-ignore: decorator
@inline
export function rankOf(block: u32): u32 {
  return getU(slot(AT_RANKS), block);
}

/** The record of a hexagon. */
// @ts-ignore: decorator
@inline
export function hexagonAt(index: u32): usize {
  return slot(AT_HEXAGONS) + index * HEXAGON_BYTES;
}
