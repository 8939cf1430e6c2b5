import { canWait, outputWidth, widenInput, createModel, type NetworkModel } from "../../network/network-model.ts";
import { NEURONS_PER_BLOCK } from "../../network/constants.ts";
import { BudgetFullError } from "../../network/memory-full-error.ts";
import { inputWidths, type NetworkFigures } from "../../network/network-figures.ts";
import { packRows } from "../../network/output-rows.ts";
import { decayOf, rateAt, updateOf } from "../../network/rate.ts";
import { widenOutput } from "../../network/readout.ts";
import { cyclesToReduction, reduce } from "../../network/reduce.ts";
import {
  partOfRequest,
  partOfTraining,
  type RequestRun,
  type RunRows,
  type TablePart,
  type TrainRun,
} from "../../network/run.ts";
import { emptyScores, type RunScores } from "../../network/run-scores.ts";
import { addScores } from "./score-records.ts";
import { startsWide, startWide } from "../../network/start-blocks.ts";
import { bytesPer } from "../../network/state.ts";
import { checkRequest, checkTablePart, checkTraining } from "../../network/check-run.ts";
import { readCycle, writeCycle } from "../../network/cycle.ts";
import { adoptState, exportState } from "../../network/state-file.ts";
import { watchesErrors } from "../../network/stream.ts";
import type { Template } from "../../network/template/parse-template.ts";
import { MODES } from "./codes.ts";
import { besideFewer, GpuMemoryError, type Gpu } from "./device.ts";
import { chunksOf } from "./chunks.ts";
import { RowFeed, type Feed } from "./feed.ts";
import type { Kernels, Scoped } from "./kernels.ts";
import { NetworkBuffers, type Place } from "./network-buffers.ts";
import { structs } from "./records.ts";
import { countSynapses, GPU_GROUPS, Recorder, SOFTWARE_GROUPS, type GroupLimits } from "./step-recorder.ts";
import { ROUND_MS, StepQueue, type Step } from "./step-queue.ts";
import { Table } from "./table.ts";
import { GPUBufferUsage } from "./webgpu-flags.ts";

const UNIFORM = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST;
/** Samples per step of a request. */
const REQUEST_SAMPLES = 256;

/** The device of a network and its compiled kernels. */
export interface OnGpu {
  gpu: Gpu;
  kernels: Kernels;
  /** Approximate device time between two readbacks. */
  roundMs?: number;
  /** Frees the memory of another network that is not in use; false when there is none. */
  dropIdle?: () => boolean;
}

/** A network on a device. Not safe for concurrent use; after a failed `train` it must be restored. */
export class GpuNetwork {
  readonly #on: OnGpu;
  readonly #gpu: Gpu;
  readonly #dropIdle: () => boolean;
  readonly #recorder: Recorder;
  readonly #queue: StepQueue;
  /** Rows of the current run. */
  readonly #rows: RowFeed;
  /** Rows of the current task. */
  #table: Table | null = null;
  #model: NetworkModel;
  #device: NetworkBuffers;
  #header: Uint32Array;
  #scores: RunScores;
  #hexagonScopes: Scoped[] = [];

  private constructor(
    { on, gpu, dropIdle, recorder, queue }: Place & { on: OnGpu; recorder: Recorder; queue: StepQueue },
    model: NetworkModel,
    device: NetworkBuffers,
  ) {
    this.#on = on;
    this.#gpu = gpu;
    this.#dropIdle = dropIdle;
    this.#recorder = recorder;
    this.#queue = queue;
    this.#rows = new RowFeed(gpu);
    this.#model = model;
    this.#device = device;
    this.#header = model.state.arrays.header.slice();
    this.#scores = emptyScores(model.template);
    this.#makeScopes();
  }

  static async create(on: OnGpu, template: Template, seed: number): Promise<GpuNetwork> {
    return GpuNetwork.#from(on, createModel(template, seed));
  }

  /** Loads a network that `export` wrote on any host. The bytes must have been checked; see `adoptState`. */
  static async adopt(on: OnGpu, bytes: Uint8Array): Promise<GpuNetwork> {
    return GpuNetwork.#from(on, adoptState(bytes));
  }

