import { createCluster, outputWidth, widenInput, type Cluster } from "../../network/cluster.ts";
import { BATCH_RATE, DIRECT_SAMPLES, ONLINE_RATE } from "../../network/learning.ts";
import { HEADER, NEURONS_PER_BLOCK } from "../../network/layout.ts";
import type { Metrics } from "../../network/network.ts";
import { expandValue, NEURONS_PER_VALUE, packValue } from "../../network/output-values.ts";
import { widenOutput } from "../../network/readout.ts";
import { bytesPer } from "../../network/state.ts";
import { exportState, readCycle, restoreState, writeCycle } from "../../network/state-file.ts";
import type { Template } from "../../network/template/parse-template.ts";
import type { Gpu } from "./device.ts";
import { EXCLUDED, NO_OPINION } from "./expected-values.ts";
import type { Kernels } from "./kernels.ts";
import { NetworkBuffers } from "./network-buffers.ts";
import { structs } from "./records.ts";
import {
  countSynapses,
  GPU_GROUPS,
  Recorder,
  SOFTWARE_GROUPS,
  shapeOf,
  stepDispatches,
  type Scoped,
} from "./step-recorder.ts";
import { GPUBufferUsage } from "./webgpu-flags.ts";

/** Rows of one input or output as they lie in the dataset, `[rows][width]`. */
export interface Rows {
  index: number;
  width: number;
  rows: Uint8Array | Float32Array;
}

/** `cycles` samples: cycle c reads rows c … c + timeLength − 1 of an input, and row c of what is expected. */
export interface RequestRun {
  cycles: number;
  timeLength: number;
  inputs: Rows[];
}

export interface TrainRun extends RequestRun {
  expected: Rows[];
  batchSize: number;
  update: "batch" | "online";
  /** As in `TrainBatch`, for the step that begins with this cycle. */
  rateAt(cycle: number): number | "direct";
  learningRate?: number;
}

interface Step {
  firstRow: number;
  samples: number;
  resultRow: number;
  rate: number;
}

const MODES = { batch: 0, online: 1, request: 2 } as const;
const CONTROL = structs("Control");
const UNIFORM = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST;
/** Samples that a request computes at once. */
const REQUEST_SAMPLES = 256;
/** Data that is on the device at once; also far below every limit of a binding. */
const CHUNK_BYTES = 64 * 1024 * 1024;
/** A submit is worth about this much time: long enough to hide its cost, short enough to stay responsive. */
const SUBMIT_MS = 60;
const SUBMIT_STEPS_MAX = 256;

/** A network that lives on a device. Not safe for concurrent use; after a failed `train` it must be restored. */
export class GpuNetwork {
  readonly #gpu: Gpu;
  readonly #recorder: Recorder;
  #cluster: Cluster;
  #device: NetworkBuffers;
  #header: Uint32Array;
  #hexagonScopes: Scoped[] = [];
  #submitSteps = 1;

  private constructor(gpu: Gpu, recorder: Recorder, cluster: Cluster, device: NetworkBuffers) {
    this.#gpu = gpu;
    this.#recorder = recorder;
    this.#cluster = cluster;
    this.#device = device;
    this.#header = cluster.state.arrays.header.slice();
    this.#makeScopes();
  }

