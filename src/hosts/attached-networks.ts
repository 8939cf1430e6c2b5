import type { NetworkFigures } from "../network/network-figures.ts";
import type { Template } from "../network/template/parse-template.ts";
import { HostError } from "./host-errors.ts";
import type { NetworkInfo, RequestReport } from "./host.ts";

/** What networks of the CPU and of a device have alike. */
interface AttachedNetwork {
  readonly template: Template;
  readonly seed: number;
  readonly remembers: boolean;
  readonly outputs: { name: string; width: number }[];
  dispose(): void;
}

/** The networks that a host holds, by the uuids of their clusters. */
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

  /** Throws HostError when there is none. */
  get(cluster: string): Network {
    const network = this.find(cluster);
    if (network === undefined) throw new HostError("unknown_cluster", `no network is attached under ${cluster}`);
    return network;
  }

  /** Takes the place of what was there. */
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

/** `values` are those of each output. */
export function reportOf(
  { outputs, remembers }: AttachedNetwork,
  values: Float32Array<ArrayBuffer>[],
  elapsedMs: number,
): RequestReport {
  const named = outputs.map(({ name, width }, index) => ({ name, width, values: values[index]! }));
  return { outputs: named, remembers, elapsedMs };
}
