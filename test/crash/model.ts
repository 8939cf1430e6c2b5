/** What a client of the crash test was told, and so expects to find whenever the server is back. */

export type HostKind = "cpu" | "gpu";

/** Something that a network learned: a training task, or cycles of direct IO. */
export type Step = { host: HostKind } & (
  | {
      kind: "train";
      /** Which of the base datasets. */
      dataset: number;
      epochs: number;
      batch_size: number;
    }
  /** Cycle n of a network learns row n of the generated pictures. */
  | { kind: "direct"; cycles: number }
);

/** How a network came to be: the same one, without any interruption, must be the same bytes. */
export interface Lineage {
  seed: number;
  steps: readonly Step[];
  /** False once it moved while it trained: hosts round differently, and nobody knows where the move fell. */
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
  /** With everything that is queued, and every cycle of direct IO that was acknowledged. */
  lineage: Lineage;
  tasks: Map<string, TaskModel>;
  host: HostKind;
  mode: "TASK" | "DIRECT";
  /** In DIRECT mode: cycles that a crash may not take away any more. */
  durableCycles: number;
  /** A cycle of direct IO was sent and not answered. */
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
  /** Every piece was acknowledged. */
  isComplete: boolean;
}

export interface UploadModel extends FileModel {
  name: string;
  rows: number;
  isReady: boolean;
}

/** The answers of a network, kept as a dataset. */
export interface ResultModel {
  uuid: string;
  lineage: Lineage;
  dataset: number;
  content: string;
}

/** What a network answered to a row of the generated pictures. */
export interface DirectAnswer {
  lineage: Lineage;
  row: number;
  values: string;
}
