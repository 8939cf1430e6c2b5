/** What a client of the crash test was told, and therefore expects after a restart. */

export type HostKind = "cpu" | "gpu";

/** Something that a network was trained with: a training task, or cycles of direct IO. */
export type Step = { host: HostKind } & (
  | {
      kind: "train";
      /** Index of the base dataset. */
      dataset: number;
      epochs: number;
      batch_size: number;
    }
  /** Cycle n trains a network on row n of the generated pictures. */
  | { kind: "direct"; cycles: number }
);

/** The history of a network: without interruption, the same history gives the same bytes. */
export interface Lineage {
  seed: number;
  steps: readonly Step[];
  /** False after a move during training: hosts round differently, and the cycle of the move is unknown. */
  isExact: boolean;
}

export type TaskModel = { uuid: string; isOver: boolean } & (
  | { kind: "train"; steps: number }
  | { kind: "restore" }
  | { kind: "save"; lineage: Lineage }
  | { kind: "request"; lineage: Lineage; dataset: number }
);

export interface ClusterModel {
  uuid: string;
  name: string;
  /** Includes all queued steps and every acknowledged cycle of direct IO. */
  lineage: Lineage;
  tasks: Map<string, TaskModel>;
  host: HostKind;
  mode: "TASK" | "DIRECT";
  /** In DIRECT mode: cycles that a crash can no longer undo. */
  durableCycles: number;
  /** A cycle of direct IO was sent and is not answered yet. */
  isAsking: boolean;
}

export interface CheckpointModel {
  uuid: string;
  lineage: Lineage;
  /** Of its file. */
  sha256: string | null;
}

/** A file on its way to the server. */
export interface FileModel {
  uuid: string;
  tempfile: string;
  bytes: Buffer;
  /** All pieces were acknowledged. */
  isComplete: boolean;
}

export interface UploadModel extends FileModel {
  name: string;
  rows: number;
  isReady: boolean;
}

/** A network's answers, kept as a dataset. */
export interface ResultModel {
  uuid: string;
  lineage: Lineage;
  dataset: number;
  content: string;
}

/** A network's answer to a row of the generated pictures. */
export interface DirectAnswer {
  lineage: Lineage;
  row: number;
  values: string;
}
