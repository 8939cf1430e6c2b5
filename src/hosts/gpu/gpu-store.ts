import { totalmem } from "node:os";
import { GpuMemoryError, type Gpu } from "../../kernels/webgpu/device.ts";
import { GpuNetwork } from "../../kernels/webgpu/gpu-network.ts";
import { Kernels } from "../../kernels/webgpu/kernels.ts";
import type { RequestRun } from "../../kernels/webgpu/run-rows.ts";
import { TableError } from "../../kernels/webgpu/table.ts";
import { updateRule } from "../../network/batch-size.ts";
import { MemoryFullError } from "../../network/memory-full-error.ts";
import { StateError } from "../../network/state-error.ts";
import { parseTemplate } from "../../network/template/parse-template.ts";
import { HostError } from "../host-errors.ts";
import type {
  HostStatus,
  NetworkInfo,
  RequestReport,
  RequestSlice,
  TablePart,
  TrainReport,
  TrainSlice,
} from "../host.ts";
import { LoadMeter } from "../load-meter.ts";
import type { AsyncHostService } from "../protocol.ts";

/** What a task's table may take of the memory that is free. */
const TABLE_SHARE = 1 / 4;

/**
 * The networks that live on one device. One call after the other has the device; `status` never waits.
 * WebGPU does not tell how much memory a device has: where nobody else does, what is free is taken to be one more buffer
 * of the largest size, however much is used, and the device itself decides.
 */
export class GpuStore implements AsyncHostService {
  readonly #gpu: Gpu;
  /** What networks may take; Infinity where nobody tells how much there is. */
  readonly #budget: number;
  readonly #giveUp: (reason: string) => void;
  readonly #kernels: Kernels;
  readonly #networks = new Map<string, GpuNetwork>();
  readonly #load = new LoadMeter();
  #last: Promise<unknown> = Promise.resolve();

  /** `giveUp` is called when the device fell short in the middle of a network's work, which is of no use afterwards. */
  constructor(options: { gpu: Gpu; memoryBytes: number | null; giveUp: (reason: string) => void }) {
    const { gpu, memoryBytes, giveUp } = options;
    this.#gpu = gpu;
    this.#budget = memoryBytes ?? (gpu.identity.isSoftware ? totalmem() : Infinity);
    this.#giveUp = giveUp;
    this.#kernels = new Kernels(gpu);
  }

  status(): HostStatus {
    const used = this.#used;
    const isKnown = this.#budget < Infinity;
    return {
      clusters: this.#networks.size,
      memoryBytesTotal: isKnown ? this.#budget : used + this.#gpu.maxBufferBytes,
      memoryBytesFree: isKnown ? Math.max(0, this.#budget - used) : this.#gpu.maxBufferBytes,
      load: this.#load.read(),
    };
  }

  create(cluster: string, { template, seed }: { template: string; seed: number }): Promise<NetworkInfo> {
    return this.#inTurn(async () => {
      const on = { gpu: this.#gpu, kernels: this.#kernels };
      return this.#keep(cluster, await placed(GpuNetwork.create(on, parseTemplate(template), seed)));
    });
  }

  attach(cluster: string, state: Uint8Array): Promise<NetworkInfo> {
    return this.#inTurn(async () => {
      const on = { gpu: this.#gpu, kernels: this.#kernels };
      return this.#keep(cluster, await placed(GpuNetwork.adopt(on, state)));
    });
  }

  exportState(cluster: string): Promise<Uint8Array> {
    return this.#inTurn(() => this.#network(cluster).export());
  }

  detach(cluster: string): Promise<void> {
    return this.#inTurn(async () => {
      this.#networks.get(cluster)?.destroy();
      this.#networks.delete(cluster);
    });
  }

  train(cluster: string, slice: TrainSlice): Promise<TrainReport> {
    return this.#inTurn(async () => {
      const network = this.#network(cluster);
      const start = performance.now();
      const { expected, batchSize, schedule, learningRate, table } = slice;
      const rule = {
        batchSize,
        update: updateRule(batchSize),
        rateAt: (cycle: number) =>
          schedule === null ? ("direct" as const) : 1 - (schedule.firstCycle + cycle) / schedule.horizon,
        ...(schedule === null ? {} : { horizon: schedule.horizon }),
        ...(learningRate === undefined ? {} : { learningRate }),
      };
      if (table === undefined) await asInput(network.train({ ...columnsOf(slice), expected, ...rule }));
      else await asInput(network.trainTable({ ...table, ...rule }));
      if (this.#used > this.#budget) throw this.#noRoom(this.#used);
      const figures = await network.figures();
      return { figures, elapsedMs: this.#worked(start) };
    });
  }

  holdTable(cluster: string, part: TablePart): Promise<boolean> {
    return this.#inTurn(async () => {
      const network = this.#network(cluster);
      // A table that is there goes first.
      if (part.first === 0) network.release();
      return asInput(network.hold(part, this.status().memoryBytesFree * TABLE_SHARE));
    });
  }

  dropTable(cluster: string): Promise<void> {
    return this.#inTurn(async () => this.#networks.get(cluster)?.release());
  }

  request(cluster: string, slice: RequestSlice): Promise<RequestReport> {
    return this.#inTurn(async () => {
      const network = this.#network(cluster);
      const start = performance.now();
      const values = await asInput(network.request(columnsOf(slice)));
      const outputs = network.outputs.map(({ name, width }, index) => ({ name, width, values: values[index]! }));
      return { outputs, remembers: network.remembers, elapsedMs: this.#worked(start) };
    });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work).catch((error: unknown) => {
      if (error instanceof GpuMemoryError) this.#giveUp(error.message);
      if (error instanceof MemoryFullError) throw new HostError("room", roomText(error.message));
      throw error;
    });
    this.#last = result.catch(() => undefined);
    return result;
  }

  async #keep(cluster: string, network: GpuNetwork): Promise<NetworkInfo> {
    const needed = this.#used - (this.#networks.get(cluster)?.deviceBytes ?? 0) + network.deviceBytes;
    if (needed > this.#budget) {
      network.destroy();
      throw this.#noRoom(needed);
    }
    this.#networks.get(cluster)?.destroy();
    this.#networks.set(cluster, network);
    return {
      template: network.template.text,
      seed: network.seed,
      remembers: network.remembers,
      figures: await network.figures(),
    };
  }

  /** What the networks take on the device. */
  get #used(): number {
    let used = 0;
    for (const network of this.#networks.values()) used += network.deviceBytes;
    return used;
  }

  #noRoom(needed: number): HostError {
    const budget = `its clusters may take ${this.#budget} bytes of memory and would take ${needed}`;
    return new HostError("room", roomText(budget));
  }

  #network(cluster: string): GpuNetwork {
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

const roomText = (reason: string) => `The host has no room for this network: ${reason}`;

const columnsOf = ({ cycles, timeLength, inputs }: RequestSlice): RequestRun => ({ cycles, timeLength, inputs });

/** Bytes that are no network, and a network that does not fit, leave the device as it was. */
async function placed(work: Promise<GpuNetwork>): Promise<GpuNetwork> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof StateError) throw new HostError("state", error.message);
    if (error instanceof GpuMemoryError) throw new HostError("room", error.message);
    throw error;
  }
}

/** A run that does not fit is the caller's mistake, not a defect. */
async function asInput<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof RangeError) throw new HostError("input", error.message);
    if (error instanceof TableError) throw new HostError("table", error.message);
    throw error;
  }
}