  static async #from(on: OnGpu, model: NetworkModel): Promise<GpuNetwork> {
    const { gpu, kernels, roundMs = ROUND_MS, dropIdle = () => false } = on;
    const recorder = await Recorder.create(gpu, kernels);
    const device = await NetworkBuffers.upload({ gpu, dropIdle }, model);
    const queue = new StepQueue(gpu, recorder, { limits: groupLimits(gpu), roundMs });
    return new GpuNetwork({ on, gpu, dropIdle, recorder, queue }, skeleton(model), device);
  }

  get template(): Template {
    return this.#model.template;
  }

  get seed(): number {
    return this.#model.seed;
  }

  /** Text of the encoders of its inputs and outputs; empty until they are fitted. */
  get encoders(): string {
    return this.#model.encoders;
  }

  set encoders(text: string) {
    this.#model.encoders = text;
  }

  /** Number of trained samples. */
  get cycle(): number {
    return readCycle(this.#header);
  }

  /** Whether requests change the network's later answers. */
  get remembers(): boolean {
    return this.#model.hasMemory || this.#model.hasBackEdges;
  }

  /** Device memory of the network, its rows and its table. */
  get bytesTaken(): number {
    return this.#device.buffers.bytes + this.#rows.bytes + (this.#table?.bytes ?? 0);
  }

  get outputs(): { name: string; width: number }[] {
    return this.template.outputs.map(({ name }, index) => ({ name, width: outputWidth(this.#model, index) }));
  }

  /** The whole state as a safetensors file. */
  async export(): Promise<Uint8Array> {
    return exportState(await this.download());
  }

  /** Copies the network into the form of the reference kernels. */
  async download(): Promise<NetworkModel> {
    return { ...(await this.#device.download(this.#header)), encoders: this.encoders, stream: this.#model.stream };
  }

  /** Its figures; reads what `takeScores` tells, too. */
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
    const words = this.#device.hexagonCount * layout.words;
    const found = await this.#device.readWithScores({ tally: 4, hexagons: words });
    addScores(this.#scores, found["scores"]!);
    const hexagons = this.#model.hexagons.map(({ index, role }) => {
      const at = (field: string) => found["hexagons"]![index * layout.words + layout.at(field)]!;
      const bytes = at("blocks") * bytesPer("block") + at("sections") * bytesPer("section");
      return { blocks: role === "input" ? 0 : at("blocks"), sections: at("sections"), bytes };
    });
    const blocks = hexagons.reduce((sum, hexagon) => sum + hexagon.blocks, 0);
    const sorts = ["block", "section", "tile", "row"] as const;
    const bytes = sorts.reduce((sum, per) => sum + counts[per] * bytesPer(per), this.#device.otherBytes);
    return {
      cycle: this.cycle + this.#model.stream.waiting,
      blocks,
      neurons: blocks * NEURONS_PER_BLOCK,
      sections: counts.section,
      synapses: found["tally"]![2]!,
      bytes,
      hexagons,
      inputs: inputWidths(this.#model),
    };
  }

  /** How good its answers were while it learnt, up to the last `figures`, since the last call. */
  takeScores(): RunScores {
    const scores = this.#scores;
    this.#scores = emptyScores(this.template);
    return scores;
  }

  /**
   * Trains on all cycles of a run; inputs and outputs become as wide as its rows. Samples of a stream may wait, see
   * `Stream`. Throws RunError, or TableError if the device does not hold the run's table.
   */
  async train(run: TrainRun): Promise<void> {
    checkTraining(run, this.template);
    const { stream } = this.#model;
    if (run.schedule === "stream" && run.cycles > 0) {
      await this.#widen(run);
      return this.#teach(stream.take(run, canWait(this.#model)));
    }
    // What waits may widen the network, which drops the table.
    if (run.cycles > 0) await this.#teach(stream.flush());
    const table = run.table && Table.whole(this.#table, run.table);
    if (run.cycles > 0) await this.#train(run, table);
  }

  /** Whether `request` answers as if the samples of a stream that wait were learnt. */
  isDue(run: RequestRun): boolean {
    return this.#model.stream.isDue(run, this.cycle);
  }

  /** Learns what a stream hands out. */
  async #teach(runs: readonly TrainRun[]): Promise<void> {
    for (const run of runs) {
      const answer = this.cycle > 0 && watchesErrors(run) ? await this.#answer(run) : undefined;
      await this.#train(this.#model.stream.prepare(run, this.cycle, answer), undefined);
    }
  }

  async #train(run: TrainRun, table: Table | undefined): Promise<void> {
    const { cycles, batchSize, schedule } = run;
    await this.#widen(run);
    if (typeof schedule === "object" && startsWide(this.cycle, schedule.horizon)) await this.#startWide();
    await this.#ensureSamples(run);
    for (let first = 0; first < cycles;) {
      // As in `Network`, reductions take place after the same steps, however samples are split into runs.
      const toReduction = cyclesToReduction(this.#model, this.cycle);
      const part = { first, cycles: Math.min(cycles - first, Math.ceil(toReduction / batchSize) * batchSize) };
      await this.#trainPart(partOfTraining(run, part), table);
      if (part.cycles >= toReduction) {
        await this.#reduce();
        await this.#ensureSamples(run);
      }
      first += part.cycles;
    }
  }

  /** Trains on cycles without a reduction in between, from the rows of the table if there is one. */
  async #trainPart(run: TrainRun, table: Table | undefined): Promise<void> {
    if (table !== undefined) return this.#learn(run, table.pick(this.#model, run.table!.order));
    for (const chunk of chunksOf(run, { outputs: this.#device.counts.output, stepCycles: run.batchSize })) {
      const part = partOfTraining(run, chunk);
      await this.#learn(part, this.#rows.stream(this.#model, part));
    }
  }

  /**
   * Stores a part of a task's table, in place of any other table; parts come in order. Returns false, and keeps no
   * table, if the whole table exceeds `bytesMax` or the device's memory. Throws RunError.
   */
  async keepTable(part: TablePart, bytesMax: number): Promise<boolean> {
    checkTablePart(part, this.template);
    if (part.first === 0) {
      this.dropTable();
      await this.#widen(part);
      this.#table = await Table.create(this.#gpu, part, { outputs: this.#device.counts.output, bytesMax });
    }
    if (this.#table === null) return false;
    this.#table.write(this.#model, part);
    return true;
  }

  /** Discards the table. */
  dropTable(): void {
    this.#table?.destroy();
    this.#table = null;
    this.#recorder.forget();
  }

  /**
   * Returns the external values of each output in template order, [cycles][width]. When samples of a stream are due, a
   * copy of the network learns them and answers, unless `isPlain`. Throws RunError.
   */
  async request(run: RequestRun, { isPlain = false } = {}): Promise<Float32Array<ArrayBuffer>[]> {
    checkRequest(run, this.template);
    if (isPlain || !this.isDue(run)) return this.#answer(run);
    let copy: GpuNetwork | undefined;
    try {
      copy = await GpuNetwork.adopt(this.#on, await this.export());
      await copy.#teach(copy.#model.stream.flush());
      return await copy.#answer(run);
    } catch (cause) {
      // Only the copy is too much: this network is as it was.
      throw cause instanceof GpuMemoryError ? new BudgetFullError(cause.message, { cause }) : cause;
    } finally {
      copy?.dispose();
    }
  }

  async #answer(run: RequestRun): Promise<Float32Array<ArrayBuffer>[]> {
    const widths = this.outputs.map(({ width }) => width);
    const results = widths.map((width) => new Float32Array(run.cycles * width));
    const stride = this.#device.counts.output;
    if (run.cycles === 0) return results;
    // The values of backward connections must not depend on the number of samples of a step.
    const samples = this.#model.hasBackEdges ? 1 : REQUEST_SAMPLES;
    await this.#device.ensureSamples(Math.min(samples, run.cycles));
    for (const chunk of chunksOf(run, { outputs: stride, stepCycles: samples })) {
      const { first, cycles } = chunk;
      const steps: Step[] = [];
      for (let cycle = 0; cycle < cycles; cycle += samples)
        steps.push({
          firstRow: cycle,
          samples: Math.min(samples, cycles - cycle),
          resultRow: cycle,
          rate: 0,
          weightDecay: 0,
        });
      this.#device.buffers.atLeast("shown", cycles * stride * 4);
      await this.#compute(steps, MODES.request, this.#rows.stream(this.#model, partOfRequest(run, chunk)));
      const { shown } = await this.#device.buffers.read({ shown: cycles * stride });
      const neurons = new Float32Array(shown!.buffer);
      results.forEach((result, index) =>
        result.set(packRows(this.#model, index, neurons, cycles), first * widths[index]!),
      );
    }
    return results;
  }

  /** Frees the network's memory. The network must not be used afterwards. */
  dispose(): void {
    this.dropTable();
    this.#rows.destroy();
    this.#forgetDevice();
  }

  /** Trains on a run, whose samples `feed` provides. */
  async #learn(run: TrainRun, feed: Feed): Promise<void> {
    const { cycles, batchSize } = run;
    const steps: Step[] = [];
    const weightDecay = decayOf(run);
    for (let cycle = 0; cycle < cycles; cycle += batchSize) {
      const samples = Math.min(batchSize, cycles - cycle);
      steps.push({ firstRow: cycle, samples, resultRow: 0, rate: rateAt(run, cycle, this.cycle), weightDecay });
    }
    this.#device.buffers.atLeast("shown", Math.min(batchSize, cycles) * this.#device.counts.output * 4);
    await this.#compute(steps, MODES[updateOf(run)], feed);
    writeCycle(this.#header, this.cycle + cycles);
    this.#scores.samples += cycles;
    this.#scores.learningRate = steps.at(-1)?.rate ?? 0;
  }

  /** Allocates the scratch buffers for the steps of a run. */
  #ensureSamples({ batchSize, cycles }: TrainRun): Promise<void> {
    return this.#device.ensureSamples(Math.min(batchSize, cycles));
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

  /** Removes what has learned nothing. Rare, so it runs on a copy in host memory. */
  async #reduce(): Promise<void> {
    const model = await this.download();
    if (reduce(model) > 0) await this.#replace(model);
    else this.#header = model.state.arrays.header.slice();
  }

  /** Widens inputs and outputs to the width of a run's rows. Rare, so it runs on a copy in host memory. */
  async #widen({ inputs, expected, timeLength }: RunRows): Promise<void> {
    const { inputWidth } = this.#model.state.arrays;
    const isWide =
      inputs.every(({ index, width }) => width * timeLength <= inputWidth[index]!) &&
      expected.every(({ index, width }) => width <= outputWidth(this.#model, index));
    if (isWide) return;
    const model = await this.download();
    for (const { index, width } of inputs) widenInput(model, index, width * timeLength);
    for (const { index, width } of expected) widenOutput(model, index, width);
    // The table's expected values have the old width.
    this.dropTable();
    await this.#replace(model);
  }

  async #replace(model: NetworkModel): Promise<void> {
    const place = { gpu: this.#gpu, dropIdle: this.#dropIdle };
    const upload = () => NetworkBuffers.upload(place, model);
    const device = await besideFewer(upload, this.#dropIdle).catch((error: unknown) => {
      // Nothing has changed yet, so only this network fails: it needs more memory than the device has left.
      if (error instanceof GpuMemoryError) throw new BudgetFullError(error.message, { cause: error });
      throw error;
    });
    const { scores } = await this.#device.readWithScores({});
    addScores(this.#scores, scores!);
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

/** A model without the large arrays: the part that the host needs while the device holds the rest. */
function skeleton(model: NetworkModel): NetworkModel {
  const { inputWidth, header } = model.state.arrays;
  const empty = createModel(model.template, model.seed);
  empty.state.arrays.inputWidth.set(inputWidth.subarray(0, model.template.inputs.length));
  empty.state.arrays.header.set(header);
  return { ...empty, outputNeurons: model.outputNeurons, encoders: model.encoders, stream: model.stream };
}

const groupLimits = ({ identity }: Gpu): GroupLimits => (identity.isSoftware ? SOFTWARE_GROUPS : GPU_GROUPS);
