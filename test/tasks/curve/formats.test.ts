import { expect, test } from "vitest";
import { metricsCsv } from "../../../src/tasks/curve/metrics-csv.ts";
import { mlflowBatch } from "../../../src/tasks/curve/mlflow-batch.ts";
import { newCurve, slice } from "./support.ts";

function longCurve(points: number) {
  const curve = newCurve(["class", "number"]);
  for (let nth = 1; nth <= points; nth++) {
    curve.add(slice(10, [{ rows: 10, hits: 5, loss: 5 }, { rows: 10 }]), nth);
    if (nth % 100 === 0) curve.measure(curve.cycle, { loss: 0.25, accuracy: 0.5, outputs: {} });
  }
  return curve;
}

test("CSV has a line for each point, and empty cells for what is not defined", () => {
  const curve = newCurve(["class"]);
  curve.add(slice(50, [{ rows: 50, hits: 25, loss: 5 }]), 1234);
  curve.measure(50, { loss: 0.25, accuracy: 0.5, outputs: {} });
  curve.add(slice(50), 1300);
  expect([...metricsCsv(curve)].join("")).toBe(
    "cycle,epoch,timestamp_ms,samples,loss,accuracy,error,skipped,sections,synapses,samples_per_second," +
      "learning_rate,validation_loss,validation_accuracy,validation_error,blocks 1,blocks 2,blocks 3\n" +
      "50,0.5,1234,50,0.1,0.5,,0,5,640,100,0.5,0.25,0.5,,0,1,1\n" +
      "100,1,1300,50,,,,0,5,640,100,0.5,,,,0,1,1\n",
  );
});

test("CSV of several outputs has the loss of each", () => {
  const [head, line] = [...metricsCsv(longCurve(1))];
  expect(head).toMatch(/,loss out_0,loss out_1\n$/);
  expect(line).toMatch(/,0.5,\n$/);
});

test("MLflow gets all values of a short curve", () => {
  const curve = newCurve(["class"]);
  curve.add(slice(50, [{ rows: 50, hits: 25, loss: 5 }]), 1234);
  curve.measure(50, { loss: 0.25, outputs: {} });
  const { run_id, metrics } = mlflowBatch("4f1c", curve);
  expect(run_id).toBe("4f1c");
  const at = { timestamp: 1234, step: 50 };
  expect(metrics).toEqual(
    [
      { key: "epoch", value: 0.5 },
      { key: "loss", value: 0.1 },
      { key: "accuracy", value: 0.5 },
      { key: "skipped", value: 0 },
      { key: "sections", value: 5 },
      { key: "synapses", value: 640 },
      { key: "samples_per_second", value: 100 },
      { key: "learning_rate", value: 0.5 },
      { key: "validation_loss", value: 0.25 },
    ].map((metric) => ({ ...metric, ...at })),
  );
  expect(mlflowBatch("4f1c", undefined)).toEqual({ run_id: "4f1c", metrics: [] });
});

test("MLflow gets a long curve thinned evenly, within its limits", () => {
  const { metrics } = mlflowBatch("run", longCurve(1000));
  expect(metrics.length).toBeLessThanOrEqual(1000);
  expect(metrics.length).toBeGreaterThan(700);
  for (const { key, value } of metrics) {
    expect(key).toMatch(/^[\w\-. ]{1,250}$/);
    expect(Number.isFinite(value)).toBe(true);
  }
  const steps = metrics.filter(({ key }) => key === "loss out_0").map(({ step }) => step);
  expect([steps[0], steps.at(-1)]).toEqual([10, 10_000]);
  const pauses = steps.slice(1).map((step, nth) => step - steps[nth]!);
  expect(Math.max(...pauses) - Math.min(...pauses)).toBeLessThanOrEqual(10);
  // All of the ten measurements.
  expect(metrics.filter(({ key }) => key === "validation_loss")).toHaveLength(10);
});
