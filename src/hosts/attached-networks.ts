import type { NetworkFigures } from "../network/network-figures.ts";
import type { Template } from "../network/template/parse-template.ts";
import { HostError } from "./host-errors.ts";
import type { NetworkInfo, RequestReport } from "./host.ts";

/** The interface common to CPU and GPU networks. */
interface AttachedNetwork {
  readonly template: Template;
  readonly seed: number;
  readonly remembers: boolean;
  readonly outputs: { name: string; width: number }[];
  dispose(): void;
}

/** The networks attached to a host, keyed by cluster uuid. */
export class AttachedNetworks<Network extends AttachedNetwork> {
  readonly #networks = new Map<string, Network>();

  get size(): number {
    return this.#networks.size;
  }

  all(): Iterable<Network> {
    return this.#networks.values();
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
    this.find(cluster)?.dispose();
    this.#networks.delete(cluster);
  }
}

export function infoOf({ template, seed, remembers }: AttachedNetwork, figures: NetworkFigures): NetworkInfo {
  return { template: template.text, seed, remembers, figures };
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
