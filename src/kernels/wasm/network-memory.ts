import { MemoryFullError } from "../../network/memory-full-error.ts";
import { ARRAY_NAMES } from "../../network/layout.ts";
import { heap, moveArrays, type Memory, type State } from "../../network/state.ts";
import { roomOf } from "./arena.ts";
import type { MemoryBudget } from "./memory-budget.ts";

/**
 * Memory of one network's arrays: ordinary memory while the network rests, the arena of its dock while it computes.
 * Both count as the room that the arrays need in an arena, so that entering a dock never uses more of the budget.
 */
export class NetworkMemory implements Memory {
  readonly #budget: MemoryBudget;
  #place: Memory = heap;
  #bytes = 0;

  constructor(budget: MemoryBudget) {
    this.#budget = budget;
  }

  /** What it takes of the budget. */
  get bytes(): number {
    return this.#bytes;
  }

  allocate(bytes: number): Uint8Array {
    const room = roomOf(bytes);
    this.#budget.take(room);
    this.#bytes += room;
    try {
      return allocateIn(this.#place, bytes);
    } catch (error) {
      this.#give(room);
      throw error;
    }
  }

  release(region: Uint8Array): void {
    this.#place.release(region);
    this.#give(roomOf(region.byteLength));
  }

  /**
   * Moves the used part of the state's arrays to an arena or to the heap. Throws MemoryFullError when there is no room,
   * and StateError when the arrays are shorter than the header says; then nothing has moved.
   */
  move(state: State, place: Memory): void {
    const before = roomFor(state);
    moveArrays(state, { allocate: (bytes) => allocateIn(place, bytes) });
    this.#place = place;
    this.#give(before - roomFor(state));
  }

  #give(room: number): void {
    this.#bytes -= room;
    this.#budget.give(room);
  }
}

const roomFor = ({ arrays }: State) => ARRAY_NAMES.reduce((sum, name) => sum + roomOf(arrays[name].byteLength), 0);

function allocateIn(place: Memory, bytes: number): Uint8Array {
  try {
    return place.allocate(bytes);
  } catch (cause) {
    if (cause instanceof RangeError) throw new MemoryFullError(`the machine has no ${bytes} bytes left`, { cause });
    throw cause;
  }
}
