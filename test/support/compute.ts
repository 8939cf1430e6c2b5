import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { and, eq, isNull } from "drizzle-orm";
import type { App } from "../../src/app-context.ts";
import { datasets, users } from "../../src/db/schema/index.ts";
import { createDatasetFile } from "../../src/datasets/file/writer.ts";
import { datasetPath } from "../../src/files/storage.ts";
import { type TestApp, adminId, base64 } from "./test-app.ts";

/** Three hexagons in a row: input, middle, output. */
export const smallTemplate = `version: 1
settings:
    neuron_cooldown: 1000000000.0
    refractory_time: 1
    max_connection_distance: 1
    enable_reduction: false
hexagons:
    1,1,1
    2,1,1
    3,1,1
inputs:
    picture_hex: 1,1,1
outputs:
    label_hex: 3,1,1
`;

/** Values of row r and column c of a generated group. */
export type Cell = (row: number, column: number) => number;

/** Eight classes of noisy bars on 16 pixels: learnable, and different in every row. */
export const pixel: Cell = (row, column) => {
  const noise = (row * 2654435761 + column * 40503) >>> 0;
  return Math.floor(column / 2) === row % 8 ? 200 + (noise % 56) : (noise >>> 8) % 24;
};
export const oneHot: Cell = (row, column) => (column === row % 8 ? 1 : 0);

export interface GeneratedGroup {
  name: string;
  width: number;
  cell: Cell;
}

const pictures: GeneratedGroup[] = [
  { name: "picture", width: 16, cell: pixel },
  { name: "label", width: 8, cell: oneHot },
];

/** Puts a dataset in place as an import would have done it. Resolves to its uuid. */
export async function makeDataset(
  app: Pick<App, "db" | "storage">,
  options: {
    rows: number;
    groups?: GeneratedGroup[];
    type?: "uint8" | "float32";
    owner?: { owner_id: string; project_id: string };
  },
): Promise<string> {
  const { rows, groups = pictures, type = "uint8", owner = { owner_id: adminId, project_id: "admin" } } = options;
  const uuid = randomUUID();
  let column = 0;
  const layout = groups.map(({ name, width }) => {
    column += width;
    return { name, column_start: column - width, column_end: column };
  });
  const writer = await createDatasetFile(datasetPath(app.storage, uuid), { name: "generated", type, groups: layout });
  const columns = groups.map(({ width, cell }) => {
    const values = type === "uint8" ? new Uint8Array(rows * width) : new Float32Array(rows * width);
    for (let index = 0; index < values.length; index++) values[index] = cell(Math.floor(index / width), index % width);
    return values;
  });
  await writer.appendGroups(rows, columns);
  await writer.finish();
  const [account] = await app.db
    .select({ owner_uuid: users.row_uuid })
    .from(users)
    .where(and(eq(users.id, owner.owner_id), isNull(users.deleted_at)));
  await app.db
    .insert(datasets)
    .values({ uuid, name: "generated", type: "mnist", state: "ready", ...owner, ...account });
  return uuid;
}

export interface TaskBody {
  uuid: string;
  name: string;
  state: string;
  current_cycle: number;
  total_number_of_cycles: number;
  percentage_finished: number;
  queue_timestamp: string;
  start_timestamp: string;
  end_timestamp: string;
  error_message?: string;
  warnings: string[];
}

export async function makeCluster(
  app: TestApp,
  options: { name?: string; template?: string; seed?: number; host_uuid?: string; token?: string } = {},
): Promise<string> {
  const { name = "test_cluster", template = smallTemplate, seed = 7, host_uuid, token } = options;
  const body = { name, template: base64(template), seed, host_uuid };
  return (await app.request("POST", "/cluster", { body, ...(token === undefined ? {} : { token }) })).json<{
    uuid: string;
  }>().uuid;
}

export const trainBody = (cluster: string, dataset: string, more: Record<string, unknown> = {}) => ({
  name: "train_task",
  cluster_uuid: cluster,
  inputs: [{ dataset_uuid: dataset, dataset_column: "picture", hexagon_name: "picture_hex" }],
  outputs: [{ dataset_uuid: dataset, dataset_column: "label", hexagon_name: "label_hex" }],
  ...more,
});

export const requestBody = (cluster: string, dataset: string, more: Record<string, unknown> = {}) => ({
  name: "request_task",
  cluster_uuid: cluster,
  inputs: [{ dataset_uuid: dataset, dataset_column: "picture", hexagon_name: "picture_hex" }],
  results: [{ dataset_column: "label", hexagon_name: "label_hex" }],
  ...more,
});

export async function startTrain(app: TestApp, cluster: string, dataset: string, more: Record<string, unknown> = {}) {
  return (await app.request("POST", "/task/train", { body: trainBody(cluster, dataset, more) })).json<TaskBody>();
}

/** A cluster that has learned a dataset once. */
export async function makeTrainedCluster(
  app: TestApp,
  dataset: string,
  options: Parameters<typeof makeCluster>[1],
): Promise<string> {
  const cluster = await makeCluster(app, options);
  const { uuid } = await startTrain(app, cluster, dataset);
  await untilFinished(app, cluster, uuid);
  return cluster;
}

export async function startRequest(app: TestApp, cluster: string, dataset: string, more: Record<string, unknown> = {}) {
  return (await app.request("POST", "/task/request", { body: requestBody(cluster, dataset, more) })).json<TaskBody>();
}

export async function getTask(app: TestApp, cluster: string, uuid: string): Promise<TaskBody> {
  return (await app.request("GET", "/task", { query: { uuid, cluster_uuid: cluster } })).json<TaskBody>();
}

/**
 * Polls a task, as clients do, until `reached` holds; fails when it ends otherwise. Each pause is a millisecond longer
 * than the one before, up to `intervalMsMax`.
 */
export async function untilTask(
  app: TestApp,
  cluster: string,
  uuid: string,
  reached: (task: TaskBody) => boolean,
  intervalMsMax = 5,
): Promise<TaskBody> {
  for (let intervalMs = 5; ; intervalMs++) {
    const task = await getTask(app, cluster, uuid);
    if (reached(task)) return task;
    if (!["queued", "active"].includes(task.state)) throw new Error(`the task is over: ${JSON.stringify(task)}`);
    await delay(Math.min(intervalMs, intervalMsMax));
  }
}

/** Leaves the processors to the task, the longer the more. */
export const untilFinished = (app: TestApp, cluster: string, uuid: string) =>
  untilTask(app, cluster, uuid, ({ state }) => state === "finished", 50);

/** All rows of one group of a dataset. */
export async function contentOf(app: TestApp, uuid: string, column: string, rows: number): Promise<number[][]> {
  const query = { uuid, column_name: column, row_offset: 0, number_of_rows: rows };
  return (await app.request("GET", "/dataset/content", { query })).json<{ data: number[][] }>().data;
}

export const argMax = (values: readonly number[]) => values.indexOf(Math.max(...values));

/** Bytes of the network as they are on its host. */
export async function stateOf(app: App, cluster: string): Promise<Buffer> {
  return Buffer.from(await app.scheduler.exclusive(cluster, (network) => network.exportState()));
}
