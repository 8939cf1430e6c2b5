import type { NetworkFigures } from "../network/network-figures.ts";
import type { RequestRun, TablePart, TrainRun } from "../network/run.ts";

/**
 * A logical host: one place where clusters compute (the CPU, or one GPU).
 *
 * This is the only seam between the server and the compute side. Everything crosses it as plain messages and
 * binary data, so a host may live in a worker thread, in a child process or, later, on another machine.
 * Nothing above it may assume shared memory, and nothing below it knows about HTTP, SQL, users or projects.
 *
 * Every call rejects with HostLostError when the host's process ended before it answered, and with HostError when
 * the host answered with a failure, `room` when its memory budget is spent. A host that takes too long for a call is ended. After a failed `train` the network may be
 * half-changed: attach it again.
 */
export interface Host extends HostFacts {
  /** Counts the ends of the host's process. Networks attached under an earlier number are gone. */
  readonly generation: number;
  /** `keepTable` is worth a try: what the host computes with is far from where rows are read. */
  readonly keepsTables: boolean;

  /** Does not wait for the slice that is being computed. */
  status(): Promise<HostStatus>;
  /** As of its last answer; null when nothing was asked since its process started. */
  readonly lastStatus: HostStatus | null;
  /** For how long it has been busy with one call, in ms, when that is unusually long; else 0. */
  readonly silentMs: number;

  /** What the call that was answered last took by itself, in ms; Infinity when it is not known. */
  readonly lastTookMs: number;
  /** Carries out short calls in the middle of a long one, at its yield points. */
  readonly servesBetween: boolean;

  /** Makes an empty network from a template; the same seed always gives the same network. */
  create(cluster: string, options: { template: string; seed: number }): Promise<NetworkInfo>;
  /**
   * Takes over a network from its bytes (safetensors) and replaces what was there. They come from another host, or
   * `readNetwork` has checked them: the host only copies. Changes nothing when they do not even look like a network.
   */
  attach(cluster: string, state: Uint8Array): Promise<NetworkInfo>;
  /** The whole state as safetensors bytes, as of the last finished slice. */
  exportState(cluster: string): Promise<Uint8Array>;
  /** Forgets the network. Unknown clusters are not an error. */
  detach(cluster: string): Promise<void>;

  /**
   * Learns from a run, whose buffers change hands: rows that are a view into a larger buffer would be copied with all of
   * it. A run that fails must be followed by `attach`, unless it fails with `table`, which changes nothing.
   */
  train(cluster: string, run: TrainRun): Promise<TrainReport>;
  /**
   * Keeps a part of a task's table next to the network, in place of another task's; parts come in order, the first one
   * says how large the whole is. False when the host has no room for that: then rows come with every run.
   */
  keepTable(cluster: string, part: TablePart): Promise<boolean>;
  /** Forgets the table. */
  dropTable(cluster: string): Promise<void>;
  /** Forward only; leaves the network as it is. The run's buffers change hands. */
  request(cluster: string, run: RequestRun): Promise<RequestReport>;

  /** The server stops: from now on no call may take long. */
  hurry(): void;
  close(): Promise<void>;
}

/** What does not change while the server runs. */
export interface HostFacts {
  /** Stable across restarts of the server. */
  readonly uuid: string;
  readonly type: "cpu" | "gpu";
  /** For people: the processor's or adapter's name. */
  readonly name: string;
  /** Of a GPU only. */
  readonly device?: DeviceFacts | undefined;
}

/** What a GPU's driver tells about it. */
export interface DeviceFacts {
  vendor: string;
  driver: string;
  /** No array of a network can be larger there. */
  bufferBytesMax: number;
}

export interface HostStatus {
  clusters: number;
  /** What the networks on this host may take: its budget, not what the machine has. */
  memoryBytesTotal: number;
  /** What is left of it. */
  memoryBytesFree: number;
  /** Share of the last seconds that was spent computing, 0…1. */
  load: number;
}

export interface NetworkInfo {
  /** The template's text that the network was made from. */
  template: string;
  /** Decides everything random about the network. */
  seed: number;
  /** Something carries over from one cycle to the next, so their order is part of what the network learns. */
  remembers: boolean;
  figures: NetworkFigures;
}

export interface TrainReport {
  figures: NetworkFigures;
  /** Time that the host computed, without the wait for its turn. */
  elapsedMs: number;
}

export interface RequestReport {
  /** One per output of the cluster in template order; `values` are external values, `[cycles × width]`. */
  outputs: { name: string; width: number; values: Float32Array<ArrayBuffer> }[];
  /** The network carries something from one cycle to the next, so that even a request changed its state. */
  remembers: boolean;
  elapsedMs: number;
}
