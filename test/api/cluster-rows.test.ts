/** Single rows over REST: predict and learn. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestApp, type TestApp } from "../support/test-app.ts";
import { randomUUID } from "node:crypto";
import { eq } from "drizzle-orm";
import { clusters, tasks, type TaskPlan } from "../../src/db/schema/index.ts";
import { makeCluster, makeDataset, startTrain, untilFinished } from "../support/compute.ts";

let app: TestApp;
beforeAll(async () => {
  app = await createTestApp();
});
afterAll(() => app.close());

const template = (kind: string) => `version: 1 settings: hexagons: 1,1,1 2,1,1 3,1,1  1,3,1 2,3,1
  inputs: row: 1,1,1 1,3,1 (table) outputs: answer: 3,1,1 2,3,1 (${kind})`;

interface Answer {
  header?: string[];
  rows: Record<string, unknown>[];
  learnt: number;
  warnings: string[];
}
const call = async (path: string, body: object) => (await app.request("POST", path, { body })).json<Answer>();
const refusal = async (path: string, body: object) => {
  const answer = await app.request("POST", path, { body });
  return [answer.status, answer.text] as const;
};

/** The fruit follows from weight and colour. */
const fruit = (row: number) => {
  const isApple = row % 2 === 0;
  const colour = row % 5 === 0 ? null : isApple ? "red" : "yellow";
  return {
    weight: (isApple ? -150 : 120) + (row % 10),
    colour,
    seen: "2026-01-02",
    fruit: isApple ? "apple" : "banana",
  };
};
const fruits = (count: number, first = 0) => Array.from({ length: count }, (_, row) => fruit(first + row));

test("a network learns rows as they come, then answers objects and arrays", async () => {
  const cluster_uuid = await makeCluster(app, { name: "fruits", template: template("class") });
  const first = { cluster_uuid, rows: fruits(100), predict: true, targets: { answer: "fruit" } };
  const learnt = await call("/cluster/learn", first);
  expect(learnt).toMatchObject({ learnt: 100, warnings: [] });
  expect(learnt.rows[0]).toBe(null);
  expect(learnt.rows[99]).toMatchObject({ predicted_fruit: "banana" });
  for (let turn = 0; turn < 5; turn++) await call("/cluster/learn", { cluster_uuid, rows: fruits(100) });

  const asked = fruits(4).map(({ weight, colour }) => ({ weight, colour, taste: 1 }));
  const { rows, warnings } = await call("/cluster/predict", { cluster_uuid, rows: asked });
  expect(rows.map((row) => row["predicted_fruit"])).toEqual(["apple", "banana", "apple", "banana"]);
  for (const row of rows) expect(Number(row["probability_apple"]) + Number(row["probability_banana"])).toBeCloseTo(1);
  expect(warnings).toEqual([
    "column 'seen': learnt, but not in these rows, and silent here",
    "column 'taste': not learnt, and ignored here",
  ]);

  const lists = [
    [-150, "red", null],
    [120, "green", "2027-01-01"],
  ];
  const listed = await call("/cluster/predict", { cluster_uuid, rows: lists });
  expect(listed.header).toEqual(["predicted_fruit", "probability_apple", "probability_banana"]);
  expect(listed.rows.map((row) => (row as unknown as unknown[])[0])).toEqual(["apple", "banana"]);
  expect(listed.warnings).toEqual([expect.stringContaining("'colour': 1 cell has a category")]);
});

test("numbers come back in their own unit; a new class makes the answer wider", async () => {
  const numbers = await makeCluster(app, { name: "numbers", template: template("number") });
  const line = Array.from({ length: 200 }, (_, row) => ({ x: row, answer: 1000 + 5 * row }));
  for (let turn = 0; turn < 20; turn++) await call("/cluster/learn", { cluster_uuid: numbers, rows: line });
  const { rows } = await call("/cluster/predict", { cluster_uuid: numbers, rows: [{ x: 20 }, { x: 180 }] });
  const [low, high] = rows.map((row) => Number(row["predicted_answer"]));
  expect(low).toBeGreaterThan(1000);
  expect(high).toBeGreaterThan(low! + 300);

  const classes = await makeCluster(app, { name: "classes", template: template("class") });
  const rowsOf = (answer: string) => Array.from({ length: 30 }, (_, x) => ({ x, answer }));
  await call("/cluster/learn", { cluster_uuid: classes, rows: [...rowsOf("a"), ...rowsOf("b")] });
  await call("/cluster/learn", { cluster_uuid: classes, rows: [{ x: 1, answer: "c" }] });
  const [answer] = (await call("/cluster/predict", { cluster_uuid: classes, rows: [{ x: 1 }] })).rows;
  expect(Object.keys(answer!)).toEqual(["predicted_answer", "probability_a", "probability_b", "probability_c"]);
});

