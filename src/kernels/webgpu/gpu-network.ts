import { outputWidth, widenInput, createModel, type NetworkModel } from "../../network/network-model.ts";
import { BATCH_RATE, NEURONS_PER_BLOCK, ONLINE_RATE } from "../../network/constants.ts";
import { directShare } from "../../network/learning.ts";
import { MemoryFullError } from "../../network/memory-full-error.ts";
import type { NetworkFigures } from "../../network/network-figures.ts";
import { widenOutput } from "../../network/readout.ts";
import { cyclesToReduction, reduce } from "../../network/reduce.ts";
import { startsWide, startWide } from "../../network/start-blocks.ts";
import { bytesPer } from "../../network/state.ts";
import { readCycle, writeCycle } from "../../network/cycle.ts";
import { adoptState, exportState } from "../../network/state-file.ts";
import type { Template } from "../../network/template/parse-template.ts";
import { MODES } from "./codes.ts";
import { GpuMemoryError, type Gpu } from "./device.ts";
import { RowFeed, type Feed } from "./feed.ts";
import type { Kernels, Scoped } from "./kernels.ts";
import { NetworkBuffers } from "./network-buffers.ts";
import { structs } from "./records.ts";
import {
  checkRows,
  chunksOf,
  packRows,
  type Part,
  type RequestRun,
  type TrainRule,
  type TrainRun,
} from "./run-rows.ts";
import { countSynapses, GPU_GROUPS, Recorder, SOFTWARE_GROUPS, type GroupLimits } from "./step-recorder.ts";
import { ROUND_MS, StepQueue, type Step } from "./step-queue.ts";
import { Table, type TablePart, type TableRun } from "./table.ts";
import { GPUBufferUsage } from "./webgpu-flags.ts";

const UNIFORM = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST;
/** Samples that a request computes at once. */
const REQUEST_SAMPLES = 256;

/** Where networks live. */
export interface OnGpu {
  gpu: Gpu;
  kernels: Kernels;
  /** About how long the device works between two readbacks. */
  roundMs?: number;
}

/** A network that lives on a device. Not safe for concurrent use; after a failed `train` it must be restored. */
export class GpuNetwork {
  readonly #gpu: Gpu;
  readonly #recorder: Recorder;
  readonly #queue: StepQueue;
  /** Rows of whatever run it is. */
  readonly #rows: RowFeed;
  /** The rows of a task. */
  #table: Table | null = null;
  #model: NetworkModel;
  #device: NetworkBuffers;
  #header: Uint32Array;
  #hexagonScopes: Scoped[] = [];

  private constructor(
    { gpu, recorder, queue }: { gpu: Gpu; recorder: Recorder; queue: StepQueue },
    model: NetworkModel,
    device: NetworkBuffers,
  ) {
    this.#gpu = gpu;
    this.#recorder = recorder;
    this.#queue = queue;
    this.#rows = new RowFeed(gpu);
    this.#model = model;
    this.#device = device;
    this.#header = model.state.arrays.header.slice();
    this.#makeScopes();
  }

