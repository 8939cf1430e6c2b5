/**
 * A thread's local memory: a cursor per tile of 32 neurons, the cursors' starts for each sample of a chunk, the
 * gradient of a ramp, lists of activations, the records, and what only single samples need.
 */
import { AT_LOCALS, LOCAL_LISTS, LOCAL_RAMP, LOCAL_RECORDS, LOCAL_SHIFTS, LOCAL_STARTS, LOCAL_TOUCHED } from "../slots.ts";
import { slot } from "./memory.ts";

/** [rank][tile]: address after the tile's last record. */
// @ts-ignore: decorator
@inline
export function cursorsOf(thread: u32): usize {
  return slot(AT_LOCALS + thread);
}

/** [sample of the chunk][block of the hexagon][tile]: address of the sample's first record. */
// @ts-ignore: decorator
@inline
export function startsOf(thread: u32): usize {
  return slot(AT_LOCALS + thread) + slot(LOCAL_STARTS);
}

// @ts-ignore: decorator
@inline
export function listsOf(thread: u32): usize {
  return slot(AT_LOCALS + thread) + slot(LOCAL_LISTS);
}

/** Gradients of a ramp's two tiles. */
// @ts-ignore: decorator
@inline
export function rampOf(thread: u32): usize {
  return slot(AT_LOCALS + thread) + slot(LOCAL_RAMP);
}

// @ts-ignore: decorator
@inline
export function recordsOf(thread: u32): usize {
  return slot(AT_LOCALS + thread) + slot(LOCAL_RECORDS);
}

/** Single samples: [rank][tile], how far the steps of the weights shift the mean inputs, for each unit of delta. */
// @ts-ignore: decorator
@inline
export function shiftsOf(thread: u32): usize {
  return slot(AT_LOCALS + thread) + slot(LOCAL_SHIFTS);
}

/** Single samples: the centred deltas of a block. They take the room of the lists, which single samples do not need. */
// @ts-ignore: decorator
@inline
export function centredOf(thread: u32): usize {
  return listsOf(thread);
}

/** Single samples: the list of touched sections. */
// @ts-ignore: decorator
@inline
export function touchedOf(thread: u32): usize {
  return slot(AT_LOCALS + thread) + slot(LOCAL_TOUCHED);
}
