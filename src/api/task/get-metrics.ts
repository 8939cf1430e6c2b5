import { setImmediate } from "node:timers/promises";
import { z } from "zod";
import { badRequest } from "../../errors.ts";
import { metricsCsv, NO_METRICS_CSV } from "../../tasks/curve/metrics-csv.ts";
import { metricsPoints } from "../../tasks/curve/metrics-points.ts";
import { mlflowBatch } from "../../tasks/curve/mlflow-batch.ts";
import { getTaskMetrics } from "../../tasks/get-task-metrics.ts";
import { fields } from "../fields.ts";
import { route } from "../route.ts";
import { namedScores, scoreFields } from "../score-output.ts";
import { sortedJson } from "../../server/sorted-json.ts";
import { downloadName, StreamAnswer } from "../stream-answer.ts";

/** What MLflow itself takes. */
const runIdPattern = /^[a-zA-Z0-9][a-zA-Z0-9_-]{0,255}$/;

const pointOutput = z.object({
  /** Cycles that were learnt by the end of the point. */
  cycle: z.number(),
  epoch: z.number(),
  timestamp_ms: z.number(),
  samples: z.number(),
  ...scoreFields,
  /** 0 … 1. */
  skipped: z.number(),
  sections: z.number(),
  synapses: z.number(),
  /** Of each hexagon. */
  blocks: z.array(z.number()),
  samples_per_second: z.number(),
  learning_rate: z.number(),
  outputs: namedScores,
  validation_loss: z.number().optional(),
  validation_accuracy: z.number().optional(),
  validation_error: z.number().optional(),
  validation_outputs: namedScores.optional(),
});

type TaskMetrics = Awaited<ReturnType<typeof getTaskMetrics>>;

export const getTaskMetricsRoute = route({
  method: "GET",
  path: "/task/metrics",
  summary: "What a training measured while it learnt: as JSON, as CSV, or as a call of MLflow's API.",
  input: z.object({
    uuid: fields.uuid,
    cluster_uuid: fields.uuid,
    format: z.enum(["json", "csv", "mlflow"]).default("json"),
    run_id: z.string().regex(runIdPattern).optional(),
  }),
  output: z.object({
    uuid: z.string(),
    cluster_uuid: z.string(),
    name: z.string(),
    state: z.enum(["queued", "active", "aborted", "finished", "failed"]),
    total_number_of_cycles: z.number(),
    points: z.array(pointOutput),
  }),
  errors: {
    400: ["'format' as 'mlflow' needs a 'run_id'", "'run_id' needs 'format' as 'mlflow'"],
    404: ["Cluster with uuid '{uuid}' not found", "Task with UUID '{uuid}'not found in Cluster with UUID '{uuid}"],
  },
  handler: async (context, { format, run_id: runId, ...key }) => {
    if (format === "mlflow" && runId === undefined) throw badRequest("'format' as 'mlflow' needs a 'run_id'");
    if (format !== "mlflow" && runId !== undefined) throw badRequest("'run_id' needs 'format' as 'mlflow'");
    const metrics = await getTaskMetrics(context, key);
    if (runId !== undefined) return inPieces("text/json", [sortedJson(mlflowBatch(runId, metrics.curve))]);
    if (format === "json") return inPieces("text/json", jsonTexts(metrics));
    const { task, curve } = metrics;
    const lines = curve === undefined ? [NO_METRICS_CSV] : metricsCsv(curve);
    return inPieces("text/csv", lines, downloadName(task, "csv"));
  },
});

/** The text of the answer as JSON, point by point. */
function* jsonTexts({ task, curve }: TaskMetrics): Generator<string> {
  const { uuid, cluster_uuid, name, state, total_number_of_cycles } = task;
  yield `${sortedJson({ cluster_uuid, name }).slice(0, -1)},"points":[`;
  let separator = "";
  for (const point of curve === undefined ? [] : metricsPoints(curve)) {
    yield separator + sortedJson(point);
    separator = ",";
  }
  yield `],${sortedJson({ state, total_number_of_cycles, uuid }).slice(1)}`;
}

/** Characters that are written in a millisecond or two. */
const PIECE_LENGTH = 32_768;

const inPieces = (mediaType: string, texts: Iterable<string>, name?: string) =>
  new StreamAnswer(mediaType, joined(texts), name === undefined ? {} : { name });

/** Yields to the event loop between two pieces. */
async function* joined(texts: Iterable<string>): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  let piece = "";
  for (const text of texts) {
    piece += text;
    if (piece.length < PIECE_LENGTH) continue;
    yield encoder.encode(piece);
    piece = "";
    await setImmediate();
  }
  yield encoder.encode(piece);
}
