/**
 * A thread's local memory: a cursor per tile of 32 neurons, the cursors' starts for each sample of a chunk, the
 * gradient of a ramp, lists of activations, and the records.
 */
import { AT_LOCALS, LOCAL_LISTS, LOCAL_RAMP, LOCAL_RECORDS, LOCAL_STARTS } from "../slots.ts";
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
