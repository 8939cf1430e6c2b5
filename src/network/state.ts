import { copyBytes } from "./copy-bytes.ts";
import { MemoryFullError } from "./memory-full-error.ts";
import { ARRAY_NAMES, HEADER, LAYOUT, type ArrayName, type Arrays, type Per } from "./layout.ts";
import { StateError } from "./state-error.ts";

/** Allocates the arrays of states. */
export interface Memory {
  /** Returns a zeroed region of at least `bytes` bytes that starts at a multiple of 16. */
  allocate(bytes: number): Uint8Array;
  /** Releases a region that is no longer read or written. */
  release(region: Uint8Array): void;
}

export const heap: Memory = { allocate: (bytes) => new Uint8Array(bytes), release: () => {} };

/** Cap on a network's arrays. A file or message of 2 GiB cannot be read in one piece; the rest is for the template. */
export const STATE_BYTES_MAX = 2 ** 31 - 2 ** 26;

/** Cap on a network's output neurons: reading or writing the values of this many takes a tenth of a second. */
export const OUTPUTS_MAX = 2 ** 24;

/**
 * The flat arrays of one network. They are replaced when the state grows, and when its engine computes with this or
 * another network: never keep a reference across an `append` or an engine call.
 */
export interface State {
  readonly arrays: Arrays;
  /** Items of each `Per` that fit before the arrays must be reallocated. */
  readonly capacity: Record<Per, number>;
  readonly memory: Memory;
}

/** Creates an empty state. */
export function createState(memory: Memory = heap): State {
  const capacity: Record<Per, number> = { network: 1, input: 0, block: 0, section: 0, tile: 0, row: 0, output: 0 };
  const arrays: Record<string, Uint32Array | Float32Array> = {};
  try {
    for (const name of ARRAY_NAMES)
      arrays[name] = view(name, memory.allocate(bytesPerItem(name) * capacity[LAYOUT[name].per]));
  } catch (error) {
    for (const array of Object.values(arrays)) memory.release(regionOf(array));
    throw error;
  }
  return { arrays: arrays as Arrays, capacity, memory };
}

/** The number of items of one `Per` in the state, such as blocks. */
export function count(state: State, per: Per): number {
  return per === "network" ? 1 : (state.arrays.header[HEADER[per]] ?? 0);
}

/**
 * Appends `added` zeroed items and returns the index of the first. Throws MemoryFullError, and adds nothing, if the
 * network would get too large or its memory is full.
 */
export function append(state: State, per: Exclude<Per, "network">, added: number): number {
  const first = count(state, per);
  const needed = first + added;
  checkSize(state, per, added);
  makeRoom(state, per, needed);
  state.arrays.header[HEADER[per]] = needed;
  return first;
}

/**
 * Reserves room at once for about `added` items that will be appended one by one; does nothing if memory is short.
 * Throws MemoryFullError, and changes nothing, if the network would get too large.
 */
export function expectMore(state: State, per: Exclude<Per, "network">, added: number): void {
  checkSize(state, per, added);
  for (const share of EXPECTED_SHARES) {
    try {
      return makeRoom(state, per, count(state, per) + Math.ceil(added * share));
    } catch (error) {
      if (!(error instanceof MemoryFullError)) throw error;
    }
  }
}

function checkSize(state: State, per: Per, added: number): void {
  const bytes = usedBytes(state) + added * bytesPer(per);
  if (bytes > STATE_BYTES_MAX)
    throw new MemoryFullError(`a network may have ${STATE_BYTES_MAX} bytes and would have ${bytes}`);
  const outputs = count(state, "output") + added;
  if (per === "output" && outputs > OUTPUTS_MAX)
    throw new MemoryFullError(`a network may have ${OUTPUTS_MAX} output neurons and would have ${outputs}`);
}

/** Growth factors of arrays. Each keeps copying linear in the final size; smaller ones are for when memory is short. */
const GROWTHS = [2, 1.25, 1.0625];
/** The arrays of one `Per` are not doubled beyond this: the regions that they free are often too small for reuse. */
const DOUBLED_BYTES_MAX = 2 ** 30;
/**
 * Multiples of the expected items for which room is reserved, so that later items do not reallocate the arrays.
 * Sections of inputs are followed by those of the neurons that they reach, an eighth as many.
 */
