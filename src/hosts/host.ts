/**
 * A logical host: one place where clusters compute (the CPU, or one GPU).
 *
 * This is the only seam between the server and the compute side. Everything crosses it as plain messages and
 * binary data, so a host may live in a worker thread, in a child process or, later, on another machine.
 * Nothing above it may assume shared memory, and nothing below it knows about HTTP, SQL, users or projects.
 */
export interface Host {
  /** Stable across restarts of the server. */
  readonly uuid: string;
  readonly type: "cpu" | "gpu";
  /** For people: the processor's or adapter's name. */
  readonly name: string;

  status(): Promise<HostStatus>;

  /** Makes an empty network from a template; the same seed always gives the same network. */
  create(cluster: string, options: { template: string; seed: number }): Promise<NetworkMetrics>;
  /** Takes over a network from its bytes (safetensors); rejects with the reason when they are not valid. */
  attach(cluster: string, state: Uint8Array): Promise<NetworkMetrics>;
  /** The whole state as safetensors bytes, as of the last finished slice. */
  exportState(cluster: string): Promise<Uint8Array>;
  /** Forgets the network. Unknown clusters are not an error. */
  detach(cluster: string): Promise<void>;

  metrics(cluster: string): Promise<NetworkMetrics>;
  /** Learns from the rows of a slice. A slice is atomic: it happens completely or not at all. */
  train(cluster: string, slice: TrainSlice): Promise<NetworkMetrics>;
  /** Forward only. One array per output of the cluster, `[cycles × width]` external values, in template order. */
  request(cluster: string, slice: RequestSlice): Promise<Float32Array[]>;

  close(): Promise<void>;
}

export interface HostStatus {
  clusters: number;
  memoryBytesTotal: number;
  memoryBytesFree: number;
  /** Share of the last seconds that was spent computing, 0…1. */
  load: number;
}

export interface NetworkMetrics {
  /** Training cycles since the network was made. */
  cycle: number;
  /** Blocks of 128 neurons in hidden and output hexagons. */
  blocks: number;
  sections: number;
  synapses: number;
  neurons: number;
  bytes: number;
  hexagons: { blocks: number; sections: number; bytes: number }[];
}

/**
 * Consecutive rows of one column group for one input or output, as they lie in the dataset: cycle c of the slice
 * reads rows c … c + timeLength − 1 for an input, and row c for an expected output.
 */
export interface SliceColumns {
  /** Index of the input or output in template order. */
  index: number;
  /** Columns of the group. */
  width: number;
  rows: Uint8Array | Float32Array;
}

export interface RequestSlice {
  cycles: number;
  timeLength: number;
  inputs: SliceColumns[];
}

export interface TrainSlice extends RequestSlice {
  expected: SliceColumns[];
  /** Samples per step; the slice holds whole steps, only its last one may be shorter. */
  batchSize: number;
  /** `horizon` cycles in all, of which `firstCycle` came before this slice; null: no horizon (direct IO). */
  schedule: { firstCycle: number; horizon: number } | null;
  /** Base learning rate in place of the rule's own. */
  learningRate?: number;
}
