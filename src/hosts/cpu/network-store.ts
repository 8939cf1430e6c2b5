import { type Engine, KernelError } from "../../network/engine.ts";
import { MemoryFullError } from "../../network/memory-full-error.ts";
import { Network } from "../../network/network.ts";
import { StateError } from "../../network/state-error.ts";
import { updateRule } from "../../network/batch-size.ts";
import { parseTemplate } from "../../network/template/parse-template.ts";
import { startStopwatch } from "../../network/yield-point.ts";
import { HostError } from "../host-errors.ts";
import type { HostStatus, NetworkInfo, RequestReport, RequestSlice, TrainReport, TrainSlice } from "../host.ts";
import { LoadMeter } from "../load-meter.ts";
import type { HostService } from "../protocol.ts";
import { sliceColumns } from "../slice-columns.ts";

/** An engine that knows how much its networks may take. */
type BudgetedEngine = Engine & { readonly budget: { readonly bytesMax: number; readonly free: number } };

/** The networks that live in this thread. A call for which their memory does not suffice fails with `room`. */
export class NetworkStore implements HostService {
  readonly #networks = new Map<string, Network>();
  readonly #load = new LoadMeter();
  readonly #engine: BudgetedEngine;
  /** Since when this thread has been computing; what was before is counted already. */
  #busySince = 0;
  /** Slices under way, one in the middle of the other. */
  #slices = 0;

  constructor(engine: BudgetedEngine) {
    this.#engine = engine;
  }

  status(): HostStatus {
    return {
      clusters: this.#networks.size,
      memoryBytesTotal: this.#engine.budget.bytesMax,
      memoryBytesFree: this.#engine.budget.free,
      load: this.#load.read(),
    };
  }

  create(cluster: string, { template, seed }: { template: string; seed: number }): NetworkInfo {
    const network = withRoom(() => Network.create(parseTemplate(template), seed, this.#engine));
    this.#replace(cluster, network);
    return describe(network);
  }

  attach(cluster: string, state: Uint8Array): NetworkInfo {
    let network: Network;
    try {
      network = withRoom(() => Network.adopt(state, this.#engine));
    } catch (error) {
      if (error instanceof StateError) throw new HostError("state", error.message);
      throw error;
    }
    this.#replace(cluster, network);
    return describe(network);
  }

  exportState(cluster: string): Uint8Array {
    return this.#network(cluster).export();
  }

  detach(cluster: string): void {
    this.#networks.get(cluster)?.dispose();
    this.#networks.delete(cluster);
  }

  train(cluster: string, slice: TrainSlice): TrainReport {
    const network = this.#network(cluster);
    const { cycles, timeLength, batchSize, schedule, learningRate } = slice;
    const inputs = sliceColumns(slice.inputs, cycles, timeLength);
    const expected = sliceColumns(slice.expected, cycles, 1);
    const rate = schedule === null ? "direct" : { first: schedule.firstCycle, horizon: schedule.horizon };
    const update = updateRule(batchSize);
    const base = learningRate === undefined ? {} : { learningRate };
    const batch = { count: cycles, step: batchSize, inputs, expected, update, rate, ...base } as const;
    const { value: figures, elapsedMs } = this.#work(() => {
      computing(cluster, () => network.train(batch));
      return network.figures();
    });
    return { figures, elapsedMs };
  }

  request(cluster: string, slice: RequestSlice): RequestReport {
    const network = this.#network(cluster);
    const { cycles, timeLength } = slice;
    const inputs = sliceColumns(slice.inputs, cycles, timeLength);
    const { value: values, elapsedMs } = this.#work(() =>
      computing(cluster, () => network.request({ count: cycles, inputs })),
    );
    const outputs = network.outputs.map(({ name, width }, index) => ({ name, width, values: values[index]! }));
    return { outputs, remembers: network.remembers, elapsedMs };
  }

  #replace(cluster: string, network: Network): void {
    this.detach(cluster);
    this.#networks.set(cluster, network);
  }

  #network(cluster: string): Network {
    const network = this.#networks.get(cluster);
    if (network === undefined) throw new HostError("unknown_cluster", `no network is attached under ${cluster}`);
    return network;
  }

  /** Computes a slice. What it took is without the calls that came in the middle of it. */
  #work<T>(slice: () => T): { value: T; elapsedMs: number } {
    const elapsed = startStopwatch();
    if (this.#slices === 0) this.#busySince = performance.now();
    this.#slices += 1;
    try {
      const value = slice();
      return { value, elapsedMs: elapsed() };
    } finally {
      this.#slices -= 1;
      const now = performance.now();
      this.#load.worked(now - this.#busySince);
      this.#busySince = now;
    }
  }
}

function withRoom<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof MemoryFullError)) throw error;
    throw new HostError("room", `The host has no room for this network: ${error.message}`);
  }
}

/** The same for what kernels refuse, or stop at: the host goes on with the others. */
function computing<T>(cluster: string, work: () => T): T {
  try {
    return withRoom(work);
  } catch (error) {
    if (!(error instanceof StateError || error instanceof KernelError)) throw error;
    throw new HostError("state", `The network of cluster '${cluster}' cannot be computed: ${error.message}`);
  }
}

function describe(network: Network): NetworkInfo {
  return {
    template: network.template.text,
    seed: network.seed,
    remembers: network.remembers,
    figures: network.figures(),
  };
}
