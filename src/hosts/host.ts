import type { NetworkFigures } from "../network/network-figures.ts";
import type { RunScores } from "../network/run-scores.ts";
import type { RequestRun, TablePart, TrainRun } from "../network/run.ts";

/**
 * A logical host: one place where clusters compute (the CPU, or one GPU).
 *
 * This is the only interface between the server and the compute side. Everything crosses it as plain messages and
 * binary data, so a host may live in a worker thread, in a child process or, later, on another machine.
 * Code above it must not assume shared memory, and code below it knows nothing about HTTP, SQL, users or projects.
 *
 * Every call rejects with HostLostError if the host's process ends before it answers, and with HostError if the host
 * answers with a failure, which is `room` or `crowded` when its memory budget is exhausted. A host that exceeds the
 * time limit of a call is killed. A failed `train` may leave the network half-changed: attach it again.
 *
 * A host that needs room drops networks that `markIdle` has named, longest unused first.
 */
export interface Host extends HostFacts {
  /** Counts the ends of the host's process. Networks attached under an earlier number are gone. */
  readonly generation: number;
  /** Whether the host has this cluster's network, as of its last reply. */
  has(cluster: string): boolean;
  /** Calls `listener` with each cluster whose network the host has dropped or lost by itself. */
  onLeft(listener: (cluster: string) => void): void;
  /** Calls `listener` after each reply of the host, and when its process ends: then `lastStatus` is null. */
  onStatus(listener: () => void): void;
  /** Whether `keepTable` is worth a try: the host's device is far from the memory into which rows are read. */
  readonly keepsTables: boolean;

  /** Does not wait for the current slice. */
  status(): Promise<HostStatus>;
  /** The status that came with the last reply; null before the first reply of the process. */
  readonly lastStatus: HostStatus | null;
  /** The same, with the load brought up to now; asks nobody. */
  readonly knownStatus: HostStatus | null;
  /** How long the host has been busy with one call, in ms, if that is unusually long; otherwise 0. */
  readonly silentMs: number;

  /** Net duration of the last answered call, in ms; Infinity if unknown. */
  readonly lastTookMs: number;
  /** Whether the host executes short calls at the yield points of a long one. */
  readonly servesBetween: boolean;

  /** Creates an empty network from a template; the same seed always gives the same network. */
  create(cluster: string, options: { template: string; seed: number }): Promise<NetworkInfo>;
  /**
   * Loads a network from safetensors bytes and replaces the cluster's current one. The host copies the bytes without a
   * full check, so they must come from another host or have passed `readNetwork`. Bytes that do not look like a network
   * change nothing.
   */
  attach(cluster: string, state: Uint8Array): Promise<NetworkInfo>;
  /** The full state as safetensors bytes, as of the last finished slice. */
  exportState(cluster: string): Promise<Uint8Array>;
  /** Replaces the text of the encoders that the network's state carries. */
  setEncoders(cluster: string, text: string): Promise<void>;
  /** Discards the network. Unknown clusters are not an error. */
  detach(cluster: string): Promise<void>;
  /**
   * Lets the host drop the network when it needs room: a snapshot equals it, and nobody uses it. Ends with `markBusy`
   * and with each call that changes the network. Unknown clusters are not an error.
   */
  markIdle(cluster: string): Promise<void>;
  /** Keeps the network on the host. False when the host has dropped it. */
  markBusy(cluster: string): Promise<boolean>;

  /**
   * Trains on a run. Its buffers are transferred; rows that are a view into a larger buffer would be copied with all of
   * it. After a failed run, call `attach`, unless the failure is `table`, which changes nothing.
   */
  train(cluster: string, run: TrainRun): Promise<TrainReport>;
  /**
   * Stores a part of a task's table next to the network, in place of another task's table. Parts come in order; the
   * first one tells the size of the whole table. Returns false if the host has no room for the table: then every run
   * must bring its rows.
   */
  keepTable(cluster: string, part: TablePart): Promise<boolean>;
  /** Discards the table. */
  dropTable(cluster: string): Promise<void>;
  /** Forward pass only, which trains nothing. The run's buffers are transferred. */
  request(cluster: string, run: RequestRun): Promise<RequestReport>;

  /** Shortens the time limit of all calls, because the server shuts down. */
  hurry(): void;
  close(): Promise<void>;
}

/** The properties of a host that stay constant while the server runs. */
export interface HostFacts {
  /** Stable across restarts of the server. */
  readonly uuid: string;
  readonly type: "cpu" | "gpu";
  /** Display name: the processor or adapter. */
  readonly name: string;
  /** Present for GPUs only. */
  readonly device?: DeviceFacts | undefined;
}

/** What a GPU's driver reports. */
export interface DeviceFacts {
  vendor: string;
  driver: string;
  /** Maximum size of one array of a network. */
  bufferBytesMax: number;
}

export interface HostStatus {
  clusters: number;
  /** The memory budget of the networks on this host, not the machine's memory. */
  memoryBytesTotal: number;
  /** The part of the budget that networks in use leave. */
  memoryBytesFree: number;
  /** Share of the last seconds that the host spent computing, 0…1. */
  load: number;
}

export interface NetworkInfo {
  /** Text of the template that defines the network. */
  template: string;
  /** Determines all random choices of the network. */
  seed: number;
  /** Whether the network carries state from one cycle to the next, so that it learns from the order of cycles. */
  remembers: boolean;
  /** Text of the encoders of its inputs and outputs, see `NetworkEncoders`; empty until they are fitted. */
  encoders: string;
  figures: NetworkFigures;
}

export interface TrainReport {
  figures: NetworkFigures;
  /** Of the samples that the call has learnt; those of a stream that wait belong to a later one. */
  scores: RunScores;
  /** Compute time, without the wait for the turn. */
  elapsedMs: number;
}

export interface RequestReport {
  /** One entry per output in template order; `values` are external values, `[cycles × width]`. */
  outputs: { name: string; width: number; values: Float32Array<ArrayBuffer> }[];
  /** Whether the network carries state from one cycle to the next, so that even a request changed its state. */
  remembers: boolean;
  elapsedMs: number;
}
