import type { NetworkModel } from "../../network/network-model.ts";
import type { Engine, PreparedRun } from "../../network/engine.ts";
import type { RunScores } from "../../network/run-scores.ts";
import { scoredOutputs } from "../../network/scored-outputs.ts";
import { score } from "./score.ts";
import { Scratch } from "./scratch.ts";
import type { RequestRun } from "../../network/run.ts";
import { heap, releaseState, usedBytes, type Memory } from "../../network/state.ts";
import { requestStep, trainStep } from "./step.ts";
import { checkBounds } from "../check-bounds.ts";
import { unpack } from "./unpack.ts";

/** Samples that a request computes at once; bounds the scratch memory. */
const REQUEST_SAMPLES = 64;

/** Computes with the reference kernels, which specify all other kernels. */
export class ReferenceEngine implements Engine {
  readonly #scratch = new Scratch();

  memoryFor(): Memory {
    return heap;
  }

  train(model: NetworkModel, run: PreparedRun, scores: RunScores): void {
    const { cycles, batchSize, expected, muted, update, rates, weightDecay } = run;
    checkBounds(model);
    const outputs = scoredOutputs(model);
    for (let first = 0, nth = 0; first < cycles; first += batchSize, nth++) {
      const samples = Math.min(batchSize, cycles - first);
      this.#begin(model, run, first, samples);
      const { outputStride } = this.#scratch;
      this.#scratch.expected.set(expected.subarray(first * outputStride, (first + samples) * outputStride));
      this.#scratch.skipped.set(muted.subarray(first, first + samples));
      trainStep(model, this.#scratch, { update, rate: rates[nth]!, weightDecay });
      const end = samples * outputStride;
      const [shown, wanted] = [this.#scratch.output.subarray(0, end), this.#scratch.expected.subarray(0, end)];
      const rows = { rows: samples, shown, expected: wanted, muted: muted.subarray(first, first + samples) };
      for (const [index, output] of outputs.entries()) score(output, scores.outputs[index]!, rows);
      scores.samples += samples;
      scores.skipped += samples - this.#scratch.learning;
    }
  }

  request(model: NetworkModel, run: RequestRun): Float32Array {
    const { cycles } = run;
    checkBounds(model);
    // One sample at a time, so that values carry over identically for any number of samples per call.
    const step = model.hasMemory || model.hasBackEdges ? 1 : REQUEST_SAMPLES;
    let shown = new Float32Array(0);
    for (let first = 0; first < cycles; first += step) {
      const samples = Math.min(step, cycles - first);
      this.#begin(model, run, first, samples);
      requestStep(model, this.#scratch);
      const { output, outputStride } = this.#scratch;
      if (first === 0) shown = new Float32Array(cycles * outputStride);
      shown.set(output.subarray(0, samples * outputStride), first * outputStride);
    }
    return shown;
  }

  hold<T>(_: NetworkModel, work: () => T): T {
    return work();
  }

  forget(): void {}

  bytesOf({ state }: NetworkModel): number {
    return usedBytes(state);
  }

  release({ state }: NetworkModel): void {
    releaseState(state);
  }

  #begin(model: NetworkModel, { timeLength, inputs }: RequestRun, first: number, samples: number): void {
    this.#scratch.begin(model, samples);
    for (const { index, values, width } of inputs)
      unpack(model, this.#scratch, index, values.subarray(first * width), width * timeLength, width);
  }
}