test("an input without an encoder takes arrays", async () => {
  const cluster_uuid = await makeCluster(app, { name: "plain" });
  const rows = Array.from({ length: 32 }, (_, row) => ({
    picture_hex: [row % 2, 1 - (row % 2)],
    label_hex: [row % 2],
  }));
  await call("/cluster/learn", { cluster_uuid, rows });
  const answer = await call("/cluster/predict", { cluster_uuid, rows: [{ picture_hex: [1, 0] }] });
  expect(answer.rows).toEqual([{ label_hex: expect.any(Number) }]);
});

test("rows that the network cannot take are refused, and nothing is learnt", async () => {
  const cluster_uuid = await makeCluster(app, { name: "refusals", template: template("class") });
  const learn = (rows: unknown, more: object = {}) => refusal("/cluster/learn", { cluster_uuid, rows, ...more });
  const predict = (rows: unknown) => refusal("/cluster/predict", { cluster_uuid, rows });
  expect(await predict([{ x: 1 }])).toEqual([400, "The input 'row' has not learnt a table yet"]);
  expect(await learn([{ x: 1, answer: "a" }])).toEqual([400, expect.stringContaining("at least 20")]);
  expect(await learn(Array(30).fill({ x: 1 }))).toEqual([400, expect.stringContaining("no column 'answer'")]);
  expect(await learn(Array(30).fill({ answer: "a" }))).toEqual([400, expect.stringContaining("besides the targets")]);
  const good = Array.from({ length: 30 }, (_, x) => ({ x, word: "w", answer: x % 2 ? "a" : "b" }));
  expect(await learn(good)).toEqual([200, expect.any(String)]);
  expect(await learn([])).toEqual([400, "'rows' is empty"]);
  expect(await predict(Array(10_001).fill({ x: 1 }))).toEqual([400, expect.stringContaining("at most 10000")]);
  expect(await predict([{ x: 1 }, [1]])).toEqual([400, "Row 1 is not an object"]);
  expect(await predict([[1, 2, 3]])).toEqual([
    400,
    expect.stringContaining("3 cells, but 2 are expected: 'x', 'word'"),
  ]);
  expect(await predict([{ x: "many" }])).toEqual([400, `Row 0, column 'x': "many" is no number`]);
  expect(await predict([{ x: 1e300 }])).toEqual([400, expect.stringContaining("is no number")]);
  expect(await predict([{ word: 7 }])).toEqual([400, expect.stringContaining("'word'")]);
  expect(await predict([{ x: { y: 1 } }])).toEqual([400, "Row 0, column 'x' is no cell"]);
  expect(await predict([{ z: 1 }])).toEqual([400, expect.stringContaining("none of the columns")]);
  expect(
    (await call("/cluster/predict", { cluster_uuid, rows: [{ ["__proto__"]: 1, x: null }] })).warnings,
  ).toHaveLength(2);
});

test("the values of plain outputs count as cells of an answer", async () => {
  const cluster_uuid = await makeCluster(app, {
    name: "wide answers",
    template: "version: 1 settings: hexagons: 1,1,1 2,1,1 inputs: row: 1,1,1 outputs: answer: 2,1,1",
  });
  const answer = Array<number>(2000).fill(1);
  await call("/cluster/learn", { cluster_uuid, rows: [{ row: 1, answer }] });
  const rows = Array(60).fill({ row: 1 });
  const tooMany = [400, "The answer would have 120000 cells, but at most 100000 are possible"];
  expect(await refusal("/cluster/predict", { cluster_uuid, rows })).toEqual(tooMany);
  const taught = { cluster_uuid, rows: rows.map((row: object) => ({ ...row, answer })).slice(0, 30), predict: true };
  expect((await call("/cluster/learn", taught)).rows[29]!["answer"]).toHaveLength(2000);
});

