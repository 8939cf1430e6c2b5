import { PIECE_BYTES } from "../../network/copy-bytes.ts";
import { MemoryFullError } from "../../network/memory-full-error.ts";
import type { Memory } from "../../network/state.ts";
import { yieldPoint } from "../../network/yield-point.ts";
import { ARENA } from "./slots.ts";
import type { WasmMemory } from "./web-assembly.ts";

const PAGE = 65536;
/** wasm addresses have 32 bits. */
export const PAGES_MAX = 65536;
const GRANULE = 256;
/**
 * Kernels may access a few bytes past the end of an array: the last vector of a row, or the record after the last one.
 */
const SLACK = 64;

/** Zeroes bytes of the memory. In a shared memory, JavaScript would do it byte by byte, about ten times slower. */
type Zero = (at: number, bytes: number) => void;

interface Region {
  at: number;
  room: number;
}

/** Hands out regions of a shared wasm memory. Adjacent free regions merge, so that larger arrays fit into them. */
export class Arena implements Memory {
  readonly memory: WasmMemory;
  readonly #zero: Zero;
  /** Sorted by address; no two are adjacent, and none ends at the top. There are a few dozen regions. */
  readonly #free: Region[] = [];
  #top = ARENA;
  /** Memory from here on was never handed out and is all zeros. */
  #highest = ARENA;
  #bytes: number;

  constructor(memory: WasmMemory, zero: Zero) {
    this.memory = memory;
    this.#zero = zero;
    this.#bytes = memory.buffer.byteLength;
  }

  /** Current size of the memory. */
  get bytes(): number {
    return this.#bytes;
  }

  allocate(bytes: number): Uint8Array {
    const room = roomOf(bytes);
    // Zeroes only memory that was used before: touching all of a new array costs more than using the part it needs.
    const had = this.#highest;
    const at = this.#reuse(room) ?? this.#extend(room);
    const end = Math.min(at + room, had);
    for (let from = at; from < end; from += PIECE_BYTES) {
      this.#zero(from, Math.min(PIECE_BYTES, end - from));
      yieldPoint();
    }
    return new Uint8Array(this.memory.buffer, at, bytes);
  }

  release({ byteOffset, byteLength }: Uint8Array): void {
    const end = byteOffset + roomOf(byteLength);
    const index = this.#free.findIndex(({ at }) => at > byteOffset);
    const after = index < 0 ? this.#free.length : index;
    const freed = { at: byteOffset, room: end - byteOffset };
    const [before, behind] = [this.#free[after - 1], this.#free[after]];
    const joinsBefore = before !== undefined && before.at + before.room === freed.at;
    const joinsBehind = behind !== undefined && behind.at === end;
    if (joinsBefore) freed.at = before.at;
    freed.room = (joinsBehind ? behind.at + behind.room : end) - freed.at;
    const from = joinsBefore ? after - 1 : after;
    this.#free.splice(from, Number(joinsBefore) + Number(joinsBehind), freed);
    if (freed.at + freed.room !== this.#top) return;
    this.#free.pop();
    this.#top = freed.at;
  }

  /** Frees all regions and zeroes their contents. */
  clear(): void {
    this.#zero(ARENA, this.#highest - ARENA);
    this.#free.length = 0;
    this.#top = ARENA;
  }

  /** Takes the smallest free region that is large enough; returns its address. */
  #reuse(room: number): number | undefined {
    let best: Region | undefined;
    for (const region of this.#free)
      if (region.room >= room && (best === undefined || region.room < best.room)) best = region;
    if (best === undefined) return undefined;
    const { at } = best;
    best.at += room;
    best.room -= room;
    if (best.room === 0) this.#free.splice(this.#free.indexOf(best), 1);
    return at;
  }

  #extend(room: number): number {
    const at = this.#top;
    const missing = at + room - this.#bytes;
    if (missing > 0) {
      try {
        this.memory.grow(Math.ceil(missing / PAGE));
      } catch (cause) {
        throw new MemoryFullError(`its memory ends at ${this.#bytes} bytes`, { cause });
      }
      this.#bytes = this.memory.buffer.byteLength;
    }
    this.#top += room;
    this.#highest = Math.max(this.#highest, this.#top);
    return at;
  }
}

/**
 * Size of a region for `bytes` bytes: four sizes per doubling, so that at most a fifth is wasted and freed regions fit
 * later arrays.
 */
export function roomOf(bytes: number): number {
  const needed = bytes + SLACK;
  const step = Math.max(GRANULE, 2 ** (Math.floor(Math.log2(needed)) - 2));
  return Math.ceil(needed / step) * step;
}
