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

/** Sets bytes of the memory to 0. JavaScript would do it byte by byte in a shared memory, some ten times as slowly. */
type Zero = (at: number, bytes: number) => void;

/** Hands out regions of a shared wasm memory. Freed ones are used again by regions of the same size class. */
export class Arena implements Memory {
  readonly memory: WasmMemory;
  readonly #zero: Zero;
  readonly #free = new Map<number, number[]>();
  #top = ARENA;
  #bytes: number;

  constructor(memory: WasmMemory, zero: Zero) {
    this.memory = memory;
    this.#zero = zero;
    this.#bytes = memory.buffer.byteLength;
  }

  /** How large the memory is. */
  get bytes(): number {
    return this.#bytes;
  }

  allocate(bytes: number): Uint8Array {
    const room = roomOf(bytes);
    const at = this.#free.get(room)?.pop() ?? this.#extend(room);
    this.#zero(at, room);
    return new Uint8Array(this.memory.buffer, at, bytes);
  }

  release({ byteOffset, byteLength }: Uint8Array): void {
    const room = roomOf(byteLength);
    const list = this.#free.get(room);
    if (list) list.push(byteOffset);
    else this.#free.set(room, [byteOffset]);
  }

  /** Takes back all regions and leaves nothing of what was in them. */
  clear(): void {
    this.#zero(ARENA, this.#top - ARENA);
    this.#free.clear();
    this.#top = ARENA;
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
    return at;
  }
}

/** What a region of so many bytes takes: four sizes per doubling, so that at most a fifth is wasted and freed ones fit again. */
export function roomOf(bytes: number): number {
  const needed = bytes + SLACK;
  const step = Math.max(GRANULE, 2 ** (Math.floor(Math.log2(needed)) - 2));
  return Math.ceil(needed / step) * step;
}
