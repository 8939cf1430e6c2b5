import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { datasets } from "../../src/db/schema/index.ts";
import type { ColumnFacts } from "../../src/datasets/file/columns.ts";
import { createDatasetFile } from "../../src/datasets/file/writer.ts";
import { datasetPath } from "../../src/files/storage.ts";
import { adminId, createTestApp, type TestApp } from "../support/test-app.ts";

let app: TestApp;
beforeAll(async () => {
  app = await createTestApp();
});
afterAll(() => app.close());

/** Rows of values of a group; texts make a column of categories, NaN is a missing cell. */
type Column = string[] | number[] | number[][];

async function makeTable(columns: Record<string, Column>): Promise<string> {
  const uuid = randomUUID();
  let end = 0;
  const made = Object.entries(columns).map(([name, cells]) => {
    const categories = [...new Set(cells.filter((cell) => typeof cell === "string"))];
    const values = cells.map((cell) => (typeof cell === "string" ? categories.indexOf(cell) : cell)).flat();
    const width = values.length / cells.length;
    end += width;
    return { name, width, values, categories, column_start: end - width, column_end: end };
  });
  const groups = made.map(({ name, column_start, column_end }) => ({ name, column_start, column_end }));
  const path = datasetPath(app.app.storage, uuid);
  const writer = await createDatasetFile(path, { name: "generated", type: "float32", groups });
  const rows = Object.values(columns)[0]!.length;
  await writer.appendGroups(
    rows,
    made.map(({ values }) => Float32Array.from(values)),
  );
  await writer.finish(
    made.map(({ width, values, categories }) => (width > 1 ? undefined : factsOf(values, categories))),
  );
  const owner = { owner_id: adminId, project_id: "admin" };
  await app.app.db.insert(datasets).values({ uuid, name: "generated", type: "csv", state: "ready", ...owner });
  return uuid;
}

const factsOf = (values: number[], categories: string[]): ColumnFacts => ({
  kind: categories.length > 0 ? "category" : "number",
  origin: 0,
  categories,
  missing: values.filter(Number.isNaN).length,
  distinct: null,
  min: null,
  max: null,
  mean: null,
  deviation: null,
  quantiles: [],
  commonest: [],
});

async function check(result: Record<string, Column>, reference: Record<string, Column>): Promise<unknown> {
  const reference_uuid = await makeTable(reference);
  const query = { uuid: await makeTable(result), reference_uuid };
  const { status, text } = await app.request("GET", "/dataset/check", { query });
  return status === 200 ? (JSON.parse(text) as { accuracy: number }).accuracy : text.replace(reference_uuid, "<uuid>");
}

const numbers = (column: string) =>
  `Dataset with UUID '<uuid>' is invalid and can not be compared: column '${column}' holds numbers, not classes; ` +
  "POST /task/evaluate measures numbers";
const unfit = "Dataset with UUID '<uuid>' is invalid and can not be compared";

test("categories are compared by their texts, whatever their codes", async () => {
  const reference = { species: ["adelie", "gentoo", "chinstrap", "gentoo"] };
  expect(await check({ species: ["gentoo", "gentoo", "chinstrap", "gentoo"] }, reference)).toBe(75);
  expect(await check({ answer: ["gentoo", "gentoo", "chinstrap", "gentoo"] }, reference)).toBe(75);
  expect(await check({ species: ["never", "never", "never", "gentoo"] }, reference)).toBe(25);
});

test("beside categories, other columns of a result are not compared", async () => {
  const result = { id: [1, 2], species: ["a", "b"], probability_a: [0.9, 0.2], probability_b: [0.1, 0.8] };
  expect(await check(result, { weight: [1.5, 2.5], species: ["a", "b"] })).toBe(100);
  expect(await check({ species: ["a", "b"] }, { weight: [1.5, 2.5] })).toBe(unfit);
});

test("categories that are numbers are compared with numbers", async () => {
  expect(await check({ size: ["0.1", "2.5"] }, { size: [0.1, 2.5] })).toBe(100);
  expect(await check({ digit: ["7", "8", "1"] }, { digit: [7, 8, 9] })).toBeCloseTo(66.67, 1);
});

test("a single column of whole numbers is compared with the nearest one", async () => {
  expect(await check({ y: [0.2, 1.4, 2.6, 7] }, { y: [0, 1, 3, 6] })).toBe(75);
  // Of zeros and ones, as in the contract, 0.5 is the border.
  expect(await check({ y: [0.2, 0.5, 2.6, -1] }, { y: [0, 1, 1, 1] })).toBe(75);
  expect(await check({ y: [0.2, 0.5, 2.6] }, { y: ["false", "true", "true"] })).toBe(100);
  expect(await check({ y: [0.2, 1.5, 1.6] }, { y: ["a", "b", "c"] })).toBeCloseTo(66.67, 1);
});

test("several values are compared with a column of classes by position", async () => {
  const label = [
    [0.9, 0, 0],
    [0, 0, 0.1],
    [0.2, 0.3, 0.1],
  ];
  expect(await check({ answer: label }, { label: [0, 2, 2] })).toBeCloseTo(66.67, 1);
  expect(await check({ answer: label }, { species: ["a", "b", "c"] })).toBeCloseTo(33.33, 1);
  expect(await check({ answer: label }, { other: [0, 2, 2] })).toBe(unfit);
});

test("a curve is no class", async () => {
  expect(await check({ y: [0.1, 0.2] }, { y: [0.11, 0.19] })).toBe(numbers("y"));
  // In the contract a group whose values are not one 1 among 0s has no right answer.
  expect(await check({ y: [[0.1, 0.2]] }, { y: [[0.11, 0.19]] })).toBe(0);
  expect(await check({ y: [[0.1, 0.2]] }, { label: [1.5] })).toBe(numbers("label"));
});

test("rows without a class do not count", async () => {
  expect(await check({ y: [1, 0, 0] }, { y: [1, NaN, 1] })).toBe(50);
  expect(await check({ y: [1, 0] }, { y: [NaN, NaN] })).toBe(unfit);
  expect(await check({ y: ["a", "b"] }, { y: ["a", "a"] })).toBe(50);
});
