import { totalmem } from "node:os";
import { besideFewer, GpuMemoryError, type Gpu } from "../../kernels/webgpu/device.ts";
import { GpuNetwork, type OnGpu } from "../../kernels/webgpu/gpu-network.ts";
import { Kernels } from "../../kernels/webgpu/kernels.ts";
import type { RequestRun, TablePart, TrainRun } from "../../network/run.ts";
import { parseTemplate } from "../../network/template/parse-template.ts";
import { BudgetFullError } from "../../network/memory-full-error.ts";
import { AttachedNetworks, infoOf, reportOf } from "../attached-networks.ts";
import { HostError } from "../host-errors.ts";
import type { HostStatus, NetworkInfo, RequestReport, TrainReport } from "../host.ts";
import { LoadMeter } from "../load-meter.ts";
import { attachFailure, noRoom, runFailure } from "../network-failure.ts";
import type { AsyncHostService } from "../protocol.ts";

/** Maximum share of the free memory for a task's table. */
const TABLE_SHARE = 1 / 4;

/**
 * The networks on one device. Calls use the device one after the other; `status` never waits.
 * WebGPU does not report a device's memory. If it is unknown, the store reports one buffer of the maximum size as free,
 * however much is used, and leaves the decision to the device.
 */
export class GpuStore implements AsyncHostService {
  readonly #gpu: Gpu;
  /** Memory budget of the networks; Infinity if the device's memory is unknown. */
  readonly #budget: number;
  readonly #giveUp: (reason: string) => void;
  readonly #kernels: Kernels;
  readonly #networks = new AttachedNetworks<GpuNetwork>();
  readonly #load = new LoadMeter();
  #last: Promise<unknown> = Promise.resolve();

  /** Calls `giveUp` when the device runs out of memory during a network's work: the network is unusable afterwards. */
  constructor(options: { gpu: Gpu; memoryBytes: number | null; giveUp: (reason: string) => void }) {
    const { gpu, memoryBytes, giveUp } = options;
    this.#gpu = gpu;
    this.#budget = memoryBytes ?? (gpu.identity.isSoftware ? totalmem() : Infinity);
    this.#giveUp = giveUp;
    this.#kernels = new Kernels(gpu);
  }

