import { type MessagePort, Worker } from "node:worker_threads";
import type { Cluster } from "../../network/cluster.ts";
import type { Engine, RequestRun, Rows, TrainRun } from "../../network/engine.ts";
import { COOLDOWN_FORGETS } from "../../network/learning.ts";
import { count } from "../../network/state.ts";
import { allocateSources, markedSections, split } from "../reference/allocate.ts";
import { Arena, PAGES_MAX } from "./arena.ts";
import { BudgetedMemory } from "./budgeted-memory.ts";
import { ClusterPlan } from "./cluster-plan.ts";
import { instantiate, loadKernels, type KernelExports } from "./kernels.ts";
import { ScratchArrays } from "./scratch-arrays.ts";
import * as slots from "./slots.ts";
import { Memory } from "./web-assembly.ts";

/** Samples that a thread takes at once: the weights of a tile are read once for all of them. */
const CHUNK_MAX = 8;
/** Of networks whose weights fit no cache, more: what counts is how often the weights are read. */
const CHUNK_MAX_LARGE = 32;
const SECTIONS_LARGE = 4000;
/** What the records of one chunk may take, in bytes. */
const RECORDS_MAX = 128 * 1024 * 1024;
/** Samples of one step of a request and thread: few enough for their values to stay in its cache. */
const REQUEST_STEP = 32;
/** What the values of a step of a request may take in bytes. */
const REQUEST_BYTES = 64 * 1024 * 1024;
const SCRATCH_PER_VALUE = 6;

interface WasmEngineOptions {
  threads?: number;
  memoryBytes?: number;
  lifelines?: MessagePort[];
}

/**
 * Computes with the wasm kernels. One leading thread, the caller's, runs the steps; `threads - 1` helpers take part in
 * them. Results are the same for any number of threads. Call `close` to end the helpers.
 */
export class WasmEngine implements Engine {
  readonly memory: BudgetedMemory;
  readonly #kernels: KernelExports;
  readonly #table: Uint32Array;
  readonly #floats: Float32Array;
  readonly #scratch: ScratchArrays;
  readonly #plans = new Map<Cluster, ClusterPlan>();
  readonly #helpers: Worker[] = [];
  /** The cluster that a call is about, and the blocks whose scratch is in order. */
  #cluster: Cluster | null = null;
  #coveredBlocks = 0;