  static create(on: { gpu: Gpu; kernels: Kernels }, template: Template, seed: number): Promise<GpuNetwork> {
    if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff)
      throw new RangeError(`seed ${seed} is not an unsigned 32-bit integer`);
    return GpuNetwork.#from(on, createCluster(template, seed));
  }

  /** The network that `export` wrote, on whatever host. Rejects with `StateError` for bytes that are not right. */
  static async restore(on: { gpu: Gpu; kernels: Kernels }, bytes: Uint8Array): Promise<GpuNetwork> {
    return GpuNetwork.#from(on, restoreState(bytes));
  }

  static async #from({ gpu, kernels }: { gpu: Gpu; kernels: Kernels }, cluster: Cluster): Promise<GpuNetwork> {
    const recorder = await Recorder.create(gpu, kernels);
    const device = await NetworkBuffers.upload(gpu, cluster);
    return new GpuNetwork(gpu, recorder, skeleton(cluster), device);
  }

  get template(): Template {
    return this.#cluster.template;
  }

  get seed(): number {
    return this.#cluster.seed;
  }

  /** Trained samples. */
  get cycle(): number {
    return readCycle(this.#header);
  }

  get #limits() {
    return this.#gpu.identity.isSoftware ? SOFTWARE_GROUPS : GPU_GROUPS;
  }

  /** Requests change what the network will show next. */
  get remembers(): boolean {
    return this.#cluster.hasMemory || this.#cluster.hasBackEdges;
  }

  /** Bytes on the device. */
  get deviceBytes(): number {
    return this.#device.buffers.bytes;
  }

  get outputs(): { name: string; width: number }[] {
    return this.template.outputs.map(({ name }, index) => ({ name, width: outputWidth(this.#cluster, index) }));
  }

  /** The whole state as a safetensors file. */
  async export(): Promise<Uint8Array> {
    return exportState(await this.download());
  }

  /** A copy of the network in the form in which the reference kernels know it. */
  async download(): Promise<Cluster> {
    return this.#device.download(this.#header);
  }

  async metrics(): Promise<Metrics> {
    const { counts } = this.#device;
    const { device } = this.#gpu;
    this.#device.buffers.write("tally", Uint32Array.of(0), 8);
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    this.#recorder.record(pass, this.#device, countSynapses(counts.section, this.#limits));
    pass.end();
    device.queue.submit([encoder.finish()]);
    const layout = structs("Hexagon");
    const found = await this.#device.buffers.read({ tally: 4, hexagons: this.#device.hexagonCount * layout.words });
    const hexagons = this.#cluster.hexagons.map(({ index, role }) => {
      const at = (field: string) => found["hexagons"]![index * layout.words + layout.at(field)]!;
      const bytes = at("blocks") * bytesPer("block") + at("sections") * bytesPer("section");
      return { blocks: role === "input" ? 0 : at("blocks"), sections: at("sections"), bytes };
    });
    const blocks = hexagons.reduce((sum, hexagon) => sum + hexagon.blocks, 0);
    const sorts = ["block", "section", "tile", "row", "output"] as const;
    const bytes =
      bytesPer("cluster") +
      this.template.inputs.length * bytesPer("input") +
      sorts.reduce((sum, per) => sum + counts[per] * bytesPer(per), 0);
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
    await this.#widen(run);
    const { batchSize, timeLength } = run;
    await this.#device.ensureSamples(Math.min(batchSize, run.cycles));
    const mode = MODES[run.update];
    for (const chunk of this.#chunks(run, batchSize)) {
      const steps: Step[] = [];
      let direct = this.#header[HEADER.directSamples]!;
      let isDirect = false;
      for (let cycle = 0; cycle < chunk.cycles; cycle += batchSize) {
        const samples = Math.min(batchSize, chunk.cycles - cycle);
        const rate = run.rateAt(chunk.first + cycle);
        isDirect = rate === "direct";
        steps.push({ firstRow: cycle, samples, resultRow: 0, rate: baseRate(run, rate, direct) });
        if (isDirect) direct = Math.min(0xffffffff, direct + samples);
      }
      const expected = this.#expand(run.expected, chunk);
      this.#device.buffers.atLeast("expected", expected.byteLength);
      this.#device.buffers.write("expected", expected);
      this.#device.buffers.atLeast("shown", Math.min(batchSize, run.cycles) * this.#device.counts.output * 4);
      await this.#withInputs(run.inputs, { ...chunk, timeLength }, (inputs) => this.#run(steps, mode, inputs));
      if (isDirect) this.#header[HEADER.directSamples] = direct;
      writeCycle(this.#header, this.cycle + chunk.cycles);
    }
  }

  /** External values of each output in template order, [cycles][width]. */
  async request(run: RequestRun): Promise<Float32Array<ArrayBuffer>[]> {
    checkRows(run.inputs, run, this.template.inputs.length);
    const results = this.outputs.map(({ width }) => new Float32Array(run.cycles * width));
    const stride = this.#device.counts.output;
    if (run.cycles === 0) return results;
    // What connections that run backwards carry must not depend on how many samples a step has.
    const samples = this.#cluster.hasBackEdges ? 1 : REQUEST_SAMPLES;
    await this.#device.ensureSamples(Math.min(samples, run.cycles));
    for (const chunk of this.#chunks(run, samples)) {
      const steps: Step[] = [];
      for (let cycle = 0; cycle < chunk.cycles; cycle += samples)
        steps.push({ firstRow: cycle, samples: Math.min(samples, chunk.cycles - cycle), resultRow: cycle, rate: 0 });
      this.#device.buffers.atLeast("shown", chunk.cycles * stride * 4);
      await this.#withInputs(run.inputs, { ...chunk, timeLength: run.timeLength }, (inputs) =>
        this.#run(steps, MODES.request, inputs),
      );
      const { shown } = await this.#device.buffers.read({ shown: chunk.cycles * stride });
      results.forEach((result, index) => this.#pack(new Float32Array(shown!.buffer), result, { index, ...chunk }));
    }
    return results;
  }

  destroy(): void {
    this.#recorder.forget();
    for (const { buffers } of this.#hexagonScopes) buffers["scope"]?.destroy();
    this.#device.destroy();
  }

  /** Makes inputs and outputs as wide as a run needs. Rare, so the host does it on a copy. */
  async #widen({ inputs, expected, timeLength }: TrainRun): Promise<void> {
    const { inputWidth } = this.#cluster.state.arrays;
    const isWide =
      inputs.every(({ index, width }) => width * timeLength <= inputWidth[index]!) &&
      expected.every(({ index, width }) => width <= outputWidth(this.#cluster, index));
    if (isWide) return;
    const cluster = await this.download();
    for (const { index, width } of inputs) widenInput(cluster, index, width * timeLength);
    for (const { index, width } of expected) widenOutput(cluster, index, width);
    const device = await NetworkBuffers.upload(this.#gpu, cluster);
    this.destroy();
    this.#device = device;
    this.#cluster = skeleton(cluster);
    this.#header = cluster.state.arrays.header.slice();
    this.#makeScopes();
  }

  #makeScopes(): void {
    const { settings } = this.template;
    const { words, at } = structs("Scope");
    this.#hexagonScopes = this.#cluster.hexagons.map(({ index, role }) => {
      const data = new DataView(new ArrayBuffer(words * 4));
      data.setUint32(at("hexagon") * 4, index, true);
      data.setUint32(at("has_memory") * 4, this.#cluster.hasMemory && role === "hidden" ? 1 : 0, true);
      data.setFloat32(at("cooldown") * 4, settings.neuronCooldown, true);
      data.setUint32(at("refractory_time") * 4, settings.refractoryTime, true);
      const scope = this.#gpu.device.createBuffer({ label: `hexagon ${index}`, size: data.byteLength, usage: UNIFORM });
      this.#gpu.device.queue.writeBuffer(scope, 0, data.buffer);
      return { key: `hexagon ${index}`, buffers: { scope } };
    });
  }

  /** Computes all steps, in submits of some, growing the pools between them. */
  async #run(steps: Step[], mode: number, inputs: Scoped[]): Promise<void> {
    const { device } = this.#gpu;
    const network = this.#device;
    const table = new DataView(new ArrayBuffer(steps.length * structs("Step").words * 4));
    steps.forEach(({ firstRow, samples, resultRow, rate }, i) => {
      table.setUint32(i * 16, firstRow, true);
      table.setUint32(i * 16 + 4, samples, true);
      table.setUint32(i * 16 + 8, resultRow, true);
      table.setFloat32(i * 16 + 12, rate, true);
    });
    network.buffers.atLeast("steps", table.byteLength);
    network.buffers.write("steps", new Uint8Array(table.buffer));
    network.writeFields({ mode, steps: steps.length, next_step: 0, halted: 0 });
    const isTraining = mode !== MODES.request;
    for (let next = 0; next < steps.length;) {
      const room = isTraining ? { ...network.room, output: network.counts.output } : network.counts;
      const shape = shapeOf(this.#cluster, room);
      const submitted = steps.slice(next, next + this.#submitSteps);
      const started = performance.now();
      await this.#gpu.checked(() => {
        const encoder = device.createCommandEncoder();
        const pass = encoder.beginComputePass();
        for (const { samples } of submitted) {
          const plan = stepDispatches(shape, {
            samples,
            isTraining,
            hexagonScopes: this.#hexagonScopes,
            inputs,
            limits: this.#limits,
          });
          for (const dispatch of plan) this.#recorder.record(pass, network, dispatch);
        }
        pass.end();
        device.queue.submit([encoder.finish()]);
      });
      const control = await network.readControl();
      network.adopt(control);
      next = control[CONTROL.at("next_step")]!;
      if (control[CONTROL.at("halted")] !== 0) await network.makeRoom();
      else this.#pace(performance.now() - started, submitted.length);
    }
  }

  #pace(elapsedMs: number, steps: number): void {
    if (elapsedMs < SUBMIT_MS && steps === this.#submitSteps)
      this.#submitSteps = Math.min(SUBMIT_STEPS_MAX, this.#submitSteps * 2);
    else if (elapsedMs > 3 * SUBMIT_MS) this.#submitSteps = Math.max(1, Math.floor(this.#submitSteps / 2));
  }

  /** Parts of a run whose data fits on the device at once, in whole steps. */
  *#chunks(run: RequestRun, stepCycles: number): Generator<{ first: number; cycles: number }, void, undefined> {
    const stride = Math.max(1, this.#device.counts.output);
    const rowBytes = Math.max(stride * 4, ...run.inputs.map(({ rows, width }) => rows.BYTES_PER_ELEMENT * width));
    const steps = Math.max(1, Math.floor(CHUNK_BYTES / (rowBytes * stepCycles)));
    for (let first = 0; first < run.cycles; first += steps * stepCycles)
      yield { first, cycles: Math.min(steps * stepCycles, run.cycles - first) };
  }

  /** Puts the rows of a chunk on the device for as long as `work` runs. */
  async #withInputs(
    columns: Rows[],
    { first, cycles, timeLength }: { first: number; cycles: number; timeLength: number },
    work: (inputs: Scoped[]) => Promise<void>,
  ): Promise<void> {
    const { buffers } = this.#device;
    const { inputWidth } = this.#cluster.state.arrays;
    const inputs = this.template.inputs.map(({ hexagon, kind }, index): Scoped => {
      const column = columns.find((each) => each.index === index);
      const width = column?.width ?? 0;
      const rows = column?.rows.subarray(first * width, (first + cycles + timeLength - 1) * width);
      const name = `data ${index}`;
      buffers.atLeast(name, rows?.byteLength ?? 4);
      if (rows) buffers.write(name, rows);
      const used = Math.min(width * timeLength, inputWidth[index]!);
      const fields = [hexagon, kind === "binary" ? 1 : 0, rows instanceof Uint8Array ? 1 : 0, width, used];
      const source = buffers.atLeast(`source ${index}`, 32, UNIFORM);
      buffers.write(`source ${index}`, Uint32Array.from(fields));
      return { key: name, buffers: { data: buffers.get(name), source } };
    });
    await work(inputs);
  }

  /** What the output neurons should show in each cycle of a chunk, [cycle][output neuron]. */
  #expand(columns: Rows[], { first, cycles }: { first: number; cycles: number }): Float32Array {
    const stride = this.#device.counts.output;
    const expected = new Float32Array(cycles * stride).fill(NO_OPINION);
    for (const { index, width, rows } of columns) {
      const neurons = this.#cluster.outputNeurons[index]!;
      const { kind } = this.template.outputs[index]!;
      const perValue = NEURONS_PER_VALUE[kind];
      const bits = new Float32Array(perValue);
      for (let cycle = 0; cycle < cycles; cycle++) {
        for (let k = 0; k < width; k++) {
          const value = rows[(first + cycle) * width + k]!;
          if (Number.isNaN(value)) {
            bits.fill(EXCLUDED);
          } else {
            expandValue(kind, value, bits, 0);
          }
          for (let i = 0; i < perValue; i++) expected[cycle * stride + neurons[k * perValue + i]!] = bits[i]!;
        }
      }
    }
    return expected;
  }

  /** Packs the output neurons of a chunk into the external values of one output. */
  #pack(
    shown: Float32Array,
    result: Float32Array,
    { index, first, cycles }: { index: number; first: number; cycles: number },
  ) {
    const stride = this.#device.counts.output;
    const neurons = this.#cluster.outputNeurons[index]!;
    const { kind } = this.template.outputs[index]!;
    const perValue = NEURONS_PER_VALUE[kind];
    const width = neurons.length / perValue;
    const bits = new Float32Array(neurons.length);
    for (let cycle = 0; cycle < cycles; cycle++) {
      neurons.forEach((neuron, i) => (bits[i] = shown[cycle * stride + neuron]!));
      for (let k = 0; k < width; k++) result[(first + cycle) * width + k] = packValue(kind, bits, k * perValue);
    }
  }
}

