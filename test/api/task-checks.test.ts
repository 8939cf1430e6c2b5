import { randomUUID } from "node:crypto";
import { eq } from "drizzle-orm";
import { afterAll, beforeAll, expect, test } from "vitest";
import { tasks } from "../../src/db/schema/index.ts";
import { makeCluster, makeDataset, requestBody, startTrain, trainBody, untilFinished } from "../support/compute.ts";
import { createTestApp, type TestApp } from "../support/test-app.ts";

let app: TestApp;
let cluster: string;
let dataset: string;
const unknown = randomUUID();

beforeAll(async () => {
  app = await createTestApp();
  dataset = await makeDataset(app.app, { rows: 40 });
  cluster = await makeCluster(app);
});
afterAll(() => app.close());

const input = () => ({ dataset_uuid: dataset, dataset_column: "picture", hexagon_name: "picture_hex" });
const output = () => ({ dataset_uuid: dataset, dataset_column: "label", hexagon_name: "label_hex" });

/** Status and text of a refused task that leaves no trace. */
async function refusal(kind: "train" | "request", more: Record<string, unknown>): Promise<[number, string]> {
  const before = await rowsLeft();
  const body = kind === "train" ? trainBody(cluster, dataset, more) : requestBody(cluster, dataset, more);
  const { status, text } = await app.request("POST", `/task/${kind}`, { body });
  expect(await rowsLeft()).toEqual(before);
  return [status, text];
}

const rowsLeft = async () => ({
  tasks: (await app.request("GET", "/task/all", { query: { cluster_uuid: cluster } })).json<{ body: unknown[] }>().body
    .length,
  datasets: (await app.request("GET", "/dataset/all")).json<{ body: unknown[] }>().body.length,
});

test("sub-keys are checked in the contract's order", async () => {
  expect(await refusal("train", { inputs: [{}] })).toEqual([400, "'hexagon_name' is missing"]);
  expect(await refusal("train", { inputs: [{ hexagon_name: "x" }] })).toEqual([400, "'dataset_uuid' is missing"]);
  const partial = { hexagon_name: "x", dataset_uuid: dataset };
  expect(await refusal("train", { inputs: [partial] })).toEqual([400, "'dataset_column' is missing"]);
  expect(await refusal("train", { outputs: [partial] })).toEqual([400, "'dataset_column' is missing"]);
  expect(await refusal("request", { results: [{ hexagon_name: "x" }] })).toEqual([400, "'dataset_column' is missing"]);
  expect(await refusal("request", { results: [{ dataset_column: "x" }] })).toEqual([400, "'hexagon_name' is missing"]);
});

test("items of any other type are refused", async () => {
  const text = (key: string, type: string) =>
    `Value-validation failed, because a item '${key}'  has the false type: Exprect ${type}-type.`;
  for (const item of [null, 1, "x", [], true])
    expect(await refusal("train", { inputs: [item] })).toEqual([400, text("inputs", "map")]);
  expect(await refusal("train", { inputs: {} })).toEqual([400, text("inputs", "array")]);
  expect(await refusal("train", { inputs: [{ ...input(), hexagon_name: 5 }] })).toEqual([
    400,
    text("hexagon_name", "string"),
  ]);
  const malformed = { ...input(), dataset_uuid: "abc" };
  const uuid = "[a-fA-F0-9]{8}-[a-fA-F0-9]{4}-[a-fA-F0-9]{4}-[a-fA-F0-9]{4}-[a-fA-F0-9]{12}";
  expect(await refusal("train", { inputs: [malformed] })).toEqual([
    400,
    `Given item 'dataset_uuid' doesn't match with regex "^${uuid}$"`,
  ]);
});

test("empty lists are refused", async () => {
  expect(await refusal("train", { inputs: [] })).toEqual([400, "'inputs' is empty"]);
  expect(await refusal("train", { outputs: [] })).toEqual([400, "'outputs' is empty"]);
  expect(await refusal("request", { inputs: [] })).toEqual([400, "'inputs' is empty"]);
  expect(await refusal("request", { results: [] })).toEqual([400, "'results' is empty"]);
});

test("unknown and repeated names are refused", async () => {
  const strange = { ...input(), hexagon_name: "nope" };
  expect(await refusal("train", { inputs: [strange] })).toEqual([404, "Cluster has no input with name 'nope'"]);
  expect(await refusal("train", { outputs: [strange] })).toEqual([404, "Cluster has no output with name 'nope'"]);
  expect(await refusal("train", { inputs: [input(), input()] })).toEqual([
    400,
    "The input with name 'picture_hex' is used twice",
  ]);
  expect(await refusal("train", { outputs: [output(), output()] })).toEqual([
    400,
    "The output with name 'label_hex' is used twice",
  ]);
  const result = { dataset_column: "a", hexagon_name: "label_hex" };
  expect(await refusal("request", { results: [result, result] })).toEqual([
    400,
    "The output with name 'label_hex' is used twice",
  ]);
});

