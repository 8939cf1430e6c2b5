import { copyBytes } from "../../network/copy-bytes.ts";
import type { Memory } from "../../network/state.ts";

/** The kernels' scratch arrays. They only grow, and keep their contents; the table holds the address of each. */
export class ScratchArrays {
  readonly #memory: Memory;
  readonly #table: Uint32Array;
  readonly #regions = new Map<number, Uint8Array>();

  constructor(memory: Memory, table: Uint32Array) {
    this.#memory = memory;
    this.#table = table;
  }

  /**
   * The array of a slot, at least `bytes` long. One that must grow gets `ahead` bytes, so that the next growth moves it
   * less often; by default half as much again as it had.
   */
  ensure(slot: number, bytes: number, ahead?: number): Uint8Array {
    const region = this.#regions.get(slot);
    if (region && region.byteLength >= bytes) return region;
    const larger = this.#memory.allocate(ahead ?? Math.max(bytes, (region?.byteLength ?? 0) * 1.5));
    if (region) {
      copyBytes(region, larger);
      this.#memory.release(region);
    }
    this.#regions.set(slot, larger);
    this.#table[slot] = larger.byteOffset;
    return larger;
  }
}
