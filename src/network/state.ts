import { copyBytes } from "./copy-bytes.ts";
import { MemoryFullError } from "./memory-full-error.ts";
import { ARRAY_NAMES, HEADER, LAYOUT, type ArrayName, type Arrays, type Per } from "./layout.ts";
import { StateError } from "./state-error.ts";

/** Where arrays live. */
export interface Memory {
  /** A zeroed region of at least `bytes` bytes that starts at a multiple of 16. */
  allocate(bytes: number): Uint8Array;
  /** Takes back a region that nobody reads or writes any more. */
  release(region: Uint8Array): void;
}

export const heap: Memory = { allocate: (bytes) => new Uint8Array(bytes), release: () => {} };

/** A file or a message of 2 GiB cannot be read in one piece: what a network's arrays may take, with room for its template. */
export const STATE_BYTES_MAX = 2 ** 31 - 2 ** 26;

/** Output neurons of a network: so many are shown, or told what they should show, in a tenth of a second. */
export const OUTPUTS_MAX = 2 ** 24;

/**
 * The flat arrays of one network. They are replaced when the state grows, and when its engine computes with this or with
 * another network: never hold one across an `append` or a call of the engine.
 */
export interface State {
  readonly arrays: Arrays;
  /** Room, in things of each sort, before the arrays of that sort must move. */
  readonly capacity: Record<Per, number>;
  readonly memory: Memory;
}

/** An empty state. */
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

/** How many things of a sort the state holds. */
export function count(state: State, per: Per): number {
  return per === "network" ? 1 : (state.arrays.header[HEADER[per]] ?? 0);
}

/**
 * Adds `added` zeroed things of a sort at the end and returns the index of the first. Throws MemoryFullError when the
 * network would get too large, or its memory is full; then nothing was added.
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
 * About so many things of a sort are going to be added one by one: makes room for all of them at once, where there is any.
 * Throws MemoryFullError when the network would get too large; then nothing has changed.
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

/** Steps in which arrays grow. Each keeps the copying linear in the final size; the smaller ones are for tight places. */
const GROWTHS = [2, 1.25, 1.0625];
/** Arrays of a sort are not doubled beyond this: what they leave behind is often too small to be used again. */
const DOUBLED_BYTES_MAX = 2 ** 30;
/**
 * What is made room for when so many things are expected: some come on top, and must not move all of them. Sections of
 * inputs are followed by those of the neurons that they reach, an eighth as many.
 */
const EXPECTED_SHARES = [1.25, 1.0625];
/** Smaller arrays get exactly what is needed where memory is short: what copying them costs is little. */
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

/** Moves the arrays of a sort to where there is room for `capacity` things. */
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
 * Copies all arrays to where another memory has room, without any to spare; they live there from then on. When it throws,
 * nothing has moved. The memory that they leave is not told.
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

/** Gives the memory of all arrays back; the state is of no use afterwards. */
export function releaseState({ arrays, memory }: State): void {
  for (const name of ARRAY_NAMES) memory.release(regionOf(arrays[name]));
}

/** The used bytes of one array. Throws StateError when the header says that there are more than the array has. */
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

/** Bytes that all arrays of a sort take for each thing of that sort. */
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