  /**
   * Networks may take `memoryBytes`. Each helper holds one of the `lifelines` as long as it lives. Whoever holds the
   * other end must end the leader when a helper ends: in the middle of a step the leader would wait for ever.
   */
  constructor({ threads = 1, memoryBytes = 2 ** 32, lifelines = [] }: WasmEngineOptions = {}) {
    const module = loadKernels();
    const memory = new Memory({ initial: 2, maximum: PAGES_MAX, shared: true });
    const arena = new Arena(memory);
    this.memory = new BudgetedMemory(arena, memoryBytes);
    this.#table = new Uint32Array(memory.buffer, slots.TABLE, slots.SLOT_COUNT);
    this.#floats = new Float32Array(memory.buffer, slots.TABLE, slots.SLOT_COUNT);
    this.#scratch = new ScratchArrays(arena, this.#table);
    this.#kernels = instantiate(module, memory, {
      allocate: (hexagon) => this.#allocate(hexagon),
      split: (hexagon) => this.#split(hexagon),
    });
    this.#kernels.start();
    this.#table[slots.OPEN_PHASE] = slots.PHASE_CLOSED;
    this.#table[slots.THREADS] = Math.max(1, Math.min(slots.THREADS_MAX, threads));
    for (let thread = 1; thread < this.#table[slots.THREADS]!; thread++) {
      const lifeline = lifelines[thread - 1];
      const helper = new Worker(new URL("./kernel-thread.js", import.meta.url), {
        workerData: { module, memory, thread, lifeline },
        transferList: lifeline === undefined ? [] : [lifeline],
        name: `kernels-${thread}`,
      });
      // A helper waits for work inside a kernel for ever; it must not keep the process alive.
      helper.unref();
      this.#helpers.push(helper);
    }
  }

  /** Ends the helpers; the engine must not be used afterwards. */
  async close(): Promise<void> {
    await Promise.all(this.#helpers.map((helper) => helper.terminate()));
  }

  train(cluster: Cluster, run: TrainRun): void {
    const { count: samples, step, expected, muted, rates, update } = run;
    this.#begin(cluster, run, step);
    this.#coverTraining();
    const outputs = count(cluster.state, "output");
    this.#floatsAt(slots.AT_EXPECTED, samples * outputs).set(expected);
    this.#floatsAt(slots.AT_RATES, rates.length).set(rates);
    this.#scratch.ensure(slots.AT_MUTED, samples).set(muted);
    this.#scratch.ensure(slots.AT_ERROR, step * outputs * 4);
    this.#scratch.ensure(slots.AT_LEARNERS, step * 4);
    this.#scratch.ensure(slots.AT_LEARNS, step * 4);
    this.#table[slots.IS_BATCH] = update === "batch" ? 1 : 0;
    this.#kernels.train();
    this.#cluster = null;
  }

  request(cluster: Cluster, run: RequestRun): Float32Array {
    const perSample = count(cluster.state, "block") * 512 * SCRATCH_PER_VALUE;
    // One by one, values carry over the same way however many samples a call has.
    const one = cluster.hasMemory || cluster.hasBackEdges || run.count === 0;
    const step = one
      ? 1
      : Math.min(
          run.count,
          Math.max(1, Math.min(REQUEST_STEP * this.#table[slots.THREADS]!, Math.floor(REQUEST_BYTES / perSample))),
        );
    this.#begin(cluster, run, step);
    this.#kernels.request();
    this.#cluster = null;
    return this.#floatsAt(slots.AT_OUTPUT, run.count * count(cluster.state, "output"));
  }

  forget(cluster: Cluster): void {
    this.#plans.get(cluster)?.release();
    this.#plans.delete(cluster);
  }

  /** Announces cluster, rows and parameters, and makes room for a step. */
  #begin(cluster: Cluster, { count: samples, inputs }: RequestRun, step: number): void {
    const { state, template, hexagons } = cluster;
    if (!this.#plans.has(cluster)) this.#plans.set(cluster, new ClusterPlan(cluster, this.memory));
    this.#cluster = cluster;
    const table = this.#table;
    table[slots.COUNT] = samples;
    table[slots.STEP] = step;
    table[slots.STRIDE] = step;
    table[slots.OUTPUTS] = count(state, "output");
    const { neuronCooldown, refractoryTime } = template.settings;
    table[slots.IS_SPIKING] = refractoryTime > 1 || neuronCooldown < COOLDOWN_FORGETS ? 1 : 0;
    this.#floats[slots.COOLDOWN] = neuronCooldown;
    table[slots.REFRACTORY] = refractoryTime;
    table[slots.HAS_BACK_EDGES] = cluster.hasBackEdges ? 1 : 0;
    this.#publish();
    this.#coveredBlocks = count(state, "block");
    this.#coverBlocks();
    this.#writeInputs(cluster, inputs);
    this.#floatsAt(slots.AT_OUTPUT, samples * table[slots.OUTPUTS]!);
    const alive = this.#floatsAt(slots.AT_OUTPUT_ALIVE, table[slots.OUTPUTS]!);
    template.outputs.forEach(({ hexagon }, index) => {
      for (const neuron of cluster.outputNeurons[index]!) alive[neuron] = hexagons[hexagon]!.blocks.length > 0 ? 1 : 0;
    });
  }

  #writeInputs({ template, state }: Cluster, inputs: Rows[]): void {
    const records = this.#words(slots.AT_INPUT_COLUMNS, (template.inputs.length * slots.COLUMN_BYTES) / 4);
    this.#table[slots.INPUT_COLUMN_COUNT] = template.inputs.length;
    const bytes = inputs.reduce((sum, { values }) => sum + aligned(values.byteLength), 0);
    const rows = this.#scratch.ensure(slots.AT_ROWS, bytes);
    let free = 0;
    template.inputs.forEach(({ hexagon, kind }, index) => {
      const given = inputs.find((each) => each.index === index);
      const set = (offset: number, value: number) => (records[(index * slots.COLUMN_BYTES + offset) / 4] = value);
      set(slots.COLUMN_ROWS, rows.byteOffset + free);
      set(slots.COLUMN_IS_BYTES, given?.values instanceof Uint8Array ? 1 : 0);
      set(slots.COLUMN_WIDTH, Math.min(given?.width ?? 0, state.arrays.inputWidth[index]!));
      set(slots.COLUMN_STRIDE, given?.stride ?? 0);
      set(slots.COLUMN_HEXAGON, hexagon);
      set(slots.COLUMN_IS_BINARY, kind === "binary" ? 1 : 0);
      if (!given) return;
      const { values } = given;
      rows.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), free);
      free += aligned(values.byteLength);
    });
  }

  /** Announces the cluster as it is now, with the hot records of sections that are new or whose weights moved. */
  #publish(): void {
    const cluster = this.#cluster!;
    const first = this.#plans.get(cluster)!.publish(this.#table);
    this.#kernels.refreshRange(first, count(cluster.state, "section"));
  }

  /** Makes room for the values of blocks that were added since, all silent. */
  #coverBlocks(): void {
    const blocks = count(this.#cluster!.state, "block");
    const stride = this.#table[slots.STRIDE]!;
    const silence = (slot: number, bytesPerBlock: number) =>
      this.#scratch
        .ensure(slot, blocks * bytesPerBlock)
        .fill(0, this.#coveredBlocks * bytesPerBlock, blocks * bytesPerBlock);
    silence(slots.AT_VALUE, stride * 512);
    silence(slots.AT_ACTIVE_COUNT, stride * 4);
    this.#scratch.ensure(slots.AT_ACTIVE, blocks * stride * slots.ACTIVE_STRIDE);
    this.#coveredBlocks = blocks;
    this.#coverThreads();
  }

  /** Makes room for what only training needs. */
  #coverTraining(): void {
    const { state } = this.#cluster!;
    const blocks = count(state, "block");
    const values = blocks * this.#table[slots.STRIDE]! * 512;
    for (const slot of [slots.AT_DENOMINATOR, slots.AT_DELTA]) this.#scratch.ensure(slot, values);
    const columns = values + blocks * 512 * slots.COLUMN_GAP;
    for (const slot of [slots.AT_COLUMN_OFFSET, slots.AT_COLUMN_VALUE]) this.#scratch.ensure(slot, columns);
    for (const slot of [slots.AT_COLUMN_COUNT, slots.AT_DELTA_SUM, slots.AT_TOP, slots.AT_VISITED])
      this.#scratch.ensure(slot, blocks * 512);
    this.#scratch.ensure(slots.AT_BIAS_SHIFT, blocks * slots.SOURCE_ITEMS * 512);
  }

  /** Gives every thread room for the records of a chunk, and decides how large a chunk is. */
  #coverThreads(): void {
    const { hexagons, state } = this.#cluster!;
    const blocks = count(state, "block");
    const step = this.#table[slots.STRIDE]!;
    const threads = this.#table[slots.THREADS]!;
    const sections = hexagons.reduce((most, { places }) => Math.max(most, places.sections), 0);
    const perSample = Math.max(1, sections) * 4 * 8;
    const largest = sections < SECTIONS_LARGE ? CHUNK_MAX : CHUNK_MAX_LARGE;
    const shares = threads === 1 ? 1 : threads * 4;
    const chunk = Math.max(1, Math.min(largest, Math.ceil(step / shares), Math.floor(RECORDS_MAX / perSample)));
    const starts = aligned(blocks * 16);
    const lists = starts + aligned((chunk + 1) * blocks * 16);
    const ramp = lists + aligned(Math.max(512, (step + 8) * 28));
    const records = ramp + 256;
    // Online training keeps the records of all hexagons. A record more per tile is written than is used.
    const room = step === 1 ? count(state, "section") * 64 : chunk * perSample;
    const bytes = records + Math.max(room, perSample) + blocks * 4 * 16;
    for (let thread = 0; thread < threads; thread++) this.#scratch.ensure(slots.AT_LOCALS + thread, bytes);
    this.#table[slots.CHUNK] = chunk;
    this.#table[slots.LOCAL_STARTS] = starts;
    this.#table[slots.LOCAL_LISTS] = lists;
    this.#table[slots.LOCAL_RAMP] = ramp;
    this.#table[slots.LOCAL_RECORDS] = records;
  }

  /** Called by the kernels: sections for the neurons that are positive for the first time. */
  #allocate(hexagon: number): void {
    const cluster = this.#cluster!;
    // Of a single sample the values themselves are the largest ones.
    const slot = this.#table[slots.STRIDE] === 1 ? slots.AT_VALUE : slots.AT_TOP;
    const top = this.#floatsAt(slot, this.#coveredBlocks * 128);
    allocateSources(cluster, cluster.hexagons[hexagon]!, (id) => top[id]! > 0);
    this.#grown();
  }

  /** Called by the kernels: splits the marked sections. */
  #split(hexagon: number): void {
    const cluster = this.#cluster!;
    const marked = markedSections(cluster, cluster.hexagons[hexagon]!);
    split(cluster, cluster.hexagons[hexagon]!, marked);
    this.#grown();
    for (const section of marked) this.#kernels.refreshRange(section, section + 1);
  }

  #grown(): void {
    this.#publish();
    this.#coverBlocks();
    this.#coverTraining();
    // Outputs come alive with the first block of their hexagon.
    const { template, hexagons, outputNeurons } = this.#cluster!;
    const alive = this.#floatsAt(slots.AT_OUTPUT_ALIVE, this.#table[slots.OUTPUTS]!);
    template.outputs.forEach(({ hexagon }, index) => {
      if (hexagons[hexagon]!.blocks.length > 0) for (const neuron of outputNeurons[index]!) alive[neuron] = 1;
    });
  }

  #floatsAt(slot: number, length: number): Float32Array {
    const { buffer, byteOffset } = this.#scratch.ensure(slot, length * 4);
    return new Float32Array(buffer, byteOffset, length);
  }

  #words(slot: number, length: number): Uint32Array {
    const { buffer, byteOffset } = this.#scratch.ensure(slot, length * 4);
    return new Uint32Array(buffer, byteOffset, length);
  }
}

const aligned = (bytes: number) => Math.ceil(bytes / 64) * 64;
