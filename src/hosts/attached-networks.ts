import type { NetworkFigures } from "../network/network-figures.ts";
import type { Template } from "../network/template/parse-template.ts";
import { HostError } from "./host-errors.ts";
import type { NetworkInfo, RequestReport } from "./host.ts";

/** The interface common to CPU and GPU networks. */
interface AttachedNetwork {
  readonly template: Template;
  readonly seed: number;
  readonly remembers: boolean;
  encoders: string;
  readonly outputs: { name: string; width: number }[];
  /** The share of the host's memory budget that it takes. */
  readonly bytesTaken: number;
  dispose(): void;
}

/** The networks attached to a host, keyed by cluster uuid. Idle ones leave when the host needs room. */
export class AttachedNetworks<Network extends AttachedNetwork> {
  readonly #networks = new Map<string, Network>();
  /** The bytes that each idle network takes; the network that was used longest ago comes first. */
  readonly #idle = new Map<string, number>();
  #idleBytes = 0;
  #left: string[] = [];

  get size(): number {
    return this.#networks.size;
  }

  /** Memory of the idle networks. */
  get idleBytes(): number {
    return this.#idleBytes;
  }

  all(): Iterable<Network> {
    return this.#networks.values();
  }

  /** Whether networks of other clusters are in use. */
  hasOthers(cluster: string): boolean {
    const isOwnInUse = this.#networks.has(cluster) && !this.#idle.has(cluster);
    return this.size - this.#idle.size > (isOwnInUse ? 1 : 0);
  }

  find(cluster: string): Network | undefined {
    return this.#networks.get(cluster);
  }

  /** Throws HostError `unknown_cluster` when no network is attached. */
  get(cluster: string): Network {
    const network = this.find(cluster);
    if (network === undefined) throw new HostError("unknown_cluster", `no network is attached under ${cluster}`);
    return network;
  }

  /** Disposes of a network that is already attached under this uuid. */
  put(cluster: string, network: Network): void {
    this.drop(cluster);
    this.#networks.set(cluster, network);
  }

  drop(cluster: string): void {
    this.markBusy(cluster);
    this.find(cluster)?.dispose();
    this.#networks.delete(cluster);
  }

  markIdle(cluster: string): void {
    const network = this.find(cluster);
    if (network === undefined) return;
    this.markBusy(cluster);
    const bytes = network.bytesTaken;
    this.#idle.set(cluster, bytes);
    this.#idleBytes += bytes;
  }

  /** Whether the network was idle. */
  markBusy(cluster: string): boolean {
    this.#idleBytes -= this.#idle.get(cluster) ?? 0;
    return this.#idle.delete(cluster);
  }

  /** Drops the network that has been idle for longest. False when none is idle. */
  dropIdle(): boolean {
    const [cluster] = this.#idle.keys();
    if (cluster === undefined) return false;
    this.drop(cluster);
    this.#left.push(cluster);
    return true;
  }

  /** See `HostService.takeLeft`. */
  takeLeft(): string[] {
    const left = this.#left;
    this.#left = [];
    return left;
  }
}

export function infoOf(network: AttachedNetwork, figures: NetworkFigures): NetworkInfo {
  const { template, seed, remembers, encoders } = network;
  return { template: template.text, seed, remembers, encoders, figures };
}

/** `values` has one array per output, in the order of `outputs`. */
export function reportOf(
  { outputs, remembers }: AttachedNetwork,
  values: Float32Array<ArrayBuffer>[],
  elapsedMs: number,
): RequestReport {
  const named = outputs.map(({ name, width }, index) => ({ name, width, values: values[index]! }));
  return { outputs: named, remembers, elapsedMs };
}
