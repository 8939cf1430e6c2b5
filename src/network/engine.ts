import type { NetworkModel } from "./network-model.ts";
import type { RunScores } from "./run-scores.ts";
import type { RequestRun, UpdateRule } from "./run.ts";
import type { Memory } from "./state.ts";

/** A training run in the form that kernels take: a rate per step, and expected values per output neuron. */
export interface PreparedRun extends RequestRun {
  /** Cycles per step; only the last step may be shorter. */
  batchSize: number;
  update: UpdateRule;
  /** Learning rate of each step, before the factor for the samples that are not skipped. */
  rates: Float32Array;
  /** Weight decay of the batch rule; `WEIGHT_DECAY` by default. */
  weightDecay?: number;
  /** [cycle][output neuron]; NaN = no expected value. */
  expected: Float32Array;
  /** [cycle]: 1 = nothing is learned from it. */
  muted: Uint8Array;
}

/**
 * Computes networks. The reference engine is plain and slow; fast engines keep the states in the memory of their
 * kernels. An engine computes its networks one at a time, and no network reaches another's state. Calls throw
 * StateError, and change nothing, if an index in the state is out of bounds (see `checkBounds`).
 */
export interface Engine {
  /** The memory for the state of a new network. */
  memoryFor(): Memory;
  /**
   * Trains and grows the network. Inputs and outputs must be wide enough already. Adds how good the answers were to
   * `scores`.
   */
  train(model: NetworkModel, run: PreparedRun, scores: RunScores): void;
  /** The values of the output neurons, [cycle][output neuron]; valid until the next call, while the network is held. */
  request(model: NetworkModel, run: RequestRun): Float32Array;
  /** Runs `work` while the arrays of the network's state stay in place, even if yield points serve other networks. */
  hold<T>(model: NetworkModel, work: () => T): T;
  /** Invalidates everything that the engine has derived from the state, after sections were removed from it. */
  forget(model: NetworkModel): void;
  /** The memory that a network's state takes, in bytes. */
  bytesOf(model: NetworkModel): number;
  /** Releases the memory of a network's state. The network must not be used afterwards. */
  release(model: NetworkModel): void;
}

/** The kernels failed while computing a network and left it half-changed. Other networks are unaffected. */
export class KernelError extends Error {
  override name = "KernelError";
}
