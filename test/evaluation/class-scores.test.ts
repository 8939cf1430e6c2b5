import { expect, test } from "vitest";
import { ClassScores, UNKNOWN_CLASS } from "../../src/evaluation/class-scores.ts";

/** Probabilities of answers that are sure. */
const sure = (answers: number[], classes: number) =>
  answers.flatMap((answer) => Array.from({ length: classes }, (_, k) => (k === answer ? 1 : 0)));

test("three classes, by hand", () => {
  const scores = new ClassScores(["a", "b", "c"]);
  // As in scikit-learn's documentation of classification_report.
  scores.add([0, 1, 2], sure([0, 0, 2], 3));
  scores.add([2, 2], sure([2, 1], 3));
  const metrics = scores.metrics();
  expect(metrics).toMatchObject({
    rows: 5,
    accuracy: 0.6,
    classes: [
      { class: "a", rows: 1, precision: 0.5, recall: 1 },
      { class: "b", rows: 1, precision: 0, recall: 0, f1: 0 },
      { class: "c", rows: 3, precision: 1 },
    ],
    confusion: {
      classes: ["a", "b", "c"],
      counts: [
        [1, 0, 0],
        [1, 0, 0],
        [0, 1, 2],
      ],
    },
  });
  expect(metrics.balanced_accuracy).toBeCloseTo((1 + 0 + 2 / 3) / 3, 12);
  expect(metrics.classes[0]!.f1).toBeCloseTo(2 / 3, 12);
  expect(metrics.classes[2]!.recall).toBeCloseTo(2 / 3, 12);
  expect(metrics.classes[2]!.f1).toBeCloseTo(0.8, 12);
  // Two of five rows are answered with probability 0, which counts as 1e-15.
  expect(metrics.log_loss).toBeCloseTo((2 * -Math.log(1e-15)) / 5, 9);
  expect(metrics).not.toHaveProperty("auc");
  expect(metrics).not.toHaveProperty("unknown_class_rows");
});

test("two classes have an area under the curve", () => {
  const scores = new ClassScores(["no", "yes"]);
  // The example of scikit-learn's roc_auc_score: 0.75; log loss by hand.
  scores.add([0, 0, 1, 1], [0.9, 0.1, 0.6, 0.4, 0.65, 0.35, 0.2, 0.8]);
  const metrics = scores.metrics();
  expect(metrics).toMatchObject({ rows: 4, accuracy: 0.75, balanced_accuracy: 0.75, auc: 0.75 });
  const loss = -(Math.log(0.9) + Math.log(0.6) + Math.log(0.35) + Math.log(0.8)) / 4;
  expect(metrics.log_loss).toBeCloseTo(loss, 12);
  expect(scores.baseline()).toEqual({
    class: "no",
    rows: 4,
    accuracy: 0.5,
    balanced_accuracy: 0.5,
    log_loss: Math.log(2),
    auc: 0.5,
  });
});

test("missing classes do not count, unknown ones are wrong", () => {
  const scores = new ClassScores(["a", "b"]);
  scores.add([NaN, 0, UNKNOWN_CLASS, NaN], sure([1, 0, 0, 1], 2));
  const metrics = scores.metrics();
  expect(metrics).toMatchObject({
    rows: 2,
    unknown_class_rows: 1,
    accuracy: 0.5,
    balanced_accuracy: 0.5,
    auc: null,
    classes: [
      { rows: 1, precision: 0.5, recall: 1 },
      { rows: 0, precision: null, recall: null, f1: null },
    ],
  });
  expect(metrics.log_loss).toBeCloseTo(-Math.log(1e-15) / 2, 9);
  expect(scores.baseline()).toMatchObject({ class: "a", accuracy: 0.5, balanced_accuracy: 0.5, auc: null });
});

test("the baseline answers with what was trained", () => {
  const scores = new ClassScores(["a", "b", "c"]);
  scores.add([0, 0, 0, 1], sure([0, 0, 0, 0], 3));
  const baseline = scores.baseline([1, 3, 0]);
  expect(baseline).toMatchObject({ class: "b", accuracy: 0.25, balanced_accuracy: 0.5 });
  expect(baseline.log_loss).toBeCloseTo(-(3 * Math.log(0.25) + Math.log(0.75)) / 4, 12);
  // A class that training has never seen has the share 0.
  expect(scores.baseline([0, 1, 0]).log_loss).toBeCloseTo((3 * -Math.log(1e-15)) / 4, 9);
});

test("without rows, and with a single class, everything is JSON", () => {
  const none = new ClassScores(["a", "b"]);
  expect(none.metrics()).toMatchObject({ rows: 0, accuracy: null, balanced_accuracy: null, log_loss: null, auc: null });
  expect(none.baseline()).toMatchObject({ accuracy: null, balanced_accuracy: null, log_loss: null, auc: null });
  const one = new ClassScores(["a"]);
  one.add([0, 0], [1, 1]);
  expect(one.metrics()).toMatchObject({ rows: 2, accuracy: 1, log_loss: 0, balanced_accuracy: 1 });
  for (const part of [none.metrics(), none.baseline(), one.metrics(), one.baseline()])
    expect(JSON.parse(JSON.stringify(part))).toEqual(part);
});

test("answers without probabilities have no score of them", () => {
  const scores = new ClassScores(["no", "yes"], { hasProbabilities: false });
  scores.add([0, 1], sure([0, 0], 2));
  for (const part of [scores.metrics(), scores.baseline()]) {
    expect(part).toMatchObject({ rows: 2, accuracy: 0.5 });
    expect(part).not.toHaveProperty("log_loss");
    expect(part).not.toHaveProperty("auc");
  }
});

test("of many classes the commonest hundred are listed, without a matrix", () => {
  const classes = Array.from({ length: 150 }, (_, k) => `class ${k}`);
  const scores = new ClassScores(classes);
  scores.add([120, 120, 7], sure([120, 7, 7], 150));
  const { classes: listed, ...rest } = scores.metrics();
  expect(listed).toHaveLength(100);
  expect(listed.slice(0, 3)).toMatchObject([
    { class: "class 120", rows: 2 },
    { class: "class 7" },
    { class: "class 0" },
  ]);
  expect(rest).not.toHaveProperty("confusion");
});

test("names of classes are short and whole", () => {
  const scores = new ClassScores(["😀".repeat(300)]);
  expect(scores.metrics().classes[0]!.class).toBe(`${"😀".repeat(253)}…`);
});
