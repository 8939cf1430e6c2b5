import { outputWidth, widenInput, createModel, type NetworkModel } from "./network-model.ts";
import { BATCH_RATE, ONLINE_RATE } from "./constants.ts";
import { directShare } from "./learning.ts";
import { MemoryFullError } from "./memory-full-error.ts";
import type { Engine, Rows, TrainRun } from "./engine.ts";
import { figuresOf, type NetworkFigures } from "./network-figures.ts";
import { cyclesToReduction, reduce } from "./reduce.ts";
import { expectations, externalValues } from "./output-rows.ts";
import { widenOutput } from "./readout.ts";
import { startsWide, startWide } from "./start-blocks.ts";
import { readCycle, writeCycle } from "./cycle.ts";
import { adoptState, exportState, restoreState } from "./state-file.ts";
import type { InputKind, OutputKind, Template } from "./template/parse-template.ts";

/** Values of one named input or output: sample q has `width` of them from `values[q * stride]` on. */
export interface Column {
  /** Index of the input or output in the template. */
  index: number;
  values: Float32Array | Uint8Array;
  width: number;
  /** As much as `width` unless said otherwise; less where windows overlap. */
  stride?: number;
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
  /** Samples that learn at once; all of the batch unless said otherwise. */
  step?: number;
  /**
   * 1 - t / horizon of the batch's steps, 0..1, or what it follows from; "direct": there is no horizon, the rate falls
   * with what was trained.
   */
  rate: number | { first: number; horizon: number } | "direct";
  /** Replaces the base rate (batch 0.003, online 0.05); > 0 and at most 10. */
  learningRate?: number;
}

const LEARNING_RATE_MAX = 10;
/** What output neurons should show is in memory for so many of them at once, in all samples together: 512 MiB. */
const EXPECTED_MAX = 2 ** 27;

/** A network that grows while it learns. Not safe for concurrent use. */
export class Network {
  readonly #model: NetworkModel;
  readonly #engine: Engine;

  private constructor(model: NetworkModel, engine: Engine) {
    this.#model = model;
    this.#engine = engine;
  }

