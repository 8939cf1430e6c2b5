/** Single rows over REST: predict and learn. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestApp, type TestApp } from "../support/test-app.ts";
import { makeCluster } from "../support/compute.ts";

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
