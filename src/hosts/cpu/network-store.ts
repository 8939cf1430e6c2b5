import type { Engine } from "../../network/engine.ts";
import { Network } from "../../network/network.ts";
import type { RequestRun, TrainRun } from "../../network/run.ts";
import { parseTemplate } from "../../network/template/parse-template.ts";
import { startStopwatch } from "../../network/yield-point.ts";
import { AttachedNetworks, infoOf, reportOf } from "../attached-networks.ts";
import type { HostStatus, NetworkInfo, RequestReport, TrainReport } from "../host.ts";
import { LoadMeter } from "../load-meter.ts";
import { attachFailure, runFailure } from "../network-failure.ts";
import type { HostService } from "../protocol.ts";

/** An engine with a memory budget for its networks. */
type BudgetedEngine = Engine & { readonly budget: { readonly bytesMax: number; readonly free: number } };

/** The networks of this thread. A call that exceeds their memory budget fails with `room`. */
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
    return this.#put(cluster, () => Network.create(parseTemplate(template), seed, this.#engine));
  }

  attach(cluster: string, state: Uint8Array): NetworkInfo {
    return this.#put(cluster, () => Network.adopt(state, this.#engine));
  }

  exportState(cluster: string): Uint8Array {
    return this.#networks.get(cluster).export();
  }

  detach(cluster: string): void {
    this.#networks.drop(cluster);
  }

  train(cluster: string, run: TrainRun): TrainReport {
    const network = this.#networks.get(cluster);
    const { value: figures, elapsedMs } = this.#compute(cluster, () => {
      network.train(run);
      return network.figures();
    });
    return { figures, elapsedMs };
  }

  request(cluster: string, run: RequestRun): RequestReport {
    const network = this.#networks.get(cluster);
    const { value: values, elapsedMs } = this.#compute(cluster, () => network.request(run));
    return reportOf(network, values, elapsedMs);
  }

  #put(cluster: string, make: () => Network): NetworkInfo {
    let network: Network;
    try {
      network = make();
    } catch (error) {
      throw attachFailure(error);
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
      throw runFailure(cluster, error);
    } finally {
      this.#runs -= 1;
      const now = performance.now();
      this.#load.worked(now - this.#busySince);
      this.#busySince = now;
    }
  }
}
