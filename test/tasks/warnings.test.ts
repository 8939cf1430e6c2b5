import { eq } from "drizzle-orm";
import { afterAll, beforeAll, expect, test } from "vitest";
import { tasks } from "../../src/db/schema/index.ts";
import { boundedWarnings } from "../../src/clusters/bounded-warnings.ts";
import { addWarnings } from "../../src/tasks/add-warnings.ts";
import { widthWarnings } from "../../src/tasks/width-warnings.ts";
import {
  type Cell,
  getTask,
  makeCluster,
  makeDataset,
  requestBody,
  smallTemplate,
  startRequest,
  startTrain,
  untilFinished,
} from "../support/compute.ts";
import { createTestApp, type TestApp } from "../support/test-app.ts";

let app: TestApp;
beforeAll(async () => {
  app = await createTestApp();
});
afterAll(() => app.close());

/** Inputs x, and targets of these groups. */
const makeTable = (rows: number, targets: Record<string, Cell> = {}, type: "uint8" | "float32" = "float32") =>
  makeDataset(app.app, {
    rows,
    type,
    groups: [
      { name: "picture", width: 2, cell: (row, column) => (row + column) % 3 },
      ...Object.entries(targets).map(([name, cell]) => ({ name, width: 1, cell })),
    ],
  });

const outputs = (dataset_uuid: string, dataset_column = "label") => [
  { dataset_uuid, dataset_column, hexagon_name: "label_hex" },
];

test("warnings are distinct, short and not many", () => {
  expect(boundedWarnings(["a", "b", "a", "b"])).toEqual(["a", "b"]);
  const many = Array.from({ length: 50 }, (_, index) => `warning ${index}`);
  const joined = boundedWarnings(["first", ...many]);
  expect(joined).toHaveLength(32);
  expect(joined.slice(0, 2)).toEqual(["first", "warning 0"]);
  expect(joined.at(-1)).toBe("There are more warnings than can be listed.");
  expect(boundedWarnings([...joined, "another"])).toEqual(joined);
  const [long] = boundedWarnings([`${"a".repeat(298)}😀!`]);
  expect(long).toBe(`${"a".repeat(298)}…`);
});

test("warnings are added to a task that still exists", async () => {
  const cluster = await makeCluster(app, { name: "added" });
  const dataset = await makeTable(20, { label: () => 1 });
  const { uuid } = await startTrain(app, cluster, dataset);
  await untilFinished(app, cluster, uuid);
  await addWarnings(app.app.db, uuid, ["one"]);
  await addWarnings(app.app.db, uuid, ["two", "one"]);
  expect(await getTask(app, cluster, uuid)).toMatchObject({ warnings: ["one", "two"] });
  const list = await app.request("GET", "/task/all", { query: { cluster_uuid: cluster } });
  expect(list.text).not.toContain("two");
  await app.app.db.delete(tasks).where(eq(tasks.uuid, uuid));
  await addWarnings(app.app.db, uuid, ["three"]);
});

test("rows beyond the shortest dataset are left out with a warning", async () => {
  const cluster = await makeCluster(app, { name: "shortest" });
  const [long, short] = [await makeTable(200, { label: () => 1 }), await makeTable(50, { label: () => 1 })];
  const warnings = [
    `Only the first 50 of the 200 rows of dataset 'generated' (${long}) are used, because dataset 'generated' (${short}) has no more.`,
  ];
  const created = await startTrain(app, cluster, long, { outputs: outputs(short) });
  expect(created).toMatchObject({ total_number_of_cycles: 50, warnings });
  await untilFinished(app, cluster, created.uuid);
  expect(await getTask(app, cluster, created.uuid)).toMatchObject({ warnings });
  expect(await startTrain(app, cluster, long)).toMatchObject({ warnings: [] });
});

test("an output that no path reaches is named", async () => {
  const template = smallTemplate.replace("2,1,1", "7,1,1");
  const cluster = await makeCluster(app, { name: "with a gap", template });
  const dataset = await makeTable(20, { label: () => 1 });
  const warnings = [
    "No path of hexagons leads from an input of this task to the output 'label_hex': its answers do not depend on the data.",
  ];
  expect(await startTrain(app, cluster, dataset)).toMatchObject({ warnings });
  expect(await startRequest(app, cluster, dataset)).toMatchObject({ warnings });
});

