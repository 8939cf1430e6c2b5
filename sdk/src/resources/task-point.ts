/** A point of a training's curve. Losses and scores are of the samples just seen, before they were learnt. */
export interface TaskPoint {
  /** Cycles of the task that were learnt at its end. */
  cycle: number;
  /** Passes over the rows at that moment. */
  epoch: number;
  timestamp_ms: number;
  /** How many samples it covers. */
  samples: number;
  /** Mean over the outputs: log loss of classes, unexplained variance of numbers. */
  loss: number;
  accuracy?: number;
  /** Root mean squared error, of the only output that is a number. */
  error?: number;
  /** Share of samples that were skipped. */
  skipped: number;
  sections: number;
  synapses: number;
  /** One number per hexagon, in the order of the template. */
  blocks: number[];
  samples_per_second: number;
  learning_rate: number;
  outputs: Record<string, { loss: number; accuracy?: number; error?: number }>;
  /** Where held-out rows were measured. */
  validation_loss?: number;
  validation_accuracy?: number;
  validation_error?: number;
  validation_outputs?: TaskPoint["outputs"];
}
