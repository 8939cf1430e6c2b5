import { expect, test } from "vitest";
import { parseTemplate } from "../../../src/network/template/parse-template.ts";
import { curveOutput } from "../../../src/clusters/curve-output.ts";
import { curveText, readCurve } from "../../../src/tasks/curve/curve-text.ts";
import { metricsPoints } from "../../../src/tasks/curve/metrics-points.ts";
import { newCurve, slice } from "./support.ts";

/** Sums of targets and of answers that are all off by `error`. */
function numbers(targets: number[], error: number) {
  return {
    rows: targets.length,
    squaredErrors: targets.length * error ** 2,
    targets: targets.reduce((sum, target) => sum + target, 0),
    squaredTargets: targets.reduce((sum, target) => sum + target ** 2, 0),
  };
}

test("classes have log loss and accuracy, samples and rates", () => {
  const curve = newCurve(["class"]);
  curve.add(slice(50, [{ rows: 40, hits: 30, loss: 20 }], { skipped: 5 }), 1234);
  expect([...metricsPoints(curve)]).toEqual([
    {
      cycle: 50,
      epoch: 0.5,
      timestamp_ms: 1234,
      samples: 50,
      loss: 0.5,
      accuracy: 0.75,
      skipped: 0.1,
      sections: 5,
      synapses: 640,
      blocks: [0, 1, 1],
      samples_per_second: 100,
      learning_rate: 0.5,
      outputs: { out_0: { loss: 0.5, accuracy: 0.75 } },
    },
  ]);
});

test("numbers have unexplained variance, and an error in the unit of their column", () => {
  const curve = newCurve([{ name: "out_0", measure: "number", range: 40 }]);
  curve.add(slice(4, [numbers([0, 1, 0, 1], 0.25)]));
  // Of equal targets, too: the variance is that of the task.
  curve.add(slice(2, [numbers([0.5, 0.5], 0.1)]));
  const [first, second] = metricsPoints(curve);
  expect(first).toMatchObject({ loss: 0.25, error: 10, outputs: { out_0: { loss: 0.25, error: 10 } } });
  expect(first).not.toHaveProperty("accuracy");
  expect(second?.error).toBeCloseTo(4, 6);
  expect(second?.loss).toBeCloseTo(0.01 / (1 / 6), 6);
});

test("what is not defined is absent: constant targets, outputs without targets, values that are no numbers", () => {
  const curve = newCurve(["number"]);
  curve.add(slice(3, [numbers([0.3, 0.3, 0.3], 0.1)]));
  curve.add(slice(3, [{}]));
  curve.add(slice(3, [{ rows: 3, squaredErrors: NaN }]));
  const [constant, missing, broken] = metricsPoints(readCurve(curveText(curve)));
  expect(constant).toMatchObject({ error: 0.1 });
  for (const point of [constant, missing, broken]) expect(point).not.toHaveProperty("loss");
  expect(missing?.outputs).toEqual({ out_0: {} });
});

test("several plain values are classes until a row is none, and then always were numbers", () => {
  const curve = newCurve(["one-hot"]);
  const both = { ...numbers([0, 1], 0.5), hits: 2, loss: 0.5 };
  curve.add(slice(2, [both]));
  expect([...metricsPoints(curve)]).toMatchObject([{ loss: 0.25, accuracy: 1 }]);
  curve.add(slice(2, [{ ...both, odd: 1 }]));
  for (const point of metricsPoints(curve)) {
    expect(point).toMatchObject({ loss: 1, error: 0.5 });
    expect(point).not.toHaveProperty("accuracy");
  }
});

test("bool outputs have accuracy and the loss of values; int and float outputs have no error", () => {
  const bool = newCurve(["bool"]);
  bool.add(slice(4, [{ ...numbers([0, 1, 0, 1], 0.5), hits: 3 }]));
  expect([...metricsPoints(bool)]).toMatchObject([{ loss: 1, accuracy: 0.75, outputs: { out_0: { accuracy: 0.75 } } }]);
  expect([...metricsPoints(bool)][0]).not.toHaveProperty("error");
  const bits = newCurve(["bits"]);
  bits.add(slice(4, [numbers([0, 1, 0, 1], 0.5)]));
  expect([...metricsPoints(bits)]).toMatchObject([{ outputs: { out_0: { loss: 1 } } }]);
  expect([...metricsPoints(bits)][0]).not.toHaveProperty("error");
});

test("several outputs: the means of those that have a score, and one error only of a single number", () => {
  const curve = newCurve(["class", "number", "class"]);
  curve.add(slice(4, [{ rows: 4, hits: 2, loss: 4 }, numbers([0, 1, 0, 1], 0.5), {}]));
  expect([...metricsPoints(curve)]).toMatchObject([{ loss: 1, accuracy: 0.5, error: 0.5 }]);
  const two = newCurve(["number", "number"]);
  two.add(slice(4, [numbers([0, 1], 0.5), numbers([0, 1], 0.25)]));
  const [point] = metricsPoints(two);
  expect(point).toMatchObject({ loss: 0.625, outputs: { out_0: { error: 0.5 }, out_1: { error: 0.25 } } });
  expect(point).not.toHaveProperty("error");
});

test("a measurement is a part of its point only", () => {
  const curve = newCurve(["class"]);
  curve.add(slice(1, [{ rows: 1 }]));
  curve.measure(1, { loss: 0.5, accuracy: 0.9, outputs: { out_0: { loss: 0.5, accuracy: 0.9 } } });
  curve.add(slice(1, [{ rows: 1 }]));
  // Of a cycle that the curve has passed.
  curve.measure(1, { loss: 7, outputs: {} });
  const [first, second] = metricsPoints(curve);
  const validation = { validation_loss: 0.5, validation_accuracy: 0.9 };
  expect(first).toMatchObject({ ...validation, validation_outputs: { out_0: { loss: 0.5, accuracy: 0.9 } } });
  expect(Object.keys(second!).filter((key) => key.startsWith("validation"))).toEqual([]);
});

test("outputs are measured by their kind, width and encoder", () => {
  const { outputs } = parseTemplate(`version: 1
settings:
    max_connection_distance: 1
hexagons:
    1,1,1
    2,1,1
inputs:
    in: 1,1,1
outputs:
    out: 2,1,1 (number)
`);
  const number = { kind: "number" as const, column: "y", knots: [-10, 0, 30] };
  const encoders = { inputs: {}, outputs: { out: number } };
  expect(curveOutput("out", { kind: outputs[0]!.kind, width: 2, encoders })).toMatchObject({
    measure: "number",
    range: 40,
  });
  const of = (kind: "plain" | "bool" | "int" | "float" | "class", width = 1) =>
    curveOutput("other", { kind, width, encoders }).measure;
  expect([of("plain"), of("plain", 2), of("bool"), of("int"), of("float"), of("class", 3)]).toEqual([
    "number",
    "one-hot",
    "bool",
    "bits",
    "bits",
    "class",
  ]);
});
