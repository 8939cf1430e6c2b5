import type { MessagePort } from "node:worker_threads";
import { type Engine, KernelError, type PreparedRun } from "../../network/engine.ts";
import { MemoryFullError } from "../../network/memory-full-error.ts";
import { COOLDOWN_FORGETS, WEIGHT_DECAY } from "../../network/constants.ts";
import type { NetworkModel } from "../../network/network-model.ts";
import type { RequestRun } from "../../network/run.ts";
import type { RunScores } from "../../network/run-scores.ts";
import { readScores, writeScored } from "./score-records.ts";
import { StateError } from "../../network/state-error.ts";
import { count, type Memory, releaseState } from "../../network/state.ts";
import { allocateSources, markedSections, split } from "../../network/add-sections.ts";
import { checkBounds } from "../check-bounds.ts";
import { collectGarbage } from "./collect-garbage.ts";
import { Dock } from "./dock.ts";
import { Docks } from "./docks.ts";
import { Helpers } from "./helpers.ts";
import { loadKernels } from "./kernels.ts";
import { MemoryBudget } from "./memory-budget.ts";
import { NetworkMemory } from "./network-memory.ts";
import * as slots from "./slots.ts";

/** Samples that a thread processes at once; it reads the weights of a tile once for all of them. */
const CHUNK_MAX = 8;
/** Larger chunks for networks whose weights fit no cache: the number of reads of the weights dominates there. */
const CHUNK_MAX_LARGE = 32;
const SECTIONS_LARGE = 4000;
/** Upper bound on the records of one chunk, in bytes. */
const RECORDS_MAX = 128 * 1024 * 1024;
/** Samples per thread in one step of a request; few enough for their values to stay in the thread's cache. */
const REQUEST_STEP = 32;
/** Upper bound on the values of one step of a request, in bytes. */
const REQUEST_BYTES = 64 * 1024 * 1024;
const SCRATCH_PER_VALUE = 6;
/** Default number of networks that can have a dock at the same time. */
const DOCKS_MAX = 64;
/** Docks may take a quarter of the networks' memory limit in total, but at least this many bytes. */
const DOCK_BYTES_MIN = 2 ** 26;
/** A garbage collection pays off once dropped docks take this many bytes, or are this many. */
const COLLECT_BYTES = 2 ** 26;
const COLLECT_DOCKS = 128;

interface WasmEngineOptions {
  threads?: number;
  memoryBytes?: number;
  lifelines?: MessagePort[];
  docks?: number;
}

/**
 * Computes with the wasm kernels, each network in a separate memory, its dock. The caller's thread leads and runs the
 * steps; `threads - 1` helpers take part in them. Results are the same for any number of threads and docks. Call
 * `close` to end the helpers.
 */
export class WasmEngine implements Engine {
  /** Memory limit of the networks, and how much of it is left. */
  readonly budget: MemoryBudget;
  readonly #threads: number;
  readonly #docks: Docks;
  readonly #helpers: Helpers;
  readonly #dropped: Dock[] = [];
  /** Dock and network of the current call, and how many of the network's blocks have scratch memory. */
  #dock: Dock | null = null;
  #model: NetworkModel | null = null;
  #coveredBlocks = 0;