test.each([
  ["", "is empty"],
  ["a\0", "holds the control character U+0000"],
  ["two\nlines", "holds the control character U+000A"],
  ["\u009b2J", "holds the control character U+009B"],
  ["\ud83d!", "holds half of a surrogate pair, U+D83D"],
  ["gr\ufffd\ufffde", "is not UTF-8 or holds U+FFFD"],
  ["n".repeat(255), "is longer than 254 characters"],
])("%j is refused wherever the name of a column is given", async (dataset_column, problem) => {
  const text = `Validation failed, because item 'dataset_column' is not valid: the name ${problem}`;
  expect(await refusal("train", { inputs: [{ ...input(), dataset_column }] })).toEqual([400, text]);
  expect(await refusal("train", { outputs: [{ ...output(), dataset_column }] })).toEqual([400, text]);
  expect(await refusal("request", { inputs: [{ ...input(), dataset_column }] })).toEqual([400, text]);
  const result = { dataset_column, hexagon_name: "label_hex" };
  expect(await refusal("request", { results: [result] })).toEqual([400, text]);
});

test("unknown datasets and columns answer with the contract's texts", async () => {
  const noData = { ...input(), dataset_uuid: unknown };
  expect(await refusal("train", { inputs: [noData] })).toEqual([404, `Data-set with uuid '${unknown}' not found`]);
  expect(await refusal("request", { inputs: [noData] })).toEqual([404, `Data-set with uuid '${unknown}' not found`]);
  const noColumn = { ...input(), dataset_column: "nope" };
  expect(await refusal("train", { inputs: [noColumn] })).toEqual([
    404,
    "Dataset has no input for columsn with name 'nope'",
  ]);
  expect(await refusal("request", { inputs: [noColumn] })).toEqual([
    404,
    "Dataset doesn't contain column with name 'nope'",
  ]);
});

test("windows, sizes and options outside of their range are refused", async () => {
  expect(await refusal("train", { time_length: 41 })).toEqual([400, "'time_length' is 41, but there are only 40 rows"]);
  expect(await refusal("request", { time_length: 41 })).toEqual([
    400,
    "'time_length' is 41, but there are only 40 rows",
  ]);
  expect(await refusal("train", { time_length: 0 })).toEqual([400, "Given item 'time_length' is smaller than 1"]);
  expect(await refusal("train", { epochs: 0 })).toEqual([400, "Given item 'epochs' is smaller than 1"]);
  expect(await refusal("train", { batch_size: 100_000 })).toEqual([
    400,
    "Given item 'batch_size' is bigger than 65536",
  ]);
  const false_ = "Value-validation failed, because a item 'learning_rate'  has the false type: Exprect float-type.";
  expect(await refusal("train", { learning_rate: "fast" })).toEqual([400, false_]);
  const big = await makeDataset(app.app, {
    rows: 2000,
    groups: [{ name: "wide", width: 4000, cell: () => 1 }],
  });
  const wide = { ...input(), dataset_uuid: big, dataset_column: "wide" };
  const more = {
    inputs: [wide],
    outputs: [{ ...output(), dataset_uuid: big, dataset_column: "wide" }],
    time_length: 1000,
  };
  expect(await refusal("train", { ...more, batch_size: 1000 })).toEqual([
    400,
    "One step would have 4000000000 input values, but at most 134217728 are possible",
  ]);
});

test("an empty dataset is refused", async () => {
  const empty = await makeDataset(app.app, { rows: 0 });
  expect(await refusal("request", { inputs: [{ ...input(), dataset_uuid: empty }] })).toEqual([
    400,
    `Data-set with uuid '${empty}' has no rows`,
  ]);
});

test("unknown clusters and tasks answer with the contract's texts", async () => {
  const noCluster = { status: 404, text: `Cluster with uuid '${unknown}' not found` };
  for (const body of [trainBody(unknown, dataset), { ...trainBody(unknown, dataset), inputs: [{}] }]) {
    expect(await app.request("POST", "/task/train", { body })).toMatchObject(noCluster);
  }
  expect(await app.request("POST", "/task/request", { body: requestBody(unknown, dataset) })).toMatchObject(noCluster);
  const query = { uuid: unknown, cluster_uuid: unknown };
  expect(await app.request("GET", "/task", { query })).toMatchObject(noCluster);
  expect(await app.request("DELETE", "/task", { query })).toMatchObject(noCluster);
  expect(await app.request("GET", "/task/all", { query: { cluster_uuid: unknown } })).toMatchObject(noCluster);
  const noTask = { status: 404, text: `Task with UUID '${unknown}'not found in Cluster with UUID '${cluster}` };
  expect(await app.request("GET", "/task", { query: { uuid: unknown, cluster_uuid: cluster } })).toMatchObject(noTask);
  expect(await app.request("DELETE", "/task", { query: { uuid: unknown, cluster_uuid: cluster } })).toMatchObject(
    noTask,
  );
});

