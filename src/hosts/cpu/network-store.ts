import { freemem, totalmem } from "node:os";
import { Network, StateError } from "../../network/network.ts";
import { parseTemplate } from "../../network/template/parse-template.ts";
import { HostError } from "../host-errors.ts";
import type { HostStatus, NetworkInfo, RequestReport, RequestSlice, TrainReport, TrainSlice } from "../host.ts";
import { LoadMeter } from "../load-meter.ts";
import type { HostService } from "../protocol.ts";
import { sliceSteps } from "../slice-steps.ts";

/** Tasks with at least this many samples per step learn by the batch rule. */
const BATCH_RULE_MIN = 16;
/** Bounds what one forward step holds in memory. */
const REQUEST_STEP_CYCLES = 64;
const REQUEST_STEP_VALUES = 4 * 1024 * 1024;

/** The networks that live in this thread. */
export class NetworkStore implements HostService {
  readonly #networks = new Map<string, Network>();
  readonly #load = new LoadMeter();

  status(): HostStatus {
    return {
      clusters: this.#networks.size,
      memoryBytesTotal: totalmem(),
      memoryBytesFree: freemem(),
      load: this.#load.read(),
    };
  }

  create(cluster: string, { template, seed }: { template: string; seed: number }): NetworkInfo {
    const network = Network.create(parseTemplate(template), seed);
    this.#networks.set(cluster, network);
    return describe(network);
  }

  attach(cluster: string, state: Uint8Array): NetworkInfo {
    let network: Network;
    try {
      network = Network.restore(state);
    } catch (error) {
      if (error instanceof StateError) throw new HostError("state", error.message);
      throw error;
    }
    this.#networks.set(cluster, network);
    return describe(network);
  }

  exportState(cluster: string): Uint8Array {
    return this.#network(cluster).export();
  }

  detach(cluster: string): void {
    this.#networks.delete(cluster);
  }

  train(cluster: string, slice: TrainSlice): TrainReport {
    const network = this.#network(cluster);
    const start = performance.now();
    const { batchSize, schedule, learningRate } = slice;
    for (const { index, width } of slice.inputs) network.ensureInputWidth(index, width * slice.timeLength);
    for (const { index, width } of slice.expected) network.ensureOutputWidth(index, width);
    for (const step of sliceSteps(slice, batchSize)) {
      network.train({
        count: step.count,
        inputs: step.inputs,
        expected: step.expected,
        update: batchSize >= BATCH_RULE_MIN ? "batch" : "online",
        rate: schedule === null ? "direct" : 1 - (schedule.firstCycle + step.firstCycle) / schedule.horizon,
        ...(learningRate === undefined ? {} : { learningRate }),
      });
    }
    return { metrics: network.metrics(), elapsedMs: this.#worked(start) };
  }

  request(cluster: string, slice: RequestSlice): RequestReport {
    const network = this.#network(cluster);
    const start = performance.now();
    const outputs = network.outputs.map(({ name, width }) => ({
      name,
      width,
      values: new Float32Array(slice.cycles * width),
    }));
    for (const step of sliceSteps(slice, requestStepCycles(slice))) {
      const values = network.request({ count: step.count, inputs: step.inputs });
      for (const [index, output] of outputs.entries()) {
        output.values.set(values[index] as Float32Array, step.firstCycle * output.width);
      }
    }
    return { outputs, remembers: network.remembers, elapsedMs: this.#worked(start) };
  }

  #network(cluster: string): Network {
    const network = this.#networks.get(cluster);
    if (network === undefined) throw new HostError("unknown_cluster", `no network is attached under ${cluster}`);
    return network;
  }

  #worked(start: number): number {
    const elapsedMs = performance.now() - start;
    this.#load.worked(elapsedMs);
    return elapsedMs;
  }
}

function describe(network: Network): NetworkInfo {
  return { template: network.template.text, metrics: network.metrics() };
}

function requestStepCycles(slice: RequestSlice): number {
  const values = slice.inputs.reduce((sum, { width }) => sum + width * slice.timeLength, 1);
  return Math.max(1, Math.min(REQUEST_STEP_CYCLES, Math.floor(REQUEST_STEP_VALUES / values)));
}