test("few cells in many columns are refused", async () => {
  const cluster_uuid = await makeCluster(app, { name: "columns", template: template("class") });
  const wide = (columns: number) => Object.fromEntries(Array.from({ length: columns }, (_, k) => [`c${k}`, k]));
  const rows = [...Array<object>(10_000 - 1).fill({}), wide(40_000)];
  const body = { cluster_uuid, rows: rows.map((row) => ({ ...row, answer: "a" })) };
  expect(await refusal("/cluster/learn", body)).toEqual([400, "10000 rows have more than 104 different columns"]);
});

test("only columns of a table's rows become its columns", async () => {
  const cluster_uuid = await makeCluster(app, {
    name: "mixed",
    template: `version: 1 settings: hexagons: 1,1,1 2,1,1 3,1,1 1,3,1
      inputs: row: 1,1,1 (table) other: 1,3,1 outputs: answer: 3,1,1`,
  });
  const rows = Array.from({ length: 20 }, (_, x) => ({ x, other: [0, 1], answer: [x % 2, 2] }));
  const learnt = await call("/cluster/learn", { cluster_uuid, rows });
  expect(learnt.warnings).toEqual([
    "output 'answer' learns 20 targets outside of 0 to 1 as the nearest of both; the first is 2 in row 0",
  ]);
  const predict = (row: object) => refusal("/cluster/predict", { cluster_uuid, rows: [row] });
  expect(await predict([1, [0, 1]])).toEqual([200, expect.any(String)]);
  expect(await predict({ x: 1, other: [0, 1, 1] })).toEqual([
    400,
    "'other' has 3 values, but the network has learnt only 2 of them",
  ]);
  const warningsOf = async (row: object) => (await call("/cluster/predict", { cluster_uuid, rows: [row] })).warnings;
  expect(await warningsOf({ x: 1, other: 1 })).toEqual([
    "input 'other' has learnt 2 values, but is given 1: the others count as 0",
  ]);
  expect(await warningsOf({ x: 1 })).toEqual(["input 'other' is not in these rows, and counts as 0"]);
});

test("a network that has learnt windows of rows says so", async () => {
  const dataset = await makeDataset(app.app, { rows: 40 });
  const cluster_uuid = await makeCluster(app, { name: "windows" });
  const { uuid } = await startTrain(app, cluster_uuid, dataset, { time_length: 2 });
  await untilFinished(app, cluster_uuid, uuid);
  const { warnings } = await call("/cluster/predict", { cluster_uuid, rows: [{ picture_hex: Array(16).fill(1) }] });
  expect(warnings).toEqual(["input 'picture_hex' has learnt 32 values, but is given 16: the others count as 0"]);
});

test("a call that is refused leaves no encoders, and a training comes first", async () => {
  const cluster_uuid = await makeCluster(app, {
    name: "order",
    template: `version: 1 settings: hexagons: 1,1,1 2,1,1 3,1,1 1,3,1 2,3,1
      inputs: row: 1,1,1 (table) other: 1,3,1 outputs: answer: 3,1,1 (class)`,
  });
  const learn = (body: object) => refusal("/cluster/learn", { cluster_uuid, ...body });
  const rows = Array.from({ length: 20 }, (_, x) => ({ x, other: 1, answer: x % 2 ? "a" : "b" }));
  const wrong = [...rows, { ...rows[0]!, other: "x" }];
  expect(await learn({ rows: wrong })).toEqual([400, "Row 20, 'other' has a value that is no number"]);
  const long = rows.map((row) => ({ ...row, ["y".repeat(70_000)]: 1 })).slice(0, 20);
  expect(await learn({ rows: long })).toEqual([400, expect.stringContaining("more than 65536 characters")]);
  expect(await refusal("/cluster/predict", { cluster_uuid, rows: [{ x: 1, other: 1 }] })).toEqual([
    400,
    "The input 'row' has not learnt a table yet",
  ]);
  const bad = (targets: object) => learn({ rows, targets });
  expect(await bad({ answer: { toString: 1 } })).toEqual([
    400,
    "'targets' has no name of a column for output 'answer'",
  ]);
  expect(await bad({ nothing: "x" })).toEqual([
    400,
    "'targets' has 'nothing', which is no output of a class or number",
  ]);

  // A queued task; nothing wakes the scheduler.
  const steps = { time_length: 1, epochs: 1, batch_size: 1, learning_rate: null, seed: null };
  const plan: TaskPlan = { kind: "train", inputs: [], outputs: [], rows: 1, ...steps };
  const { db } = app.app;
  const [cluster] = await db.select().from(clusters).where(eq(clusters.uuid, cluster_uuid));
  const { project_id, owner_id, owner_uuid } = cluster!;
  const uuid = randomUUID();
  const owner = { project_id, owner_id, owner_uuid };
  await db.insert(tasks).values({ uuid, cluster_uuid, ...owner, name: "waits", plan, total_number_of_cycles: 1 });
  expect(await learn({ rows })).toEqual([409, "The cluster is about to learn a table in a task"]);
  await db.delete(tasks).where(eq(tasks.uuid, uuid));
  expect(await learn({ rows })).toEqual([200, expect.any(String)]);
  expect(await bad({ answer: "x" })).toEqual([400, "Output 'answer' has learnt column 'answer', not 'x'"]);
});