  /** A fresh network; `seed` (0..2^32-1) decides everything that is random. */
  static create(template: Template, seed: number, engine: Engine): Network {
    if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff)
      throw new RangeError(`seed ${seed} is not an unsigned 32-bit integer`);
    return new Network(createModel(template, seed, engine.memoryFor()), engine);
  }

  /** The network that `export` wrote; it continues exactly where that one was. Throws `StateError`. */
  static restore(bytes: Uint8Array, engine: Engine): Network {
    return new Network(restoreState(bytes, engine.memoryFor()), engine);
  }

  /** The same for a file that `checkState` has looked at: what is left to do is to copy it. */
  static adopt(bytes: Uint8Array, engine: Engine): Network {
    return new Network(adoptState(bytes, engine.memoryFor()), engine);
  }

  /** Everything as a safetensors file. */
  export(): Uint8Array {
    return this.#engine.hold(this.#model, () => exportState(this.#model));
  }

  get inputs(): { name: string; hexagon: number; kind: InputKind; width: number }[] {
    const { inputWidth } = this.#model.state.arrays;
    return this.#model.template.inputs.map((input, index) => ({ ...input, width: inputWidth[index]! }));
  }

  /** `width` counts external values. */
  get outputs(): { name: string; hexagon: number; kind: OutputKind; width: number }[] {
    return this.#model.template.outputs.map((output, index) => ({
      ...output,
      width: outputWidth(this.#model, index),
    }));
  }

  get template(): Template {
    return this.#model.template;
  }

  get seed(): number {
    return this.#model.seed;
  }

  /** Trained samples. */
  get cycle(): number {
    return readCycle(this.#model.state.arrays.header);
  }

  /** Something carries over from one cycle to the next: even a request changes the state then. */
  get remembers(): boolean {
    return this.#model.hasMemory || this.#model.hasBackEdges;
  }

  figures(): NetworkFigures {
    return figuresOf(this.#model);
  }

  /** Makes an input at least `width` values wide. */
  ensureInputWidth(index: number, width: number): void {
    checkIndex(this.#model.template.inputs, index, "input");
    checkCount(width, "width");
    widenInput(this.#model, index, width);
  }

  /** Makes an output at least `width` external values wide; what it has learnt stays. */
  ensureOutputWidth(index: number, width: number): void {
    checkIndex(this.#model.template.outputs, index, "output");
    checkCount(width, "width");
    widenOutput(this.#model, index, width);
  }

  /** Trains on a batch; inputs and outputs get as wide as it is. */
  train(batch: TrainBatch): void {
    this.#engine.hold(this.#model, () => this.#train(batch));
  }

  #train(batch: TrainBatch): void {
    checkColumns(batch.inputs, batch.count, this.#model.template.inputs, "input");
    checkColumns(batch.expected, batch.count, this.#model.template.outputs, "output");
    const { count, update } = batch;
    const step = Math.min(batch.step ?? count, count);
    if (!Number.isSafeInteger(step) || (step < 1 && count > 0)) throw new RangeError(`step ${step} is not a count`);
    const rates = this.#rates(batch, step);
    if (count === 0) return;
    for (const { index, width } of batch.inputs) this.ensureInputWidth(index, width);
    for (const { index, width } of batch.expected) this.ensureOutputWidth(index, width);
    // All output neurons count, however few of them the batch is about.
    const outputs = this.#model.outputNeurons.reduce((sum, neurons) => sum + neurons.length, 0);
    const most = Math.floor(EXPECTED_MAX / Math.max(1, outputs) / step) * step;
    if (most === 0) throw new MemoryFullError(`${step} samples at once are too many for ${outputs} output neurons`);
    if (count > most) {
      for (let first = 0; first < count; first += most) {
        this.#train(partOfBatch({ ...batch, step }, first, Math.min(most, count - first)));
      }
      return;
    }
    if (typeof batch.rate === "object" && startsWide(this.cycle, batch.rate.horizon)) startWide(this.#model);
    const { expected, muted } = expectations(this.#model, batch.expected, count);
    const run = { count, step, inputs: rowsOf(batch.inputs), expected, muted, update, rates };
    for (let first = 0; first < count;) {
      // Reductions come between steps, after the same ones however samples are cut into batches.
      const toReduction = cyclesToReduction(this.#model, this.cycle);
      const samples = Math.min(count - first, Math.ceil(toReduction / step) * step);
      this.#engine.train(this.#model, partOf(run, first, samples));
      writeCycle(this.#model.state.arrays.header, this.cycle + samples);
      // What an engine knows of the state beside its bytes is out of date when sections went.
      if (samples >= toReduction && reduce(this.#model) > 0) this.#engine.forget(this.#model);
      first += samples;
    }
  }

  /**
   * The external values of each output, [count][width], in template order. Nothing grows or learns. Neurons with a
   * memory, and connections that run backwards, carry their values from sample to sample and on to the next call.
   */
  request(batch: RequestBatch): Float32Array<ArrayBuffer>[] {
    return this.#engine.hold(this.#model, () => this.#request(batch));
  }

  #request({ count, inputs }: RequestBatch): Float32Array<ArrayBuffer>[] {
    checkColumns(inputs, count, this.#model.template.inputs, "input");
    const shown = this.#engine.request(this.#model, { count, inputs: rowsOf(inputs) });
    return this.#model.template.outputs.map((_, index) => externalValues(this.#model, index, shown, count));
  }

  /** Gives the network's memory back. It must not be used afterwards. */
  dispose(): void {
    this.#engine.release(this.#model);
  }

  /** The rate of each step. */
  #rates({ count, update, rate, learningRate }: TrainBatch, step: number): Float32Array {
    const base = learningRate ?? (update === "batch" ? BATCH_RATE : ONLINE_RATE);
    if (!(base > 0 && base <= LEARNING_RATE_MAX)) throw new RangeError(`learning rate ${base} is not in 0..10`);
    const shareAt = (sample: number) => {
      if (rate === "direct") return directShare(this.cycle + sample);
      const share = typeof rate === "number" ? rate : 1 - (rate.first + sample) / rate.horizon;
      if (!(share >= 0 && share <= 1)) throw new RangeError(`rate ${share} is not in 0..1`);
      return share;
    };
    return Float32Array.from({ length: Math.ceil(count / step) || 0 }, (_, nth) => base * shareAt(nth * step));
  }
}

/** `count` samples of a batch from `first` on, which begins a step. */
function partOfBatch(batch: TrainBatch, first: number, count: number): TrainBatch {
  const part = (columns: Column[]) =>
    columns.map((column) => ({ ...column, values: column.values.subarray(first * (column.stride ?? column.width)) }));
  const { inputs, expected, rate } = batch;
  const later = typeof rate === "object" ? { first: rate.first + first, horizon: rate.horizon } : rate;
  return { ...batch, count, inputs: part(inputs), expected: part(expected), rate: later };
}

/** `count` samples of a run from `first` on, which begins a step. */
function partOf(run: TrainRun, first: number, count: number): TrainRun {
  if (count === run.count) return run;
  const outputs = run.expected.length / run.count;
  return {
    ...run,
    count,
    inputs: run.inputs.map((rows) => ({ ...rows, values: rows.values.subarray(first * rows.stride) })),
    expected: run.expected.subarray(first * outputs, (first + count) * outputs),
    muted: run.muted.subarray(first, first + count),
    rates: run.rates.subarray(first / run.step, Math.ceil((first + count) / run.step)),
  };
}

const rowsOf = (columns: Column[]): Rows[] =>
  columns.map(({ index, values, width, stride = width }) => ({ index, values, width, stride }));

function checkColumns(columns: Column[], samples: number, known: unknown[], what: string): void {
  checkCount(samples, "count");
  for (const { index, values, width, stride = width } of columns) {
    checkIndex(known, index, what);
    checkCount(width, "width");
    checkCount(stride, "stride");
    if (samples > 0 && values.length < (samples - 1) * stride + width)
      throw new RangeError(`${what} ${index} has ${values.length} values instead of ${samples} x ${width}`);
  }
}

function checkIndex(known: unknown[], index: number, what: string): void {
  if (known[index] === undefined) throw new RangeError(`there is no ${what} ${index}`);
}

function checkCount(value: number, what: string): void {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${what} ${value} is not a count`);
}
