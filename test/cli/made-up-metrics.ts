import type { TaskMetrics, TaskPoint } from "hanami-sdk";

/** A point as a training of classes gives it. */
export const madeUpPoint = (cycle: number, more: Partial<TaskPoint> = {}): TaskPoint => ({
  cycle,
  epoch: cycle / 100,
  timestamp_ms: 1_700_000_000_000 + cycle,
  samples: 10,
  skipped: 0,
  loss: 2 / cycle,
  accuracy: 1 - 1 / cycle,
  sections: 4,
  synapses: 1234,
  blocks: [1, 2],
  samples_per_second: 12_345,
  learning_rate: 0.1,
  outputs: {},
  ...more,
});

export const madeUpMetrics = (points: TaskPoint[], more: Partial<TaskMetrics> = {}): TaskMetrics => ({
  uuid: "11111111-1111-1111-1111-111111111111",
  cluster_uuid: "c",
  name: "made up",
  state: "finished",
  total_number_of_cycles: 1000,
  points,
  ...more,
});