test("targets beyond 0 to 1 of a plain output are counted", async () => {
  const cluster = await makeCluster(app, { name: "clipped" });
  const negative: Cell = (row) => (row === 1 ? 1.25 : row === 7 ? -2 : 0.5);
  const dataset = await makeTable(20, { label: negative, fine: () => 1, single: (row) => (row === 3 ? 7 : 0) });
  const warningsOf = async (column: string) => {
    const { uuid } = await startTrain(app, cluster, dataset, { outputs: outputs(dataset, column) });
    return (await untilFinished(app, cluster, uuid)).warnings;
  };
  expect(await warningsOf("label")).toEqual([
    "Output 'label_hex' learns 2 targets outside of 0 to 1 as the nearest of both; the first is 1.25 in row 2.",
  ]);
  expect(await warningsOf("single")).toEqual([
    "Output 'label_hex' learns 1 target outside of 0 to 1 as the nearest of both; the first is 7 in row 4.",
  ]);
  expect(await warningsOf("fine")).toEqual([]);
});

test("other kinds of outputs learn any number", async () => {
  const template = smallTemplate.replace("label_hex: 3,1,1", "label_hex: 3,1,1 (int)");
  const cluster = await makeCluster(app, { name: "whole", template });
  const dataset = await makeTable(20, { label: (row) => row }, "uint8");
  const { uuid } = await startTrain(app, cluster, dataset);
  expect(await untilFinished(app, cluster, uuid)).toMatchObject({ warnings: [] });
});

test("inputs of another width than was learnt are named", () => {
  const learnt = [
    { name: "a", width: 4 },
    { name: "b", width: 0 },
  ];
  expect(widthWarnings(learnt, [{ name: "a", width: 4 }, ...learnt.slice(1)])).toEqual([]);
  expect(widthWarnings(learnt, [{ name: "b", width: 3 }])).toEqual([]);
  expect(widthWarnings(learnt, [{ name: "a", width: 6 }])).toEqual([
    "Input 'a' has learnt 4 values per sample, but is given 6: those after the first 4 are ignored.",
  ]);
  expect(widthWarnings(learnt, [{ name: "a", width: 3 }])).toEqual([
    "Input 'a' has learnt 4 values per sample, but is given 3: the others count as 0.",
  ]);
});

test("a request whose input has another width is answered with a warning", async () => {
  const cluster = await makeCluster(app, { name: "widths" });
  const table = await makeDataset(app.app, {
    rows: 20,
    groups: [2, 3, 4].map((width) => ({ name: `x${width}`, width, cell: (row: number) => row % 2 })),
  });
  const inputs = (column: string) => [{ dataset_uuid: table, dataset_column: column, hexagon_name: "picture_hex" }];
  const warningsOf = async (column: string) => {
    const { uuid } = await startRequest(app, cluster, table, { inputs: inputs(column) });
    return (await untilFinished(app, cluster, uuid)).warnings;
  };
  // An untrained network knows no width.
  expect(await warningsOf("x4")).toEqual([]);
  const training = { inputs: inputs("x3"), outputs: outputs(await makeTable(20, { label: () => 1 })) };
  await untilFinished(app, cluster, (await startTrain(app, cluster, table, training)).uuid);
  expect(await warningsOf("x3")).toEqual([]);
  expect(await warningsOf("x2")).toEqual([expect.stringContaining("is given 2: the others count as 0.")]);
  expect(await warningsOf("x4")).toEqual([expect.stringContaining("is given 4: those after the first 3 are ignored.")]);
});

test("the row of a window's target may be chosen", async () => {
  const cluster = await makeCluster(app, { name: "window" });
  const dataset = await makeTable(20, { label: () => 1 });
  const planOf = async (more: Record<string, unknown>) => {
    const { uuid } = await startTrain(app, cluster, dataset, { time_length: 3, ...more });
    const [task] = await app.app.db.select({ plan: tasks.plan }).from(tasks).where(eq(tasks.uuid, uuid));
    return task?.plan;
  };
  expect(await planOf({})).toMatchObject({ target_row: "first" });
  expect(await planOf({ target_row: "last" })).toMatchObject({ target_row: "last" });
  const wrong = requestBody(cluster, dataset, { target_row: "last" });
  expect(await app.request("POST", "/task/request", { body: wrong })).toMatchObject({ status: 400 });
});
