import type { NetworkModel } from "../../network/network-model.ts";
import { MemoryFullError } from "../../network/memory-full-error.ts";
import { heap, usedBytes } from "../../network/state.ts";
import { undisturbed } from "../../network/yield-point.ts";
import type { Dock } from "./dock.ts";
import { NetworkMemory } from "./network-memory.ts";

/** A memory so large is not used again for a network that needs less than a part of it. */
const LARGE_BYTES = 2 ** 26;
const LARGE_PART = 8;
const EMPTY_MAX = 8;

interface DocksOptions {
  open: (id: number) => Dock;
  /** A dock that nobody will use again. */
  dropped: (dock: Dock) => void;
  /** How many there are at most, and how many bytes their memories may have together after a call. */
  countMax: number;
  bytesMax: number;
}

/**
 * The docks of an engine and who is in them. A network keeps its dock until somebody else needs one: then the network that
 * was used longest ago goes to rest, its arrays in ordinary memory, and nothing of it stays behind.
 */
export class Docks {
  readonly #options: DocksOptions;
  readonly #docks = new Set<Dock>();
  readonly #of = new Map<NetworkModel, Dock>();
  /** Networks that stay where they are, and how many want it. */
  readonly #held = new Map<NetworkModel, number>();
  #opened = 0;
  #uses = 0;
  /** Bytes of all memories when they were counted last. */
  #bytes = 0;

  constructor(options: DocksOptions) {
    this.#options = options;
  }

  find(model: NetworkModel): Dock | undefined {
    return this.#of.get(model);
  }

  /** The dock of a network, which comes into one when it is in none. */
  take(model: NetworkModel): Dock {
    const dock = this.#of.get(model) ?? undisturbed(() => this.#enter(model));
    dock.lastUse = ++this.#uses;
    return dock;
  }

  /** Whoever else needs a dock while `work` goes on, the network stays where it is. */
  hold<T>(model: NetworkModel, work: () => T): T {
    this.#held.set(model, (this.#held.get(model) ?? 0) + 1);
    try {
      return work();
    } finally {
      const left = this.#held.get(model)! - 1;
      if (left > 0) this.#held.set(model, left);
      else this.#held.delete(model);
    }
  }

  /** The network goes to rest. */
  vacate(dock: Dock): void {
    const { model } = dock;
    if (model === null) return;
    undisturbed(() => {
      memoryOf(model).move(model.state, heap);
      this.#empty(dock);
    });
  }

  /** The network's arrays were given back. A few empty docks wait for the next networks. */
  release(model: NetworkModel): void {
    const dock = this.#of.get(model);
    if (dock === undefined) return;
    const empty = [...this.#docks].filter((each) => each.model === null);
    if (empty.length >= EMPTY_MAX || dock.bytes > LARGE_BYTES) this.drop(dock);
    else this.#empty(dock);
  }

  /** Nobody comes into this dock again. */
  drop(dock: Dock): void {
    this.#docks.delete(dock);
    if (dock.model !== null) this.#of.delete(dock.model);
    this.#options.dropped(dock);
  }

  /** While the memories are larger than they may be together, those used longest ago go, but for the last one. */
  trim(): void {
    this.#count();
    while (this.#bytes > this.#options.bytesMax && this.#docks.size > 1) {
      const oldest = this.#oldest();
      if (oldest === undefined) return;
      try {
        this.vacate(oldest);
      } catch (error) {
        // Where the machine has no memory for the network, it stays.
        if (error instanceof MemoryFullError) return;
        throw error;
      }
      this.drop(oldest);
      this.#bytes -= oldest.bytes;
    }
  }

  #count(): void {
    this.#bytes = 0;
    for (const dock of this.#docks) this.#bytes += dock.bytes;
  }

  #empty(dock: Dock): void {
    this.#of.delete(dock.model!);
    dock.clear();
  }

  #enter(model: NetworkModel): Dock {
    const dock = this.#free(usedBytes(model.state));
    try {
      memoryOf(model).move(model.state, dock.arena);
    } catch (error) {
      dock.clear();
      throw error;
    }
    dock.model = model;
    this.#of.set(model, dock);
    return dock;
  }

  /** A dock without a network, of a size that fits. */
  #free(bytes: number): Dock {
    const { countMax, bytesMax } = this.#options;
    const empty = [...this.#docks].find(({ model }) => model === null);
    this.#count();
    const hasRoom = this.#docks.size < countMax && this.#bytes + bytes <= bytesMax;
    const dock = empty ?? (hasRoom ? undefined : this.#oldest());
    if (dock === undefined) return this.#open();
    this.vacate(dock);
    if (dock.bytes <= Math.max(LARGE_BYTES, bytes * LARGE_PART)) return dock;
    this.drop(dock);
    return this.#open();
  }

  #open(): Dock {
    let dock: Dock;
    try {
      dock = this.#options.open(++this.#opened);
    } catch (cause) {
      throw new MemoryFullError("the machine has no memory left for one more network that computes", { cause });
    }
    this.#docks.add(dock);
    return dock;
  }

  /** The dock that was used longest ago and whose network may go. */
  #oldest(): Dock | undefined {
    let oldest: Dock | undefined;
    for (const dock of this.#docks) {
      if (dock.model !== null && this.#held.has(dock.model)) continue;
      if (oldest === undefined || dock.lastUse < oldest.lastUse) oldest = dock;
    }
    return oldest;
  }
}

function memoryOf({ state }: NetworkModel): NetworkMemory {
  if (!(state.memory instanceof NetworkMemory)) throw new TypeError("the network is another engine's");
  return state.memory;
}
