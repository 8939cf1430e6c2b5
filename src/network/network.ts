import { createCluster, hexagonOf, outputWidth, widenInput, type Cluster } from "./cluster.ts";
import { BATCH_RATE, DIRECT_SAMPLES, ONLINE_RATE } from "./learning.ts";
import { HEADER, NEURONS_PER_BLOCK } from "./layout.ts";
import { unpack } from "../kernels/reference/unpack.ts";
import { expandValue, NEURONS_PER_VALUE, packValue } from "./output-values.ts";
import { widenOutput } from "./readout.ts";
import { Scratch } from "./scratch.ts";
import { bytesPer, count, type Allocate } from "./state.ts";
import { exportState, readCycle, restoreState, writeCycle } from "./state-file.ts";
import { requestStep, trainStep } from "./step.ts";
import type { InputKind, OutputKind, Template } from "./template/parse-template.ts";

export { defaultBatchSize, updateRule } from "./batch-size.ts";
export { StateError } from "./state-error.ts";

/** Values of one named input or output: `values` is [count][width]. */
export interface Column {
  /** Index of the input or output in the template. */
  index: number;
  values: Float32Array;
  width: number;
}

/** `count` samples. Inputs that are not mentioned, and values beyond `width`, count as 0. */
export interface RequestBatch {
  count: number;
  inputs: Column[];
}

export interface TrainBatch extends RequestBatch {
  /** Outputs that are not mentioned learn nothing. A sample with NaN in any expected value teaches nothing. */
  expected: Column[];
  /** "batch" wants 16 samples or more; "online" sums plainly and works from one sample on. */
  update: "batch" | "online";
  /** 1 - t / horizon at the first sample, 0..1; "direct": there is no horizon, the rate falls with what was trained. */
  rate: number | "direct";
  /** Replaces the base rate (batch 0.003, online 0.05); > 0 and at most 10. */
  learningRate?: number;
}

export interface Metrics {
  /** Trained samples. */
  cycle: number;
  /** Blocks and neurons of hidden and output hexagons. */
  blocks: number;
  neurons: number;
  sections: number;
  synapses: number;
  /** Size of the state. */
  bytes: number;
  /** What lives in each hexagon, in template order. */
  hexagons: { blocks: number; sections: number; bytes: number }[];
}

const LEARNING_RATE_MAX = 10;
/** Samples that a request computes at once: enough for the weights to be read rarely, little enough to stay in cache. */
const REQUEST_SAMPLES = 64;

/** A network that grows while it learns. Not safe for concurrent use. */
export class Network {
  readonly #cluster: Cluster;
  readonly #scratch = new Scratch();

