import type { Task } from "./tasks.ts";

/** Loss and scores of samples. `loss` is the log loss of classes, the unexplained variance (1 - R²) of numbers. */
export interface PointScores {
  loss?: number | null;
  /** Share of the samples with the right class; only of outputs that are classes. */
  accuracy?: number | null;
  /** Root mean squared error in the unit of the column; only of an output that is a number. */
  error?: number | null;
}

/** What a training task told about a stretch of its samples, measured before the steps that learnt them. */
export interface TaskPoint extends PointScores {
  /** Cycles that were learnt at the end of the stretch. */
  cycle: number;
  /** Passes over the rows at that moment. */
  epoch: number;
  /** Unix time. */
  timestamp_ms: number;
  /** Samples of the stretch, and the share of them that was skipped. */
  samples: number;
  skipped: number;
  sections: number;
  synapses: number;
  /** Of each hexagon, in the order of the template. */
  blocks: number[];
  samples_per_second: number;
  learning_rate: number;
  /** Of each output, by its name. */
  outputs: Record<string, PointScores>;
  /** Only where held-out rows were measured at this cycle. */
  validation_loss?: number | null;
  validation_accuracy?: number | null;
  validation_error?: number | null;
  validation_outputs?: Record<string, PointScores>;
}

export interface TaskMetrics {
  uuid: string;
  cluster_uuid: string;
  name: string;
  state: Task["state"];
  total_number_of_cycles: number;
  /** By `cycle`; at most 1000. */
  points: TaskPoint[];
}