test("a task of one cluster is not found in another, and strangers find neither", async () => {
  const task = await startTrain(app, cluster, dataset);
  await untilFinished(app, cluster, task.uuid);
  const other = await makeCluster(app, { name: "other" });
  const response = await app.request("GET", "/task", { query: { uuid: task.uuid, cluster_uuid: other } });
  expect(response.text).toBe(`Task with UUID '${task.uuid}'not found in Cluster with UUID '${other}`);
  const token = await app.addUser({ id: "stranger", projectId: "elsewhere" });
  const query = { uuid: task.uuid, cluster_uuid: cluster };
  expect(await app.request("GET", "/task", { token, query })).toMatchObject({ status: 404 });
  expect(await app.request("DELETE", "/task", { token, query })).toMatchObject({ status: 404 });
  const [row] = await app.app.db.select().from(tasks).where(eq(tasks.uuid, task.uuid));
  expect(row?.state).toBe("finished");
});

test("several inputs and outputs, windows, and results side by side", async () => {
  const template = `version: 1
settings:
    refractory_time: 1
hexagons:
    1,1,1
    1,3,1
    2,1,1
    2,3,1
    3,1,1
    3,3,1
inputs:
    a: 1,1,1
    b: 1,3,1 (binary)
outputs:
    one: 3,1,1
    two: 3,3,1 (bool)
`;
  const many = await makeCluster(app, { name: "many", template });
  const bind = (hexagon_name: string, dataset_column: string) => ({
    dataset_uuid: dataset,
    dataset_column,
    hexagon_name,
  });
  const inputs = [bind("b", "picture"), bind("a", "picture")];
  const train = await startTrain(app, many, dataset, {
    inputs,
    outputs: [bind("two", "label"), bind("one", "label")],
    time_length: 3,
    epochs: 2,
    batch_size: 16,
  });
  expect(train.total_number_of_cycles).toBe(76);
  await untilFinished(app, many, train.uuid);
  const results = [
    { dataset_column: "second", hexagon_name: "two" },
    { dataset_column: "first", hexagon_name: "one" },
  ];
  const body = { name: "request_task", cluster_uuid: many, inputs, results, time_length: 3 };
  const request = (await app.request("POST", "/task/request", { body })).json<{ uuid: string }>();
  await untilFinished(app, many, request.uuid);
  const dataset_ = (await app.request("GET", "/dataset", { query: { uuid: request.uuid } })).json();
  expect(dataset_).toMatchObject({
    number_of_rows: 38,
    number_of_columns: 16,
    description: { second: { column_start: 0, column_end: 8 }, first: { column_start: 8, column_end: 16 } },
  });
});

test("uuids in capitals name the same datasets and clusters", async () => {
  const [CLUSTER, DATASET] = [cluster.toUpperCase(), dataset.toUpperCase()];
  const made = [
    await app.request("POST", "/task/train", { body: trainBody(CLUSTER, DATASET) }),
    await app.request("POST", "/task/request", { body: requestBody(CLUSTER, DATASET) }),
  ];
  for (const answer of made) {
    const { uuid } = answer.json<{ uuid: string }>();
    expect((await untilFinished(app, cluster, uuid)).state).toBe("finished");
  }
});

// Reading or scanning the dataset's list of columns for each binding would take minutes.
test("thousands of bindings to a dataset of many columns are checked in one pass", { timeout: 20_000 }, async () => {
  const ports = Array.from({ length: 1000 }, (_, i) => i);
  const groups = Array.from({ length: 60_000 }, (_, i) => ({ name: `c${i}`, width: 1, cell: () => 1 }));
  const wide = await makeDataset(app.app, { rows: 1, groups });
  const many = await makeCluster(app, {
    name: "many_inputs",
    template: `version: 1 settings: hexagons: -1,0,0 ${ports.map((i) => `${i},0,0`).join("\n")}
      inputs: ${ports.map((i) => `i${i}: ${i},0,0`).join("\n")} outputs: out: -1,0,0`,
  });
  const body = {
    name: "train_task",
    cluster_uuid: many,
    inputs: ports.map((i) => ({ hexagon_name: `i${i}`, dataset_uuid: wide, dataset_column: `c${59_999 - i}` })),
    outputs: [{ hexagon_name: "out", dataset_uuid: wide, dataset_column: "nope" }],
  };
  expect(await app.request("POST", "/task/train", { body })).toMatchObject({
    status: 404,
    text: "Dataset has no input for columsn with name 'nope'",
  });
});
