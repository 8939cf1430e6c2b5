import { NEURONS_PER_BLOCK, SYNAPSES_PER_SECTION } from "../../network/constants.ts";
import { count } from "../../network/state.ts";
import type { NetworkModel } from "../../network/network-model.ts";

type Floats = Float32Array<ArrayBuffer>;

/**
 * Buffers that the kernels of one step share; their contents do not outlive the step. Neuron values are laid out as
 * [block][sample][neuron of the block], so that growing within a step only appends. Only the backward half's sums are
 * cleared here; a kernel that fills an array writes everything that later kernels read.
 */
export class Scratch {
  /** Samples of this step. */
  samples = 0;
  #coveredBlocks = 0;
  /** Output neurons, the stride between samples of `output`, `expected` and `error`. */
  outputStride = 0;
  /** [block][sample][neuron]: input value or compressed potential, >= 0. */
  value: Floats = new Float32Array(0);
  /** [block][sample][neuron]: slope of the value over the neuron's input. */
  slope: Floats = new Float32Array(0);
  /** [block][sample][neuron]: slope of the loss over the value, later over the neuron's input. */
  delta: Floats = new Float32Array(0);
  /** [sample][output neuron]: values of the output neurons. */
  output: Floats = new Float32Array(0);
  /** [sample][output neuron]: expected values; NaN = none. */
  expected: Floats = new Float32Array(0);
  /** [sample][output neuron]: output - expected; 0 without an expected value. */
  error: Floats = new Float32Array(0);
  /** [sample]: 1 = skipped, takes no part in learning. */
  skipped = new Uint8Array(0);
  /** Samples that are not skipped. */
  learning = 0;
  /** [section]: 1 = active in a sample that is not skipped. */
  touched = new Uint8Array(0);
  /** [section][synapse], of touched sections. */
  gradient: Floats = new Float32Array(0);
  /** [section][ramp], of touched sections: sum of the activation over the samples that are not skipped. */
  activationSum: Floats = new Float32Array(0);
  /** [neuron]: sum of delta over the samples that are not skipped. */
  deltaSum: Floats = new Float32Array(0);
  /** [row][neuron of the block] */
  readoutGradient: Floats = new Float32Array(0);
  /** [output neuron] */
  errorSum: Floats = new Float32Array(0);

  /** Index of the first of a block's 128 neurons in `value`, `slope` and `delta`. */
  at(block: number, sample: number): number {
    return (block * this.samples + sample) * NEURONS_PER_BLOCK;
  }

  /** Starts a step: clears all values, expected values and skips. */
  begin(model: NetworkModel, samples: number): void {
    this.samples = samples;
    this.learning = 0;
    this.outputStride = count(model.state, "output");
    const outputs = samples * this.outputStride;
    this.output = atLeast(this.output, outputs);
    this.error = atLeast(this.error, outputs);
    this.expected = atLeast(this.expected, outputs);
    this.expected.fill(NaN, 0, outputs);
    if (this.skipped.length < samples) this.skipped = new Uint8Array(samples);
    this.skipped.fill(0);
    this.#coveredBlocks = 0;
    this.coverBlocks(model);
  }

  /** Makes room for blocks added since the last call, with zeroed values; keeps the values of older blocks. */
  coverBlocks({ state }: NetworkModel): void {
    const blocks = count(state, "block");
    this.value = atLeast(this.value, this.at(blocks, 0));
    this.slope = atLeast(this.slope, this.at(blocks, 0));
    this.value.fill(0, this.at(this.#coveredBlocks, 0), this.at(blocks, 0));
    this.slope.fill(0, this.at(this.#coveredBlocks, 0), this.at(blocks, 0));
    this.#coveredBlocks = blocks;
  }

  /** Makes room for the backward half of the step, in which nothing grows. */
  beginBackward({ state }: NetworkModel): void {
    const sections = count(state, "section");
    this.delta = atLeast(this.delta, this.at(count(state, "block"), 0));
    this.delta.fill(0, 0, this.at(count(state, "block"), 0));
    this.deltaSum = atLeast(this.deltaSum, count(state, "block") * NEURONS_PER_BLOCK);
    this.gradient = atLeast(this.gradient, sections * SYNAPSES_PER_SECTION);
    this.activationSum = atLeast(this.activationSum, sections * 4);
    this.readoutGradient = atLeast(this.readoutGradient, count(state, "row") * NEURONS_PER_BLOCK);
    this.errorSum = atLeast(this.errorSum, this.outputStride);
    if (this.touched.length < sections) this.touched = new Uint8Array(state.capacity.section);
    this.touched.fill(0);
  }
}

/** Returns the array, or a larger copy. */
function atLeast(array: Floats, length: number): Floats {
  if (array.length >= length) return array;
  const larger = new Float32Array(Math.max(length, array.length * 2));
  larger.set(array);
  return larger;
}
