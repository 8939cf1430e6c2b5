import { MemoryFullError } from "../../network/engine.ts";
import type { Memory } from "../../network/state.ts";
import { type Arena, roomOf } from "./arena.ts";

/** The part of an arena that networks may take. What steps need meanwhile comes out of the rest. */
export class BudgetedMemory implements Memory {
  readonly bytesMax: number;
  readonly #arena: Arena;
  #used = 0;

  constructor(arena: Arena, bytesMax: number) {
    this.#arena = arena;
    this.bytesMax = bytesMax;
  }

  get free(): number {
    return this.bytesMax - this.#used;
  }

  /** Throws MemoryFullError when this is more than is left; then nothing was taken. */
  allocate(bytes: number): Uint8Array {
    const room = roomOf(bytes);
    if (room > this.free) {
      throw new MemoryFullError(
        `its clusters may take ${this.bytesMax} bytes of memory, ${this.free} are free, ${room} more are needed`,
      );
    }
    const region = this.#arena.allocate(bytes);
    this.#used += room;
    return region;
  }

  release(region: Uint8Array): void {
    this.#arena.release(region);
    this.#used -= roomOf(region.byteLength);
  }
}
