import type { NetworkModel } from "../../network/network-model.ts";
import { MemoryFullError } from "../../network/memory-full-error.ts";
import { heap, usedBytes } from "../../network/state.ts";
import { undisturbed } from "../../network/yield-point.ts";
import type { Dock } from "./dock.ts";
import { NetworkMemory } from "./network-memory.ts";

/** A larger memory is not reused for a network that needs less than 1 / LARGE_PART of it. */
const LARGE_BYTES = 2 ** 26;
const LARGE_PART = 8;
const EMPTY_MAX = 8;

interface DocksOptions {
  open: (id: number) => Dock;
  /** Called with each dock that will not be used again. */
  dropped: (dock: Dock) => void;
  /** Upper bounds on the number of docks, and on the total bytes of their memories after a call. */
  countMax: number;
  bytesMax: number;
}

/**
 * The docks of an engine and the networks in them. A network keeps its dock until another network needs one. Then the
 * least recently used network goes to rest: its arrays move to ordinary memory, and none of its data stays in the dock.
 */
export class Docks {
  readonly #options: DocksOptions;
  readonly #docks = new Set<Dock>();
  readonly #of = new Map<NetworkModel, Dock>();
  /** Networks that must stay in their docks, with the number of calls that hold them. */
  readonly #held = new Map<NetworkModel, number>();
  #opened = 0;
  #uses = 0;
  /** Total bytes of all memories at the last count. */
  #bytes = 0;

  constructor(options: DocksOptions) {
    this.#options = options;
  }

  find(model: NetworkModel): Dock | undefined {
    return this.#of.get(model);
  }

  /** The dock of a network; a resting network enters one first. */
  take(model: NetworkModel): Dock {
    const dock = this.#of.get(model) ?? undisturbed(() => this.#enter(model));
    dock.lastUse = ++this.#uses;
    return dock;
  }

  /** Runs `work` while the network keeps its dock, even when other networks need one. */
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

  /** Moves the dock's network, if any, to ordinary memory. */
  vacate(dock: Dock): void {
    const { model } = dock;
    if (model === null) return;
    undisturbed(() => {
      memoryOf(model).move(model.state, heap);
      this.#empty(dock);
    });
  }

  /** Call it after the network's arrays were released. A few empty docks are kept for the next networks. */
  release(model: NetworkModel): void {
    const dock = this.#of.get(model);
    if (dock === undefined) return;
    const empty = [...this.#docks].filter((each) => each.model === null);
    if (empty.length >= EMPTY_MAX || dock.bytes > LARGE_BYTES) this.drop(dock);
    else this.#empty(dock);
  }

  /** Removes a dock; no network enters it again. */
  drop(dock: Dock): void {
    this.#docks.delete(dock);
    if (dock.model !== null) this.#of.delete(dock.model);
    this.#options.dropped(dock);
  }

  /** Drops the least recently used docks while the memories exceed their total limit. One dock always stays. */
  trim(): void {
    this.#count();
    while (this.#bytes > this.#options.bytesMax && this.#docks.size > 1) {
      const oldest = this.#oldest();
      if (oldest === undefined) return;
      try {
        this.vacate(oldest);
      } catch (error) {
        // The network keeps its dock when the machine has no memory for it elsewhere.
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

  /** An empty dock of a suitable size. */
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

  /** The least recently used dock, except those of held networks. */
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
