import { MemoryFullError } from "../../network/engine.ts";
import type { Memory } from "../../network/state.ts";
import { ARENA } from "./slots.ts";
import type { WasmMemory } from "./web-assembly.ts";

const PAGE = 65536;
/** wasm addresses have 32 bits. */
export const PAGES_MAX = 65536;
const GRANULE = 256;
/** Kernels may touch a few bytes behind an array: the last vector of a row, the record behind the last one. */
const SLACK = 64;

/** Hands out regions of a shared wasm memory. Freed ones are used again by regions of the same size class. */
export class Arena implements Memory {
  readonly memory: WasmMemory;
  readonly #free = new Map<number, number[]>();
  #top = ARENA;
  #used = 0;

  constructor(memory: WasmMemory) {
    this.memory = memory;
  }

  /** Bytes that are handed out. */
  get used(): number {
    return this.#used;
  }

  allocate(bytes: number): Uint8Array {
    const room = sizeClass(bytes);
    const address = this.#free.get(room)?.pop();
    this.#used += room;
    const at = address ?? this.#extend(room);
    if (address !== undefined) new Uint8Array(this.memory.buffer, at, room).fill(0);
    return new Uint8Array(this.memory.buffer, at, bytes);
  }

  release({ byteOffset, byteLength }: Uint8Array): void {
    const room = sizeClass(byteLength);
    const list = this.#free.get(room);
    if (list) list.push(byteOffset);
    else this.#free.set(room, [byteOffset]);
    this.#used -= room;
  }

  #extend(room: number): number {
    const at = this.#top;
    const missing = at + room - this.memory.buffer.byteLength;
    if (missing > 0) {
      try {
        this.memory.grow(Math.ceil(missing / PAGE));
      } catch (cause) {
        throw new MemoryFullError(`the CPU host's memory is full: ${at + room} bytes do not fit`, { cause });
      }
    }
    this.#top += room;
    return at;
  }
}

/** Four sizes per doubling, so that at most a fifth is wasted and freed regions fit again. */
function sizeClass(bytes: number): number {
  const needed = bytes + SLACK;
  const step = Math.max(GRANULE, 2 ** (Math.floor(Math.log2(needed)) - 2));
  return Math.ceil(needed / step) * step;
}
