import { expect, test } from "vitest";
import { outputScorer } from "../../src/tasks/output-scorers.ts";

const none = { classes: [], counts: new Float64Array() };

test("one value of a plain, int or float output is a number", () => {
  for (const kind of ["plain", "int", "float"] as const) {
    const scorer = outputScorer("y", { ...none, kind, width: 1, mean: 2 });
    scorer.add([1, 3], [1, 2]);
    expect(scorer.metrics()).toEqual({ rows: 2, mae: 0.5, rmse: Math.sqrt(0.5), r2: 0.5 });
    expect(scorer.baseline()).toEqual({ mean: 2, rows: 2, mae: 1, rmse: 1, r2: 0 });
    expect(scorer.warnings()).toEqual([]);
  }
});

test("one-hot values of a plain output are classes with shares as probabilities", () => {
  const scorer = outputScorer("y", { ...none, kind: "plain", width: 2, mean: 0.5 });
  scorer.add(Uint8Array.of(1, 0, 0, 1), [0.3, 0.1, 0.2, 0.2]);
  const metrics = scorer.metrics();
  expect(metrics).toMatchObject({ rows: 2, accuracy: 0.5, auc: 1, classes: [{ class: "0" }, { class: "1" }] });
  expect(metrics["log_loss"]).toBeCloseTo(-(Math.log(0.75) + Math.log(0.5)) / 2, 6);
  // Outputs that are all 0 say nothing.
  scorer.add([1, 0], [0, 0]);
  expect(scorer.metrics()["log_loss"]).toBeCloseTo(-(Math.log(0.75) + 2 * Math.log(0.5)) / 3, 6);
  expect(scorer.baseline()).toMatchObject({ class: "0", rows: 3 });
});

test.each([
  ["two 1", [1, 1]],
  ["no 1", [0, 0]],
  ["another value", [0, 0.5]],
])("several values with %s are numbers, with a warning", (_, odd) => {
  const scorer = outputScorer("y", { ...none, kind: "plain", width: 2, mean: 0.5 });
  scorer.add([1, 0, 0, 1], [1, 0, 0, 1]);
  scorer.add([1, 0, ...odd], [1, 0, ...odd]);
  scorer.add([1, 0], [1, 0]);
  expect(scorer.metrics()).toMatchObject({ rows: 10, mae: 0 });
  expect(scorer.warnings()).toEqual([
    "The targets of output 'y' are no classes, because those of row 4 are not one 1 among 0s: " +
      "its scores are those of numbers, of all values together.",
  ]);
});

test("values of a bool output are classes without probabilities", () => {
  const scorer = outputScorer("y", { ...none, kind: "bool", width: 1, mean: 0.5 });
  scorer.add([1, 0, 5, 0.4], [1, 1, 1, 0]);
  const metrics = scorer.metrics();
  expect(metrics).toMatchObject({ rows: 4, accuracy: 0.75, confusion: { classes: ["false", "true"] } });
  expect(metrics).not.toHaveProperty("log_loss");
});
