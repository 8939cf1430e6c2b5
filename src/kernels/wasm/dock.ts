import type { NetworkModel } from "../../network/network-model.ts";
import { Arena, PAGES_MAX } from "./arena.ts";
import { ModelPlan } from "./model-plan.ts";
import { instantiate, type KernelExports, type KernelHost } from "./kernels.ts";
import { ScratchArrays } from "./scratch-arrays.ts";
import * as slots from "./slots.ts";
import { Memory, type WasmMemory, type WasmModule } from "./web-assembly.ts";

/** After a kernel stopped: how long the helpers may take to finish the phase, in ms. */
const SETTLE_MS = 2000;
const JOINED = slots.PHASE_LEAVE - 1;

/**
 * A separate wasm memory in which the kernels compute one network at a time; they cannot address any other memory. It
 * holds the network's arrays, the data derived from them, and the scratch arrays of its steps.
 */
export class Dock {
  readonly id: number;
  readonly memory: WasmMemory;
  readonly arena: Arena;
  readonly kernels: KernelExports;
  /** The table's words, as integers and as floats. */
  readonly table: Uint32Array;
  readonly floats: Float32Array;
  scratch: ScratchArrays;
  model: NetworkModel | null = null;
  /** Null when everything derived from the state must be built again. */
  plan: ModelPlan | null = null;
  /** Number of the engine's last call that used this dock. */
  lastUse = 0;
  readonly #words: Int32Array;
  /** The kernels' static data and tables as they were before the first network. */
  readonly #blank: Uint8Array;

  constructor(id: number, module: WasmModule, host: KernelHost, threads: number) {
    this.id = id;
    this.memory = new Memory({ initial: 2, maximum: PAGES_MAX, shared: true });
    this.table = new Uint32Array(this.memory.buffer, slots.TABLE, slots.SLOT_COUNT);
    this.floats = new Float32Array(this.memory.buffer, slots.TABLE, slots.SLOT_COUNT);
    this.#words = new Int32Array(this.memory.buffer, slots.TABLE, slots.SLOT_COUNT);
    this.kernels = instantiate(module, this.memory, host);
    this.arena = new Arena(this.memory, (at, bytes) => this.kernels.zero(at, bytes));
    this.scratch = new ScratchArrays(this.arena, this.table);
    this.kernels.start();
    this.table[slots.OPEN_PHASE] = slots.PHASE_CLOSED | slots.PHASE_LEAVE;
    this.table[slots.THREADS] = threads;
    this.#blank = new Uint8Array(this.memory.buffer, 0, slots.ARENA).slice();
  }

  get bytes(): number {
    return this.arena.bytes;
  }

  /** The data that the kernels need in addition to the network's state; built if missing. */
  planFor(model: NetworkModel): ModelPlan {
    this.plan ??= new ModelPlan(model, this.arena);
    return this.plan;
  }

  forgetPlan(): void {
    this.plan?.release();
    this.plan = null;
  }

  /** Erases all data of the network before the next one enters. Its arrays have already been moved or released. */
  clear(): void {
    this.model = null;
    this.plan = null;
    this.lastUse = 0;
    this.arena.clear();
    this.scratch = new ScratchArrays(this.arena, this.table);
    // Late helpers may be reading this one word, so it keeps its value.
    const word = slots.TABLE + slots.OPEN_PHASE * 4;
    const bytes = new Uint8Array(this.memory.buffer);
    bytes.set(this.#blank.subarray(0, word));
    bytes.set(this.#blank.subarray(word + 4), word + 4);
  }

  /** Lets helpers enter this memory and stay until `dismiss`. */
  admit(): void {
    Atomics.and(this.#words, slots.OPEN_PHASE, ~slots.PHASE_LEAVE);
  }

  dismiss(): void {
    Atomics.or(this.#words, slots.OPEN_PHASE, slots.PHASE_LEAVE);
    Atomics.notify(this.#words, slots.OPEN_PHASE);
  }

  /**
   * Call it after the kernels stopped in the middle of a phase: waits until the helpers that joined the phase have
   * finished. Returns false when a helper does not finish in time; this memory is then lost.
   */
  settle(): boolean {
    const joined = Atomics.or(this.#words, slots.OPEN_PHASE, slots.PHASE_CLOSED) & JOINED;
    const deadline = performance.now() + SETTLE_MS;
    for (;;) {
      const done = Atomics.load(this.#words, slots.DONE);
      if (done === joined) return true;
      const left = deadline - performance.now();
      if (left <= 0) return false;
      Atomics.wait(this.#words, slots.DONE, done, left);
    }
  }
}
