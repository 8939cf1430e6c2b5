import type { Engine } from "../../network/engine.ts";
import { Network } from "../../network/network.ts";
import type { RequestRun, TrainRun } from "../../network/run.ts";
import { shortageText } from "../../network/memory-full-error.ts";
import { parseTemplate } from "../../network/template/parse-template.ts";
import { startStopwatch } from "../../network/yield-point.ts";
import { AttachedNetworks, infoOf, reportOf } from "../attached-networks.ts";
import { type HostError, isOfKind } from "../host-errors.ts";
import type { HostStatus, NetworkInfo, RequestReport, TrainReport } from "../host.ts";
import type { MemoryBudget } from "../../kernels/wasm/memory-budget.ts";
import { LoadMeter } from "../load-meter.ts";
import { attachFailure, noRoom, runFailure } from "../network-failure.ts";
import type { HostService } from "../protocol.ts";

/** An engine with a memory budget for its networks. */
type BudgetedEngine = Engine & { readonly budget: MemoryBudget };

/**
 * The networks of this thread. When their memory budget is used up, idle ones leave, also in the middle of another
 * network's growth. Then a call that needs more fails with `room` or `crowded`.
 */
export class NetworkStore implements HostService {
  readonly #networks = new AttachedNetworks<Network>();
  readonly #load = new LoadMeter();
  readonly #engine: BudgetedEngine;
  /** Start of the work that the load meter has not counted yet. */
  #busySince = 0;
  /** Number of nested runs: a run may start at a yield point of another one. */
  #runs = 0;

  constructor(engine: BudgetedEngine) {
    this.#engine = engine;
    engine.budget.onShortage = (bytes) => this.#makeRoom(bytes);
  }

  status(): HostStatus {
    return {
      clusters: this.#networks.size,
      memoryBytesTotal: this.#engine.budget.bytesMax,
      memoryBytesFree: this.#freeBytes,
      load: this.#load.read(),
    };
  }

  takeLeft(): string[] {
    return this.#networks.takeLeft();
  }

  create(cluster: string, { template, seed }: { template: string; seed: number }): NetworkInfo {
    return this.#put(cluster, () => Network.create(parseTemplate(template), seed, this.#engine));
  }

  attach(cluster: string, state: Uint8Array): NetworkInfo {
    const own = this.#networks.find(cluster)?.bytesTaken ?? 0;
    // Others stay when it does not fit anyway.
    if (state.byteLength > this.#freeBytes + own) throw this.#noRoom(cluster, state.byteLength);
    return this.#put(cluster, () => Network.adopt(state, this.#engine));
  }

  exportState(cluster: string): Uint8Array {
    return this.#using(cluster, (network) => network.export());
  }

  setEncoders(cluster: string, text: string): void {
    this.#networks.markBusy(cluster);
    this.#networks.get(cluster).encoders = text;
  }

  markIdle(cluster: string): void {
    this.#networks.markIdle(cluster);
  }

  markBusy(cluster: string): boolean {
    this.#networks.markBusy(cluster);
    return this.#networks.find(cluster) !== undefined;
  }

  detach(cluster: string): void {
    this.#networks.drop(cluster);
  }

  train(cluster: string, run: TrainRun): TrainReport {
    const network = this.#networks.get(cluster);
    this.#networks.markBusy(cluster);
    const { value, elapsedMs } = this.#compute(cluster, () => {
      network.train(run);
      return { figures: network.figures(), scores: network.takeScores() };
    });
    return { ...value, elapsedMs };
  }

  request(cluster: string, run: RequestRun): RequestReport {
    const report = this.#using(cluster, (network) => {
      const { value: values, elapsedMs } = this.#answer(cluster, network, run);
      return reportOf(network, values, elapsedMs);
    });
    if (report.remembers) this.#networks.markBusy(cluster);
    return report;
  }

  /**
   * Answers. When a copy of the network would not fit even beside no other, the answer lacks the samples that wait; if
   * others are in its way, the call fails with `crowded`.
   */
  #answer(
    cluster: string,
    network: Network,
    run: RequestRun,
  ): { value: Float32Array<ArrayBuffer>[]; elapsedMs: number } {
    try {
      return this.#compute(cluster, () => network.request(run));
    } catch (error) {
      if (!isOfKind(error, "room") || !network.isDue(run)) throw error;
      return this.#compute(cluster, () => network.request(run, { isPlain: true }));
    }
  }

  /** Runs work for which the network stays, even if it is idle and a call at a yield point needs room. */
  #using<T>(cluster: string, work: (network: Network) => T): T {
    const network = this.#networks.get(cluster);
    const wasIdle = this.#networks.markBusy(cluster);
    try {
      return work(network);
    } finally {
      if (wasIdle) this.#networks.markIdle(cluster);
    }
  }

  #put(cluster: string, make: () => Network): NetworkInfo {
    let network: Network;
    try {
      network = make();
    } catch (error) {
      throw attachFailure(error, { hasOthers: this.#networks.hasOthers(cluster) });
    }
    this.#networks.put(cluster, network);
    return infoOf(network, network.figures());
  }

  /** Executes a run. `elapsedMs` excludes calls that were served at its yield points. */
  #compute<T>(cluster: string, run: () => T): { value: T; elapsedMs: number } {
    const elapsed = startStopwatch();
    if (this.#runs === 0) this.#busySince = performance.now();
    this.#runs += 1;
    try {
      const value = run();
      return { value, elapsedMs: elapsed() };
    } catch (error) {
      throw runFailure(error, { cluster, hasOthers: this.#networks.hasOthers(cluster) });
    } finally {
      this.#runs -= 1;
      const now = performance.now();
      this.#load.worked(now - this.#busySince);
      this.#busySince = now;
    }
  }

  /** Drops idle networks, unless all of them together are too small. */
  #makeRoom(bytes: number): void {
    if (bytes > this.#networks.idleBytes) return;
    const { budget } = this.#engine;
    const wanted = budget.free + bytes;
    while (budget.free < wanted && this.#networks.dropIdle());
  }

  get #freeBytes(): number {
    const { free, bytesMax } = this.#engine.budget;
    return Math.min(bytesMax, free + this.#networks.idleBytes);
  }

  #noRoom(cluster: string, bytes: number): HostError {
    const { bytesMax } = this.#engine.budget;
    const reason = shortageText(bytesMax, this.#freeBytes, bytes);
    return noRoom(reason, bytes > bytesMax || !this.#networks.hasOthers(cluster) ? "room" : "crowded");
  }
}
