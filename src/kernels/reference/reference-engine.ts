import type { NetworkModel } from "../../network/network-model.ts";
import type { Engine, RequestRun, Rows, TrainRun } from "../../network/engine.ts";
import { Scratch } from "./scratch.ts";
import { heap, releaseState, type Memory } from "../../network/state.ts";
import { requestStep, trainStep } from "./step.ts";
import { checkBounds } from "../check-bounds.ts";
import { unpack } from "./unpack.ts";

/** Samples that a request computes at once: bounds the scratch. */
const REQUEST_SAMPLES = 64;

/** Computes with the reference kernels, the specification of all others. */
export class ReferenceEngine implements Engine {
  readonly #scratch = new Scratch();

  memoryFor(): Memory {
    return heap;
  }

  train(model: NetworkModel, { count, step, inputs, expected, muted, update, rates }: TrainRun): void {
    checkBounds(model);
    for (let first = 0, nth = 0; first < count; first += step, nth++) {
      const samples = Math.min(step, count - first);
      this.#begin(model, inputs, first, samples);
      const { outputStride } = this.#scratch;
      this.#scratch.expected.set(expected.subarray(first * outputStride, (first + samples) * outputStride));
      this.#scratch.skipped.set(muted.subarray(first, first + samples));
      trainStep(model, this.#scratch, { update, rate: rates[nth]! });
    }
  }

  request(model: NetworkModel, { count, inputs }: RequestRun): Float32Array {
    checkBounds(model);
    // One by one, values carry over the same way however many samples a call has.
    const step = model.hasMemory || model.hasBackEdges ? 1 : REQUEST_SAMPLES;
    let shown = new Float32Array(0);
    for (let first = 0; first < count; first += step) {
      const samples = Math.min(step, count - first);
      this.#begin(model, inputs, first, samples);
      requestStep(model, this.#scratch);
      const { output, outputStride } = this.#scratch;
      if (first === 0) shown = new Float32Array(count * outputStride);
      shown.set(output.subarray(0, samples * outputStride), first * outputStride);
    }
    return shown;
  }

  hold<T>(_: NetworkModel, work: () => T): T {
    return work();
  }

  forget(): void {}

  release({ state }: NetworkModel): void {
    releaseState(state);
  }

  #begin(model: NetworkModel, inputs: Rows[], first: number, samples: number): void {
    this.#scratch.begin(model, samples);
    for (const { index, values, width, stride } of inputs)
      unpack(model, this.#scratch, index, values.subarray(first * stride), width, stride);
  }
}