const EXPECTED_SHARES = [1.25, 1.0625];
/** Up to this size, arrays get exactly what they need when memory is short, because copying them is cheap. */
const SMALL_BYTES = 2 ** 20;

function makeRoom(state: State, per: Per, needed: number): void {
  const capacity = state.capacity[per];
  if (needed <= capacity) return;
  const growths = 2 * capacity * bytesPer(per) > DOUBLED_BYTES_MAX ? GROWTHS.slice(1) : GROWTHS;
  const wanted = growths.map((growth) => Math.max(needed, Math.ceil(capacity * growth)));
  if (needed * bytesPer(per) <= SMALL_BYTES) wanted.push(needed);
  for (const [nth, size] of wanted.entries()) {
    try {
      return reserve(state, per, size);
    } catch (error) {
      if (!(error instanceof MemoryFullError) || nth === wanted.length - 1) throw error;
    }
  }
}

/** Reallocates the arrays of one `Per` with room for `capacity` items. */
function reserve(state: State, per: Per, capacity: number): void {
  const arrays: Record<string, Uint32Array | Float32Array> = state.arrays;
  for (const name of ARRAY_NAMES) {
    if (LAYOUT[name].per !== per || state.arrays[name].byteLength >= bytesPerItem(name) * capacity) continue;
    const moved = state.memory.allocate(bytesPerItem(name) * capacity);
    copyBytes(bytesOf(state, name), moved);
    state.memory.release(regionOf(state.arrays[name]));
    arrays[name] = view(name, moved);
  }
  state.capacity[per] = capacity;
}

/**
 * Moves all arrays to another memory, without spare capacity. If it throws, nothing has moved. Does not release the old
 * regions.
 */
export function moveArrays(state: State, to: Pick<Memory, "allocate">): void {
  const moved = ARRAY_NAMES.map((name) => {
    const bytes = bytesOf(state, name);
    const region = to.allocate(bytes.byteLength);
    region.set(bytes);
    return [name, view(name, region)] as const;
  });
  Object.assign(state.arrays, Object.fromEntries(moved));
  for (const per of PERS) state.capacity[per] = count(state, per);
}

/** An equal state in another memory, without spare capacity. */
export function copyState(state: State, memory: Memory): State {
  const copy = createState(memory);
  try {
    for (const per of PERS) if (per !== "network") append(copy, per, count(state, per));
    for (const name of ARRAY_NAMES) copyBytes(bytesOf(state, name), bytesOf(copy, name));
    return copy;
  } catch (error) {
    releaseState(copy);
    throw error;
  }
}

/** Releases the memory of all arrays. The state must not be used afterwards. */
export function releaseState({ arrays, memory }: State): void {
  for (const name of ARRAY_NAMES) memory.release(regionOf(arrays[name]));
}

/** The used bytes of one array. Throws StateError if the header counts more items than the array holds. */
export function bytesOf(state: State, name: ArrayName): Uint8Array {
  const array = state.arrays[name];
  const bytes = count(state, LAYOUT[name].per) * bytesPerItem(name);
  if (bytes > array.byteLength) throw new StateError(`'${name}' holds less than the header says`);
  return new Uint8Array(array.buffer, array.byteOffset, bytes);
}

/** The used bytes of all arrays. */
export function usedBytes(state: State): number {
  return PERS.reduce((sum, per) => sum + count(state, per) * bytesPer(per), 0);
}

/** Bytes per item, over all arrays of one `Per`. */
export function bytesPer(per: Per): number {
  return BYTES_PER[per];
}

const regionOf = ({ buffer, byteOffset, byteLength }: Uint32Array | Float32Array) =>
  new Uint8Array(buffer, byteOffset, byteLength);

const bytesPerItem = (name: ArrayName) => LAYOUT[name].width * 4;

function view(name: ArrayName, bytes: Uint8Array): Uint32Array | Float32Array {
  const length = Math.floor(bytes.byteLength / 4);
  return LAYOUT[name].type === "u32"
    ? new Uint32Array(bytes.buffer, bytes.byteOffset, length)
    : new Float32Array(bytes.buffer, bytes.byteOffset, length);
}

const PERS: readonly Per[] = ["network", "input", "block", "section", "tile", "row", "output"];
const BYTES_PER = { network: 0, input: 0, block: 0, section: 0, tile: 0, row: 0, output: 0 };
for (const name of ARRAY_NAMES) BYTES_PER[LAYOUT[name].per] += bytesPerItem(name);