  status(): HostStatus {
    const used = this.#used;
    const { idleBytes } = this.#networks;
    const isKnown = this.#budget < Infinity;
    return {
      clusters: this.#networks.size,
      memoryBytesTotal: isKnown ? this.#budget : used + this.#gpu.maxBufferBytes,
      memoryBytesFree: isKnown ? Math.max(0, this.#budget - used + idleBytes) : this.#gpu.maxBufferBytes,
      load: this.#load.read(),
    };
  }

  takeLeft(): string[] {
    return this.#networks.takeLeft();
  }

  create(cluster: string, { template, seed }: { template: string; seed: number }): Promise<NetworkInfo> {
    return this.#put(cluster, (on) => GpuNetwork.create(on, parseTemplate(template), seed));
  }

  attach(cluster: string, state: Uint8Array): Promise<NetworkInfo> {
    return this.#put(cluster, (on) => GpuNetwork.adopt(on, state));
  }

  exportState(cluster: string): Promise<Uint8Array> {
    return this.#inTurn(() => this.#using(cluster, (network) => network.export()));
  }

  setEncoders(cluster: string, text: string): Promise<void> {
    return this.#inTurn(async () => {
      this.#networks.markBusy(cluster);
      this.#networks.get(cluster).encoders = text;
    });
  }

  detach(cluster: string): Promise<void> {
    return this.#inTurn(async () => this.#networks.drop(cluster));
  }

  async markIdle(cluster: string): Promise<void> {
    await this.#inTurn(async () => this.#networks.markIdle(cluster));
  }

  markBusy(cluster: string): Promise<boolean> {
    return this.#inTurn(async () => {
      this.#networks.markBusy(cluster);
      return this.#networks.find(cluster) !== undefined;
    });
  }

  train(cluster: string, run: TrainRun): Promise<TrainReport> {
    return this.#compute(cluster, async (network, start) => {
      this.#networks.markBusy(cluster);
      await network.train(run);
      if (!this.#makeRoom()) throw this.#noRoom(cluster, this.#used);
      const figures = await network.figures();
      return { figures, scores: network.takeScores(), elapsedMs: this.#worked(start) };
    });
  }

  keepTable(cluster: string, part: TablePart): Promise<boolean> {
    return this.#compute(cluster, async (network) => {
      this.#networks.markBusy(cluster);
      // The old table must be gone before the free memory is read.
      if (part.first === 0) network.dropTable();
      const isKept = await network.keepTable(part, this.status().memoryBytesFree * TABLE_SHARE);
      if (!this.#makeRoom()) throw this.#noRoom(cluster, this.#used);
      return isKept;
    });
  }

  dropTable(cluster: string): Promise<void> {
    return this.#inTurn(async () => this.#networks.find(cluster)?.dropTable());
  }

  request(cluster: string, run: RequestRun): Promise<RequestReport> {
    return this.#compute(cluster, async (_, start) => {
      const report = await this.#using(cluster, async (network) => {
        const values = await this.#answer(cluster, network, run);
        return reportOf(network, values, this.#worked(start));
      });
      if (report.remembers) this.#networks.markBusy(cluster);
      return report;
    });
  }

  /**
   * Answers. When a copy of the network would not fit even beside no other, the answer lacks the samples that wait; if
   * others are in its way, the call fails with `crowded`.
   */
  async #answer(cluster: string, network: GpuNetwork, run: RequestRun): Promise<Float32Array<ArrayBuffer>[]> {
    if (!network.isDue(run)) return network.request(run);
    try {
      if (!this.#makeRoom(network.bytesTaken)) throw new BudgetFullError("there is no room for a copy");
      return await network.request(run);
    } catch (error) {
      if (!(error instanceof BudgetFullError) || this.#networks.hasOthers(cluster)) throw error;
      return network.request(run, { isPlain: true });
    }
  }

  /** Runs work for which the network stays, even if it is idle; then it is the last to leave. */
  async #using<T>(cluster: string, work: (network: GpuNetwork) => Promise<T>): Promise<T> {
    const network = this.#networks.get(cluster);
    const wasIdle = this.#networks.markBusy(cluster);
    try {
      return await work(network);
    } finally {
      if (wasIdle) this.#networks.markIdle(cluster);
    }
  }

  #compute<T>(cluster: string, work: (network: GpuNetwork, start: number) => Promise<T>): Promise<T> {
    return this.#inTurn(async () => {
      const network = this.#networks.get(cluster);
      return work(network, performance.now()).catch((error: unknown) => {
        throw runFailure(error, { cluster, hasOthers: this.#networks.hasOthers(cluster) });
      });
    });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work).catch((error: unknown) => {
      if (error instanceof GpuMemoryError) this.#giveUp(error.message);
      throw error;
    });
    this.#last = result.catch(() => undefined);
    return result;
  }

  #put(cluster: string, make: (on: OnGpu) => Promise<GpuNetwork>): Promise<NetworkInfo> {
    return this.#inTurn(async () => {
      const network = await this.#made(make).catch((error: unknown) => {
        // A network that does not fit leaves the device unchanged.
        const hasOthers = this.#networks.hasOthers(cluster);
        throw error instanceof GpuMemoryError
          ? new HostError(hasOthers ? "crowded" : "room", error.message)
          : attachFailure(error, { hasOthers });
      });
      const own = this.#networks.find(cluster)?.bytesTaken ?? 0;
      if (!this.#makeRoom(network.bytesTaken - own)) {
        const needed = this.#used + network.bytesTaken - own;
        network.dispose();
        throw this.#noRoom(cluster, needed);
      }
      this.#networks.put(cluster, network);
      return infoOf(network, await network.figures());
    });
  }

  /** Makes a network; idle ones leave while the device has no memory for it. */
  #made(make: (on: OnGpu) => Promise<GpuNetwork>): Promise<GpuNetwork> {
    const dropIdle = () => this.#networks.dropIdle();
    return besideFewer(() => make({ gpu: this.#gpu, kernels: this.#kernels, dropIdle }), dropIdle);
  }

  /** Drops idle networks until `added` more bytes fit the budget. False, and drops none, when they would never fit. */
  #makeRoom(added = 0): boolean {
    if (this.#used - this.#networks.idleBytes + added > this.#budget) return false;
    while (this.#used + added > this.#budget) if (!this.#networks.dropIdle()) return false;
    return true;
  }

  /** Memory of all networks on the device, in bytes. */
  get #used(): number {
    let used = 0;
    for (const network of this.#networks.all()) used += network.bytesTaken;
    return used;
  }

  #noRoom(cluster: string, needed: number): HostError {
    const kind = this.#networks.hasOthers(cluster) ? "crowded" : "room";
    return noRoom(`its clusters may take ${this.#budget} bytes of memory and would take ${needed}`, kind);
  }

  #worked(start: number): number {
    const elapsedMs = performance.now() - start;
    this.#load.worked(elapsedMs);
    return elapsedMs;
  }
}