test("rows without a target do not count, and each cell is told once", async () => {
  const cluster_uuid = await makeCluster(app, { name: "counts", template: template("class") });
  const row = (x: number, answer: string | null, word = "w") => ({ x, word: x % 2 ? word : "v", answer });
  const rows = Array.from({ length: 40 }, (_, x) => row(x, x % 4 === 0 ? null : "a"));
  const first = await call("/cluster/learn", { cluster_uuid, rows: [...rows, row(1, "b")] });
  expect(first).toMatchObject({ learnt: 31, warnings: ["rows without all targets are not learnt: 10"] });
  const again = await call("/cluster/learn", { cluster_uuid, rows: [row(1, "a", "new")], predict: true });
  expect(again).toMatchObject({ learnt: 1, warnings: [expect.stringContaining("'word': 1 cell has a category")] });

  const numbers = await makeCluster(app, { name: "beyond", template: template("number") });
  await call("/cluster/learn", { cluster_uuid: numbers, rows: rows.map(({ x }) => ({ x, answer: x })) });
  const beyond = await call("/cluster/learn", { cluster_uuid: numbers, rows: [{ x: 1, answer: 1e6 }] });
  expect(beyond.warnings).toEqual([
    "column 'answer': 1 number is beyond those of the first training, and learnt as the nearest of them",
  ]);
});

test("warnings are bounded", async () => {
  const cluster_uuid = await makeCluster(app, { name: "bounded", template: template("class") });
  const rows = Array.from({ length: 100 }, (_, x) => ({ x, answer: `${x}${"n".repeat(1000)}` }));
  const learnt = await call("/cluster/learn", { cluster_uuid, rows, predict: true });
  const asked = await call("/cluster/predict", { cluster_uuid, rows: [{ x: 1 }] });
  for (const { warnings } of [learnt, asked]) {
    expect(warnings).toHaveLength(32);
    expect(warnings[0]).toMatch(/^the probability of class '0n+…' is in column 'probability_0'$/);
    expect(Math.max(...warnings.map(({ length }) => length))).toBeLessThanOrEqual(300);
  }
});

test("a stream may drift: new classes are named, and the range of a number follows", async () => {
  const numbers = await makeCluster(app, { name: "drifting number", template: template("number") });
  const rowsOf = (shift: number) => Array.from({ length: 200 }, (_, x) => ({ x, answer: x + shift }));
  for (let turn = 0; turn < 5; turn++) await call("/cluster/learn", { cluster_uuid: numbers, rows: rowsOf(0) });
  const drifted = await call("/cluster/learn", { cluster_uuid: numbers, rows: rowsOf(5000) });
  expect(drifted.warnings).toEqual([expect.stringContaining("'answer' have left the range")]);
  for (let turn = 0; turn < 20; turn++) await call("/cluster/learn", { cluster_uuid: numbers, rows: rowsOf(5000) });
  const [answer] = (await call("/cluster/predict", { cluster_uuid: numbers, rows: [{ x: 100 }] })).rows;
  expect(Number(answer!["predicted_answer"])).toBeGreaterThan(4000);

  const classes = await makeCluster(app, { name: "drifting class", template: template("class") });
  const named = (answer: string) => Array.from({ length: 30 }, (_, x) => ({ x, answer }));
  await call("/cluster/learn", { cluster_uuid: classes, rows: [...named("a"), ...named("b")] });
  const grown = await call("/cluster/learn", { cluster_uuid: classes, rows: named("c") });
  expect(grown.warnings).toEqual(["new class of 'answer': 'c'"]);
  expect(await refusal("/cluster/learn", { cluster_uuid: classes, rows: named("7") })).toEqual([
    400,
    "The target 'answer' has numbers, and its classes are texts.",
  ]);
});