/** The cluster without its large arrays: what the host needs while the device has the rest. */
function skeleton(cluster: Cluster): Cluster {
  const { inputWidth, header } = cluster.state.arrays;
  const empty = createCluster(cluster.template, cluster.seed);
  empty.state.arrays.inputWidth.set(inputWidth.subarray(0, cluster.template.inputs.length));
  empty.state.arrays.header.set(header);
  return { ...empty, outputNeurons: cluster.outputNeurons };
}

function baseRate({ update, learningRate }: TrainRun, rate: number | "direct", direct: number): number {
  const base = learningRate ?? (update === "batch" ? BATCH_RATE : ONLINE_RATE);
  return rate === "direct" ? base / Math.sqrt(1 + direct / DIRECT_SAMPLES) : base * rate;
}

function checkRows(
  columns: Rows[],
  { cycles, timeLength }: { cycles: number; timeLength: number },
  known: number,
): void {
  for (const { index, rows, width } of columns) {
    if (!Number.isInteger(index) || index < 0 || index >= known)
      throw new RangeError(`there is no column group ${index}`);
    const needed = cycles === 0 ? 0 : (cycles + timeLength - 1) * width;
    if (rows.length < needed) throw new RangeError(`${rows.length} values where ${needed} are needed`);
  }
}