  /**
   * Networks may take `memoryBytes`, and up to `docks` of them keep a dock at the same time. Each helper holds one of
   * the `lifelines` for as long as it lives. The holder of the other end must end the leader when a helper ends: in the
   * middle of a step, the leader would wait forever.
   */
  constructor({ threads = 1, memoryBytes = 2 ** 32, lifelines = [], docks = DOCKS_MAX }: WasmEngineOptions = {}) {
    const module = loadKernels();
    this.#threads = Math.max(1, Math.min(slots.THREADS_MAX, threads));
    this.budget = new MemoryBudget(memoryBytes);
    this.#helpers = new Helpers(module, this.#threads, lifelines);
    const host = {
      allocate: (hexagon: number) => this.#allocate(hexagon),
      split: (hexagon: number) => this.#split(hexagon),
    };
    this.#docks = new Docks({
      open: (id) => new Dock(id, module, host, this.#threads),
      dropped: (dock) => this.#dropped.push(dock),
      countMax: docks,
      bytesMax: Math.max(DOCK_BYTES_MIN, memoryBytes / 4),
    });
  }

  /** Ends the helpers; the engine must not be used afterwards. */
  async close(): Promise<void> {
    await this.#helpers.close();
  }

  memoryFor(): Memory {
    return new NetworkMemory(this.budget);
  }

  train(model: NetworkModel, run: PreparedRun, scores: RunScores): void {
    this.#compute(model, (dock) => this.#train(dock, run, scores));
  }

  request(model: NetworkModel, run: RequestRun): Float32Array {
    return this.#compute(model, (dock) => this.#request(dock, run));
  }

  hold<T>(model: NetworkModel, work: () => T): T {
    return this.#docks.hold(model, work);
  }

  forget(model: NetworkModel): void {
    this.#docks.find(model)?.forgetPlan();
  }

  bytesOf({ state }: NetworkModel): number {
    return (state.memory as NetworkMemory).bytes;
  }

  release(model: NetworkModel): void {
    releaseState(model.state);
    this.#docks.release(model);
    // A call that is under way collects when it ends: this may be the middle of a kernel.
    if (this.#dock === null) this.#collect();
  }

  /** Calls nest: at a yield point of one call, another call may compute another network; then the first one goes on. */
  #compute<T>(model: NetworkModel, work: (dock: Dock) => T): T {
    const [outerDock, outerModel, outerBlocks] = [this.#dock, this.#model, this.#coveredBlocks];
    const wasHelped = outerDock !== null && this.#helpers.dock === outerDock;
    const dock = this.#docks.take(model);
    // Otherwise a large memory that has just been dropped would stay until the end of this call.
    if (outerDock === null) this.#collect();
    const bytesBefore = dock.plan === null ? 0 : dock.bytes;
    this.#dock = dock;
    this.#model = model;
    try {
      return this.#docks.hold(model, () => work(dock));
    } catch (error) {
      throw this.#stopped(dock, error);
    } finally {
      // Without an outer call, these fields keep no reference to a memory that is dropped.
      this.#dock = outerDock;
      this.#model = outerModel;
      this.#coveredBlocks = outerBlocks;
      // A memory only grows when a network enters it, or when its network grows.
      if (dock.bytes !== bytesBefore) this.#docks.trim();
      this.#collect();
      if (wasHelped) this.#helpers.attend(outerDock);
    }
  }

  /** When kernels stopped, the network leaves its dock as it is; other networks are not affected. */
  #stopped(dock: Dock, error: unknown): unknown {
    if (error instanceof MemoryFullError || error instanceof StateError) return error;
    this.#evacuate(dock);
    const reason = error instanceof Error ? error.message : String(error);
    return new KernelError(`its kernels stopped: ${reason}`, { cause: error });
  }

  #train(dock: Dock, run: PreparedRun, scores: RunScores): void {
    const { kernels, scratch, table } = dock;
    const { cycles, batchSize: step, expected, muted, rates, update, weightDecay = WEIGHT_DECAY } = run;
    this.#begin(run, step);
    dock.floats[slots.DECAY] = weightDecay;
    table[slots.IS_BATCH] = update === "batch" ? 1 : 0;
    // Single samples run on one thread, except in networks that keep values between cycles: see `train` of the kernels.
    const { hasMemory, hasBackEdges } = this.#model!;
    const isSingle = step === 1 && update === "online" && !hasMemory && !hasBackEdges;
    table[slots.IS_SINGLE] = isSingle ? 1 : 0;
    this.#coverTraining();
    const outputs = table[slots.OUTPUTS]!;
    this.#floatsAt(slots.AT_EXPECTED, cycles * outputs).set(expected);
    this.#floatsAt(slots.AT_RATES, rates.length).set(rates);
    scratch.ensure(slots.AT_MUTED, cycles).set(muted);
    scratch.ensure(slots.AT_ERROR, step * outputs * 4);
    scratch.ensure(slots.AT_LEARNERS, step * 4);
    scratch.ensure(slots.AT_LEARNS, step * 4);
    if (!isSingle) this.#helpers.attend(dock);
    writeScored(this.#model!, scratch, table);
    kernels.train();
    kernels.score();
    readScores(scores, scratch, table);
  }

  #request(dock: Dock, run: RequestRun): Float32Array {
    const { kernels, table } = dock;
    const model = this.#model!;
    const perSample = count(model.state, "block") * 512 * SCRATCH_PER_VALUE;
    // One sample at a time: values then carry over in the same way for any number of samples per call.
    const one = model.hasMemory || model.hasBackEdges || run.cycles === 0;
    const most = Math.min(REQUEST_STEP * this.#threads, Math.floor(REQUEST_BYTES / perSample));
    const step = one ? 1 : Math.min(run.cycles, Math.max(1, most));
    this.#begin(run, step);
    // A single sample is a single item, which helpers cannot share.
    if (step > 1) this.#helpers.attend(dock);
    kernels.request();
    return this.#floatsAt(slots.AT_OUTPUT, run.cycles * table[slots.OUTPUTS]!);
  }

  /**
   * Moves the network out of a dock whose kernels stopped. Drops the dock when that fails, or when a helper may still
   * be working in it.
   */
  #evacuate(dock: Dock): void {
    const isSettled = dock.settle();
    try {
      this.#docks.vacate(dock);
    } catch (error) {
      if (!(error instanceof MemoryFullError || error instanceof StateError)) throw error;
    }
    if (dock.model !== null || !isSettled) this.#docks.drop(dock);
  }

  /** Frees the memory of dropped docks once it is worth a collection. */
  #collect(): void {
    if (this.#dropped.length === 0) return;
    const bytes = this.#dropped.reduce((sum, dock) => sum + dock.bytes, 0);
    if (bytes < COLLECT_BYTES && this.#dropped.length < COLLECT_DOCKS) return;
    const dropped = this.#dropped.splice(0);
    const ids = dropped.map(({ id }) => id);
    this.#helpers.keep(dropped);
    // The callback must not hold references to the docks.
    collectGarbage(() => this.#helpers.forget(ids));
  }

  /** Writes network, rows and parameters to the table, and makes room for a step. */
  #begin(run: RequestRun, step: number): void {
    const { cycles } = run;
    const model = this.#model!;
    const { state, template, hexagons } = model;
    const { table } = this.#dock!;
    table[slots.COUNT] = cycles;
    table[slots.STEP] = step;
    table[slots.STRIDE] = step;
    table[slots.OUTPUTS] = count(state, "output");
    const { neuronCooldown, refractoryTime } = template.settings;
    table[slots.IS_SPIKING] = refractoryTime > 1 || neuronCooldown < COOLDOWN_FORGETS ? 1 : 0;
    this.#dock!.floats[slots.COOLDOWN] = neuronCooldown;
    table[slots.REFRACTORY] = refractoryTime;
    table[slots.HAS_BACK_EDGES] = model.hasBackEdges ? 1 : 0;
    this.#publish();
    this.#coveredBlocks = count(state, "block");
    this.#coverBlocks();
    this.#writeInputs(model, run);
    this.#floatsAt(slots.AT_OUTPUT, cycles * table[slots.OUTPUTS]!);
    const alive = this.#floatsAt(slots.AT_OUTPUT_ALIVE, table[slots.OUTPUTS]!);
    template.outputs.forEach(({ hexagon }, index) => {
      for (const neuron of model.outputNeurons[index]!) alive[neuron] = hexagons[hexagon]!.blocks.length > 0 ? 1 : 0;
    });
  }

  #writeInputs({ template, state }: NetworkModel, { timeLength, inputs }: RequestRun): void {
    const records = this.#words(slots.AT_INPUT_COLUMNS, (template.inputs.length * slots.COLUMN_BYTES) / 4);
    this.#dock!.table[slots.INPUT_COLUMN_COUNT] = template.inputs.length;
    const bytes = inputs.reduce((sum, { values }) => sum + aligned(values.byteLength), 0);
    const rows = this.#dock!.scratch.ensure(slots.AT_ROWS, bytes);
    let free = 0;
    template.inputs.forEach(({ hexagon, kind }, index) => {
      const given = inputs.find((each) => each.index === index);
      const set = (offset: number, value: number) => (records[(index * slots.COLUMN_BYTES + offset) / 4] = value);
      set(slots.COLUMN_ROWS, rows.byteOffset + free);
      set(slots.COLUMN_IS_BYTES, given?.values instanceof Uint8Array ? 1 : 0);
      set(slots.COLUMN_WIDTH, Math.min((given?.width ?? 0) * timeLength, state.arrays.inputWidth[index]!));
      set(slots.COLUMN_STRIDE, given?.width ?? 0);
      set(slots.COLUMN_HEXAGON, hexagon);
      set(slots.COLUMN_IS_BINARY, kind === "binary" ? 1 : 0);
      if (!given) return;
      const { values } = given;
      rows.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), free);
      free += aligned(values.byteLength);
    });
  }

  /** Writes the current network to the table, and the hot records of sections that are new or whose weights moved. */
  #publish(): void {
    const { kernels, table, plan } = this.#dock!;
    if (plan === null) checkBounds(this.#model!);
    const first = this.#dock!.planFor(this.#model!).publish(table);
    kernels.refreshRange(first, count(this.#model!.state, "section"));
    if (table[slots.FAULT] !== 0) throw new StateError("a section leads out of the network");
  }

  /** Makes room for the values of blocks added since the last call, and silences them. */
  #coverBlocks(): void {
    const blocks = count(this.#model!.state, "block");
    const stride = this.#dock!.table[slots.STRIDE]!;
    const silence = (slot: number, bytesPerBlock: number) =>
      this.#coverEach("block", slot, bytesPerBlock).fill(
        0,
        this.#coveredBlocks * bytesPerBlock,
        blocks * bytesPerBlock,
      );
    silence(slots.AT_VALUE, stride * 512);
    silence(slots.AT_ACTIVE_COUNT, stride * 4);
    this.#coverEach("block", slots.AT_ACTIVE, stride * slots.ACTIVE_STRIDE);
    // Neurons with a memory store their slopes in requests, too.
    if (this.#model!.hasMemory) this.#coverEach("rank", slots.AT_DENOMINATOR, stride * 512);
    this.#coveredBlocks = blocks;
    this.#coverThreads();
  }

  /** Makes room for the arrays that only training needs. */
  #coverTraining(): void {
    const stride = this.#dock!.table[slots.STRIDE]!;
    for (const slot of [slots.AT_DENOMINATOR, slots.AT_DELTA]) this.#coverEach("rank", slot, stride * 512);
    // Only steps of several samples need the arrays below. Wide networks that learn sample by sample would be three
    // times as large with them.
    if (this.#dock!.table[slots.IS_SINGLE] === 1) return;
    for (const slot of [slots.AT_COLUMN_OFFSET, slots.AT_COLUMN_VALUE])
      this.#coverEach("block", slot, (stride + slots.COLUMN_GAP) * 512);
    for (const slot of [slots.AT_COLUMN_COUNT, slots.AT_TOP, slots.AT_VISITED]) this.#coverEach("block", slot, 512);
    this.#coverEach("rank", slots.AT_DELTA_SUM, 512);
    this.#coverEach("rank", slots.AT_BIAS_SHIFT, slots.SOURCE_ITEMS * 512);
  }

  /**
   * Makes room for some bytes of each block, or of each rank. Inputs stay as wide as they are for the whole step, so
   * room for later blocks follows the number of neuron blocks; that of a wide network's first ones, which come at once,
   * follows the width.
   */
  #coverEach(what: "block" | "rank", slot: number, bytes: number): Uint8Array {
    const ranks = this.#ranks;
    const inputBlocks = count(this.#model!.state, "block") + 1 - ranks;
    const number = what === "rank" ? ranks : ranks + inputBlocks;
    const later = Math.floor(ranks / 2) + Math.floor(inputBlocks / 16);
    return this.#dock!.scratch.ensure(slot, number * bytes, (number + later) * bytes);
  }

  /** Number of ranks; see AT_RANKS. */
  get #ranks(): number {
    return this.#dock!.table[slots.NEURON_BLOCK_COUNT]! + 1;
  }

  /** Chooses the chunk size, and makes room in every thread for the records of a chunk. */
  #coverThreads(): void {
    const { hexagons, state } = this.#model!;
    const ranks = this.#ranks;
    const step = this.#dock!.table[slots.STRIDE]!;
    const threads = this.#dock!.table[slots.THREADS]!;
    const sections = hexagons.reduce((most, { places }) => Math.max(most, places.sections), 0);
    const perSample = Math.max(1, sections) * 4 * 8;
    const largest = sections < SECTIONS_LARGE ? CHUNK_MAX : CHUNK_MAX_LARGE;
    const shares = threads === 1 ? 1 : threads * 4;
    const chunk = Math.max(1, Math.min(largest, Math.ceil(step / shares), Math.floor(RECORDS_MAX / perSample)));
    const starts = aligned(ranks * 16);
    const lists = starts + aligned((chunk + 1) * ranks * 16);
    const ramp = lists + aligned(Math.max(1024, (step + 8) * 28));
    const records = ramp + 256;
    // Online training keeps the records of all hexagons. Kernels write one record more per tile than they use.
    const room = step === 1 ? count(state, "section") * 64 : chunk * perSample;
    const shifts = records + aligned(Math.max(room, perSample) + ranks * 4 * 16);
    const touched = shifts + ranks * 16 * slots.SHIFT_SUMS;
    const bytes = step === 1 ? touched + (count(state, "section") + 1) * slots.TOUCHED_BYTES : shifts;
    for (let thread = 0; thread < threads; thread++) this.#dock!.scratch.ensure(slots.AT_LOCALS + thread, bytes);
    this.#dock!.table[slots.CHUNK] = chunk;
    this.#dock!.table[slots.LOCAL_STARTS] = starts;
    this.#dock!.table[slots.LOCAL_LISTS] = lists;
    this.#dock!.table[slots.LOCAL_RAMP] = ramp;
    this.#dock!.table[slots.LOCAL_RECORDS] = records;
    this.#dock!.table[slots.LOCAL_SHIFTS] = shifts;
    this.#dock!.table[slots.LOCAL_TOUCHED] = touched;
  }

  /** Called by the kernels: adds sections for the neurons that are positive for the first time. */
  #allocate(hexagon: number): void {
    const model = this.#model!;
    // With a single sample, the values themselves are the maxima.
    const slot = this.#dock!.table[slots.STRIDE] === 1 ? slots.AT_VALUE : slots.AT_TOP;
    const top = this.#floatsAt(slot, this.#coveredBlocks * 128);
    allocateSources(model, model.hexagons[hexagon]!, (id) => top[id]! > 0);
    this.#grown();
  }

  /** Called by the kernels: splits the marked sections. */
  #split(hexagon: number): void {
    const model = this.#model!;
    const marked = markedSections(model, model.hexagons[hexagon]!);
    split(model, model.hexagons[hexagon]!, marked);
    this.#grown();
    for (const section of marked) this.#dock!.kernels.refreshRange(section, section + 1);
  }

  #grown(): void {
    this.#publish();
    this.#coverBlocks();
    this.#coverTraining();
    // An output becomes alive with the first block of its hexagon.
    const { template, hexagons, outputNeurons } = this.#model!;
    const alive = this.#floatsAt(slots.AT_OUTPUT_ALIVE, this.#dock!.table[slots.OUTPUTS]!);
    template.outputs.forEach(({ hexagon }, index) => {
      if (hexagons[hexagon]!.blocks.length > 0) for (const neuron of outputNeurons[index]!) alive[neuron] = 1;
    });
  }

  #floatsAt(slot: number, length: number): Float32Array {
    const { buffer, byteOffset } = this.#dock!.scratch.ensure(slot, length * 4);
    return new Float32Array(buffer, byteOffset, length);
  }

  #words(slot: number, length: number): Uint32Array {
    const { buffer, byteOffset } = this.#dock!.scratch.ensure(slot, length * 4);
    return new Uint32Array(buffer, byteOffset, length);
  }
}

const aligned = (bytes: number) => Math.ceil(bytes / 64) * 64;
