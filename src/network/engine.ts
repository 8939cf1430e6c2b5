import type { NetworkModel } from "./network-model.ts";
import type { RequestRun, UpdateRule } from "./run.ts";
import type { Memory } from "./state.ts";

/** A training as kernels take it: with a rate for each step, and for each output neuron what it should show. */
export interface PreparedRun extends RequestRun {
  /** Cycles of a step; only the last one may be shorter. */
  batchSize: number;
  update: UpdateRule;
  /** Rate of each step, without the root of the samples that count. */
  rates: Float32Array;
  /** [cycle][output neuron]; NaN = no opinion. */
  expected: Float32Array;
  /** [cycle]: 1 = teaches nothing. */
  muted: Uint8Array;
}

/**
 * What computes networks. The reference is one, plain and slow; fast ones keep the states where their kernels are.
 * Networks of one engine are computed one after the other, and none reaches another's state. Calls throw StateError for
 * a state that leads out of what it holds (see `checkBounds`), and change nothing then.
 */
export interface Engine {
  /** Where the state of a new network of this engine lives. */
  memoryFor(): Memory;
  /** The network grows and learns; widths are right already. */
  train(model: NetworkModel, run: PreparedRun): void;
  /** What the output neurons show, [cycle][output neuron]; valid until the next call, and while the network is held. */
  request(model: NetworkModel, run: RequestRun): Float32Array;
  /** Carries out `work` on the network's state, whose arrays stay where they are whatever others do at yield points. */
  hold<T>(model: NetworkModel, work: () => T): T;
  /** Things were taken out of a network's state: what the engine knows of it beside its bytes is out of date. */
  forget(model: NetworkModel): void;
  /** Gives the memory of a network's state back. The network must not be used afterwards. */
  release(model: NetworkModel): void;
}

/** The kernels stopped in the middle of a network, which is half-changed; the others are as they were. */
export class KernelError extends Error {
  override name = "KernelError";
}