  static create(on: OnGpu, template: Template, seed: number): Promise<GpuNetwork> {
    if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff)
      throw new RangeError(`seed ${seed} is not an unsigned 32-bit integer`);
    return GpuNetwork.#from(on, createModel(template, seed));
  }

  /** The network that `export` wrote, on whatever host. The bytes have been checked; see `adoptState`. */
  static async adopt(on: OnGpu, bytes: Uint8Array): Promise<GpuNetwork> {
    return GpuNetwork.#from(on, adoptState(bytes));
  }

  static async #from({ gpu, kernels, roundMs = ROUND_MS }: OnGpu, model: NetworkModel): Promise<GpuNetwork> {
    const recorder = await Recorder.create(gpu, kernels);
    const device = await NetworkBuffers.upload(gpu, model);
    const queue = new StepQueue(gpu, recorder, { limits: groupLimits(gpu), roundMs });
    return new GpuNetwork({ gpu, recorder, queue }, skeleton(model), device);
  }

  get template(): Template {
    return this.#model.template;
  }

  get seed(): number {
    return this.#model.seed;
  }

  /** Trained samples. */
  get cycle(): number {
    return readCycle(this.#header);
  }

  /** Requests change what the network will show next. */
  get remembers(): boolean {
    return this.#model.hasMemory || this.#model.hasBackEdges;
  }

  /** Bytes on the device. */
  get deviceBytes(): number {
    return this.#device.buffers.bytes + this.#rows.bytes + (this.#table?.bytes ?? 0);
  }

  get outputs(): { name: string; width: number }[] {
    return this.template.outputs.map(({ name }, index) => ({ name, width: outputWidth(this.#model, index) }));
  }

  /** The whole state as a safetensors file. */
  async export(): Promise<Uint8Array> {
    return exportState(await this.download());
  }

  /** A copy of the network in the form in which the reference kernels know it. */
  async download(): Promise<NetworkModel> {
    return this.#device.download(this.#header);
  }

  async figures(): Promise<NetworkFigures> {
    const { counts } = this.#device;
    const { device } = this.#gpu;
    this.#device.buffers.write("tally", Uint32Array.of(0), 8);
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    this.#recorder.record(pass, this.#device, countSynapses(counts.section, groupLimits(this.#gpu)));
    pass.end();
    device.queue.submit([encoder.finish()]);
    const layout = structs("Hexagon");
    const found = await this.#device.buffers.read({ tally: 4, hexagons: this.#device.hexagonCount * layout.words });
    const hexagons = this.#model.hexagons.map(({ index, role }) => {
      const at = (field: string) => found["hexagons"]![index * layout.words + layout.at(field)]!;
      const bytes = at("blocks") * bytesPer("block") + at("sections") * bytesPer("section");
      return { blocks: role === "input" ? 0 : at("blocks"), sections: at("sections"), bytes };
    });
    const blocks = hexagons.reduce((sum, hexagon) => sum + hexagon.blocks, 0);
    const sorts = ["block", "section", "tile", "row"] as const;
    const bytes = sorts.reduce((sum, per) => sum + counts[per] * bytesPer(per), this.#device.otherBytes);
    return {
      cycle: this.cycle,
      blocks,
      neurons: blocks * NEURONS_PER_BLOCK,
      sections: counts.section,
      synapses: found["tally"]![2]!,
      bytes,
      hexagons,
    };
  }

  /** Learns from all cycles of a run. */
  async train(run: TrainRun): Promise<void> {
    checkRows(run.inputs, run, this.template.inputs.length);
    checkRows(run.expected, { ...run, timeLength: 1 }, this.template.outputs.length);
    if (run.cycles === 0) return;
    await this.#widen(run, run.timeLength);
    await this.#train(run, async (part) => {
      const shape = { outputs: this.#device.counts.output, stepCycles: run.batchSize };
      for (const chunk of chunksOf(run, part, shape))
        await this.#learn(run, chunk, this.#rows.stream(this.#model, run, chunk));
    });
  }

  /**
   * Takes over a part of a task's table, in place of any other table; the parts come in order. False, and there is no
   * table, when the whole of it would take more than `bytesMax` or than the device has.
   */
  async hold(part: TablePart, bytesMax: number): Promise<boolean> {
    if (part.first === 0) {
      this.release();
      checkRows(part.inputs, { cycles: part.rows, timeLength: 1 }, this.template.inputs.length);
      checkRows(part.expected, { cycles: part.rows, timeLength: 1 }, this.template.outputs.length);
      await this.#widen(part, part.timeLength);
      this.#table = await Table.create(this.#gpu, part, { outputs: this.#device.counts.output, bytesMax });
    }
    if (this.#table === null) return false;
    this.#table.write(this.#model, part);
    return true;
  }

  /** Forgets the table. */
  release(): void {
    this.#table?.destroy();
    this.#table = null;
    this.#recorder.forget();
  }

  /** Learns from rows of the table. Throws TableError before anything has changed when it is not there. */
  async trainTable(run: TableRun & TrainRule): Promise<void> {
    const table = Table.whole(this.#table, run);
    await this.#train({ ...run, cycles: run.order.length }, async (part) => {
      const order = run.order.subarray(part.first, part.first + part.cycles);
      await this.#learn(run, part, table.pick(this.#model, order));
    });
  }

  /** External values of each output in template order, [cycles][width]. */
  async request(run: RequestRun): Promise<Float32Array<ArrayBuffer>[]> {
    checkRows(run.inputs, run, this.template.inputs.length);
    const results = this.outputs.map(({ width }) => new Float32Array(run.cycles * width));
    const stride = this.#device.counts.output;
    if (run.cycles === 0) return results;
    // What connections that run backwards carry must not depend on how many samples a step has.
    const samples = this.#model.hasBackEdges ? 1 : REQUEST_SAMPLES;
    await this.#device.ensureSamples(Math.min(samples, run.cycles));
    for (const chunk of chunksOf(run, { first: 0, cycles: run.cycles }, { outputs: stride, stepCycles: samples })) {
      const steps: Step[] = [];
      for (let cycle = 0; cycle < chunk.cycles; cycle += samples)
        steps.push({ firstRow: cycle, samples: Math.min(samples, chunk.cycles - cycle), resultRow: cycle, rate: 0 });
      this.#device.buffers.atLeast("shown", chunk.cycles * stride * 4);
      await this.#compute(steps, MODES.request, this.#rows.stream(this.#model, run, chunk));
      const { shown } = await this.#device.buffers.read({ shown: chunk.cycles * stride });
      results.forEach((result, index) => packRows(this.#model, index, new Float32Array(shown!.buffer), result, chunk));
    }
    return results;
  }

  destroy(): void {
    this.release();
    this.#rows.destroy();
    this.#forgetDevice();
  }

  /** Has `learn` learn from all cycles, in parts that end where the network is reduced. */
  async #train(run: TrainRule & { cycles: number }, learn: (part: Part) => Promise<void>): Promise<void> {
    const { cycles, batchSize, horizon = 0 } = run;
    if (cycles > 0 && startsWide(this.cycle, horizon)) await this.#startWide();
    await this.#device.ensureSamples(Math.min(batchSize, cycles));
    for (let first = 0; first < cycles;) {
      // As in `Network`: between steps, after the same ones however samples are cut into runs.
      const toReduction = cyclesToReduction(this.#model, this.cycle);
      const part = { first, cycles: Math.min(cycles - first, Math.ceil(toReduction / batchSize) * batchSize) };
      await learn(part);
      if (part.cycles >= toReduction) {
        await this.#reduce();
        await this.#device.ensureSamples(Math.min(batchSize, cycles));
      }
      first += part.cycles;
    }
  }

  /** Learns from the samples of a part of a run, which begins with a step. */
  async #learn(run: TrainRule, { first, cycles }: Part, feed: Feed): Promise<void> {
    const { batchSize, update } = run;
    const steps: Step[] = [];
    for (let cycle = 0; cycle < cycles; cycle += batchSize) {
      const samples = Math.min(batchSize, cycles - cycle);
      const rate = baseRate(run, run.rateAt(first + cycle), this.cycle + cycle);
      steps.push({ firstRow: cycle, samples, resultRow: 0, rate });
    }
    this.#device.buffers.atLeast("shown", Math.min(batchSize, cycles) * this.#device.counts.output * 4);
    await this.#compute(steps, MODES[update], feed);
    writeCycle(this.#header, this.cycle + cycles);
  }

  #compute(steps: Step[], mode: number, feed: Feed): Promise<void> {
    const run = { model: this.#model, network: this.#device, hexagonScopes: this.#hexagonScopes, feed };
    return this.#queue.run(steps, mode, run);
  }

  async #startWide(): Promise<void> {
    const model = await this.download();
    startWide(model);
    await this.#replace(model);
  }

  /** Removes what has learnt nothing. Rare, so the host does it on a copy. */
  async #reduce(): Promise<void> {
    const model = await this.download();
    if (reduce(model) > 0) await this.#replace(model);
    else this.#header = model.state.arrays.header.slice();
  }

  /** Makes inputs and outputs as wide as a run needs. Rare, so the host does it on a copy. */
  async #widen({ inputs, expected }: Pick<TrainRun, "inputs" | "expected">, timeLength: number): Promise<void> {
    const { inputWidth } = this.#model.state.arrays;
    const isWide =
      inputs.every(({ index, width }) => width * timeLength <= inputWidth[index]!) &&
      expected.every(({ index, width }) => width <= outputWidth(this.#model, index));
    if (isWide) return;
    const model = await this.download();
    for (const { index, width } of inputs) widenInput(model, index, width * timeLength);
    for (const { index, width } of expected) widenOutput(model, index, width);
    // What it says about outputs is no longer right.
    this.release();
    await this.#replace(model);
  }

  async #replace(model: NetworkModel): Promise<void> {
    const device = await NetworkBuffers.upload(this.#gpu, model).catch((error: unknown) => {
      // Nothing has changed yet: the network needs more than the device has, and nobody else need care.
      if (error instanceof GpuMemoryError) throw new MemoryFullError(error.message, { cause: error });
      throw error;
    });
    this.#forgetDevice();
    this.#device = device;
    this.#model = skeleton(model);
    this.#header = model.state.arrays.header.slice();
    this.#makeScopes();
  }

  #forgetDevice(): void {
    this.#recorder.forget();
    for (const { buffers } of this.#hexagonScopes) buffers["scope"]?.destroy();
    this.#device.destroy();
  }

  #makeScopes(): void {
    const { settings } = this.template;
    const { words, at } = structs("Scope");
    this.#hexagonScopes = this.#model.hexagons.map(({ index, role }) => {
      const data = new DataView(new ArrayBuffer(words * 4));
      data.setUint32(at("hexagon") * 4, index, true);
      data.setUint32(at("has_memory") * 4, this.#model.hasMemory && role === "hidden" ? 1 : 0, true);
      data.setFloat32(at("cooldown") * 4, settings.neuronCooldown, true);
      data.setUint32(at("refractory_time") * 4, settings.refractoryTime, true);
      const scope = this.#gpu.device.createBuffer({ label: `hexagon ${index}`, size: data.byteLength, usage: UNIFORM });
      this.#gpu.device.queue.writeBuffer(scope, 0, data.buffer);
      return { key: `hexagon ${index}`, buffers: { scope } };
    });
  }
}

/** The network without its large arrays: what the host needs while the device has the rest. */
function skeleton(model: NetworkModel): NetworkModel {
  const { inputWidth, header } = model.state.arrays;
  const empty = createModel(model.template, model.seed);
  empty.state.arrays.inputWidth.set(inputWidth.subarray(0, model.template.inputs.length));
  empty.state.arrays.header.set(header);
  return { ...empty, outputNeurons: model.outputNeurons };
}

const groupLimits = ({ identity }: Gpu): GroupLimits => (identity.isSoftware ? SOFTWARE_GROUPS : GPU_GROUPS);

function baseRate({ update, learningRate }: TrainRule, rate: number | "direct", trained: number): number {
  const base = learningRate ?? (update === "batch" ? BATCH_RATE : ONLINE_RATE);
  return base * (rate === "direct" ? directShare(trained) : rate);
}
