/** What a client of the crash test was told, and so expects to find whenever the server is back. */

/** One training task that went into a network. */
export interface Step {
  /** Which of the base datasets. */
  dataset: number;
  epochs: number;
  batch_size: number;
}

/** How a network came to be: the same one, without any interruption, must be the same bytes. */
export interface Lineage {
  seed: number;
  steps: readonly Step[];
}

export type TaskModel = { uuid: string; isOver: boolean } & (
  | { kind: "train" | "restore" }
  | { kind: "save"; lineage: Lineage }
  | { kind: "request"; lineage: Lineage; dataset: number }
);

export interface ClusterModel {
  uuid: string;
  name: string;
  /** With everything that is queued. */
  lineage: Lineage;
  tasks: Map<string, TaskModel>;
}

export interface CheckpointModel {
  uuid: string;
  lineage: Lineage;
  /** Of its file. */
  sha256: string | null;
}

export interface UploadModel {
  uuid: string;
  name: string;
  tempfile: string;
  bytes: Buffer;
  rows: number;
  /** Every piece was acknowledged. */
  isComplete: boolean;
  isReady: boolean;
}

/** The answers of a network, kept as a dataset. */
export interface ResultModel {
  uuid: string;
  lineage: Lineage;
  dataset: number;
  content: string;
}