  private constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** A fresh network; `seed` (0..2^32-1) decides everything that is random. */
  static create(template: Template, seed: number, allocate?: Allocate): Network {
    if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff)
      throw new RangeError(`seed ${seed} is not an unsigned 32-bit integer`);
    return new Network(createCluster(template, seed, allocate));
  }

  /** The network that `export` wrote; it continues exactly where that one was. Throws `StateError`. */
  static restore(bytes: Uint8Array, allocate?: Allocate): Network {
    return new Network(restoreState(bytes, allocate));
  }

  /** Everything as a safetensors file. */
  export(): Uint8Array {
    return exportState(this.#cluster);
  }

  get inputs(): { name: string; hexagon: number; kind: InputKind; width: number }[] {
    const { inputWidth } = this.#cluster.state.arrays;
    return this.#cluster.template.inputs.map((input, index) => ({ ...input, width: inputWidth[index]! }));
  }

  /** `width` counts external values. */
  get outputs(): { name: string; hexagon: number; kind: OutputKind; width: number }[] {
    return this.#cluster.template.outputs.map((output, index) => ({
      ...output,
      width: outputWidth(this.#cluster, index),
    }));
  }

  get template(): Template {
    return this.#cluster.template;
  }

  get seed(): number {
    return this.#cluster.seed;
  }

  /** Trained samples. */
  get cycle(): number {
    return readCycle(this.#cluster.state.arrays.header);
  }

  /** Something carries over from one cycle to the next: even a request changes the state then. */
  get remembers(): boolean {
    return this.#cluster.hasMemory || this.#cluster.hasBackEdges;
  }

  metrics(): Metrics {
    const { state, hexagons } = this.#cluster;
    const { blockSections, ramps } = state.arrays;
    const perHexagon = hexagons.map(({ role, blocks }) => {
      const sections = blocks.reduce((sum, block) => sum + blockSections[block]!, 0);
      const bytes = blocks.length * bytesPer("block") + sections * bytesPer("section");
      return { blocks: role === "input" ? 0 : blocks.length, sections, bytes };
    });
    const blocks = perHexagon.reduce((sum, hexagon) => sum + hexagon.blocks, 0);
    const sections = count(state, "section");
    let synapses = 0;
    for (let s = 0; s < sections; s++) {
      const block = Math.floor(state.arrays.source[s]! / NEURONS_PER_BLOCK);
      synapses += ramps[s]! * hexagonOf(this.#cluster, block).feeds.rampSize;
    }
    const sorts = ["cluster", "input", "block", "section", "tile", "row", "output"] as const;
    const bytes = sorts.reduce((sum, per) => sum + count(state, per) * bytesPer(per), 0);
    const neurons = blocks * NEURONS_PER_BLOCK;
    return { cycle: this.cycle, blocks, neurons, sections, synapses, bytes, hexagons: perHexagon };
  }

  /** Makes an input at least `width` values wide. */
  ensureInputWidth(index: number, width: number): void {
    checkIndex(this.#cluster.template.inputs, index, "input");
    checkCount(width, "width");
    widenInput(this.#cluster, index, width);
  }

  /** Makes an output at least `width` external values wide; what it has learnt stays. */
  ensureOutputWidth(index: number, width: number): void {
    checkIndex(this.#cluster.template.outputs, index, "output");
    checkCount(width, "width");
    widenOutput(this.#cluster, index, width);
  }

  /** One training step; inputs and outputs get as wide as the batch is. */
  train(batch: TrainBatch): void {
    checkColumns(batch.inputs, batch.count, this.#cluster.template.inputs, "input");
    checkColumns(batch.expected, batch.count, this.#cluster.template.outputs, "output");
    const rate = this.#rate(batch);
    if (batch.count === 0) return;
    for (const { index, width } of batch.inputs) this.ensureInputWidth(index, width);
    for (const { index, width } of batch.expected) this.ensureOutputWidth(index, width);
    this.#scratch.begin(this.#cluster, batch.count);
    for (const { index, values, width } of batch.inputs) unpack(this.#cluster, this.#scratch, index, values, width);
    for (const column of batch.expected) this.#expect(column);
    trainStep(this.#cluster, this.#scratch, { update: batch.update, rate });

    const { header } = this.#cluster.state.arrays;
    writeCycle(header, this.cycle + batch.count);
    if (batch.rate === "direct")
      header[HEADER.directSamples] = Math.min(0xffffffff, header[HEADER.directSamples]! + batch.count);
  }

  /**
   * The external values of each output, [count][width], in template order. Nothing grows or learns. Neurons with a
   * memory, and connections that run backwards, carry their values from sample to sample and on to the next call.
   */
  request(batch: RequestBatch): Float32Array[] {
    checkColumns(batch.inputs, batch.count, this.#cluster.template.inputs, "input");
    const results = this.outputs.map(({ width }) => new Float32Array(batch.count * width));
    const { hasMemory, hasBackEdges } = this.#cluster;
    // One by one, values carry over the same way however many samples a call has.
    const step = hasMemory || hasBackEdges ? 1 : REQUEST_SAMPLES;
    for (let first = 0; first < batch.count; first += step) {
      const samples = Math.min(step, batch.count - first);
      this.#scratch.begin(this.#cluster, samples);
      for (const { index, values, width } of batch.inputs)
        unpack(this.#cluster, this.#scratch, index, values.subarray(first * width), width);
      requestStep(this.#cluster, this.#scratch);
      results.forEach((result, index) => this.#collect(result, index, first));
    }
    return results;
  }

  #rate({ update, rate, learningRate }: TrainBatch): number {
    const base = learningRate ?? (update === "batch" ? BATCH_RATE : ONLINE_RATE);
    if (!(base > 0 && base <= LEARNING_RATE_MAX)) throw new RangeError(`learning rate ${base} is not in 0..10`);
    if (rate === "direct")
      return base / Math.sqrt(1 + this.#cluster.state.arrays.header[HEADER.directSamples]! / DIRECT_SAMPLES);
    if (!(rate >= 0 && rate <= 1)) throw new RangeError(`rate ${rate} is not in 0..1`);
    return base * rate;
  }

  /** Fills in what an output should show; values that the column does not have are no one's opinion. */
  #expect({ index, values, width }: Column): void {
    const neurons = this.#cluster.outputNeurons[index]!;
    const { kind } = this.#cluster.template.outputs[index]!;
    const perValue = NEURONS_PER_VALUE[kind];
    const bits = new Float32Array(perValue);
    const { expected, skipped, outputStride, samples } = this.#scratch;
    for (let q = 0; q < samples; q++) {
      for (let k = 0; k < width; k++) {
        const value = values[q * width + k]!;
        if (Number.isNaN(value)) skipped[q] = 1;
        expandValue(kind, value, bits, 0);
        for (let i = 0; i < perValue; i++) expected[q * outputStride + neurons[k * perValue + i]!] = bits[i]!;
      }
    }
  }

  /** Packs the outputs of the current scratch into the rows of `result` from `first` on. */
  #collect(result: Float32Array, index: number, first: number): void {
    const neurons = this.#cluster.outputNeurons[index]!;
    const { kind } = this.#cluster.template.outputs[index]!;
    const perValue = NEURONS_PER_VALUE[kind];
    const width = neurons.length / perValue;
    const shown = new Float32Array(neurons.length);
    const { output, outputStride, samples } = this.#scratch;
    for (let q = 0; q < samples; q++) {
      neurons.forEach((neuron, i) => (shown[i] = output[q * outputStride + neuron]!));
      for (let k = 0; k < width; k++) result[(first + q) * width + k] = packValue(kind, shown, k * perValue);
    }
  }
}

function checkColumns(columns: Column[], samples: number, known: unknown[], what: string): void {
  checkCount(samples, "count");
  for (const { index, values, width } of columns) {
    checkIndex(known, index, what);
    checkCount(width, "width");
    if (values.length < samples * width)
      throw new RangeError(`${what} ${index} has ${values.length} values instead of ${samples} x ${width}`);
  }
}

function checkIndex(known: unknown[], index: number, what: string): void {
  if (known[index] === undefined) throw new RangeError(`there is no ${what} ${index}`);
}

function checkCount(value: number, what: string): void {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${what} ${value} is not a count`);
}
