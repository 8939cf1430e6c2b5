import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../datasets/support.ts";
import { makeDataset, requestBody, smallTemplate, type TaskBody, trainBody } from "../support/compute.ts";
import { and, eq } from "drizzle-orm";
import { clusters, tasks } from "../../src/db/schema/index.ts";
import { openDatabase } from "../../src/db/open.ts";
import { openStorage } from "../../src/files/storage.ts";
import { kill, type RunningServer, startServer } from "../support/server-process.ts";
import { base64 } from "../support/test-app.ts";

const epochs = 300;
const rows = 200;

async function prepare(): Promise<{ dataDir: string; dataset: string }> {
  const dataDir = await temporaryFolder();
  const storage = await openStorage(dataDir);
  const database = await openDatabase({ url: undefined, directory: storage.database });
  const dataset = await makeDataset({ db: database.db, storage }, { rows });
  await database.close();
  return { dataDir, dataset };
}

const newCluster = async (server: RunningServer, name: string) =>
  (await server.ask<{ uuid: string }>("POST", "/cluster", { name, template: base64(smallTemplate), seed: 3 })).uuid;

const taskOf = (server: RunningServer, cluster: string, uuid: string) =>
  server.ask<TaskBody>("GET", `/task?uuid=${uuid}&cluster_uuid=${cluster}`);

async function untilFinished(server: RunningServer, cluster: string, uuid: string): Promise<void> {
  const state = async () => (await taskOf(server, cluster, uuid)).state;
  await expect.poll(state, { interval: 20, timeout: 120_000 }).toBe("finished");
}

test("after kill -9 nothing is missing, and training ends as without the kill", { timeout: 240_000 }, async () => {
  const { dataDir, dataset } = await prepare();
  const first = await startServer(dataDir, { HANAMI_SNAPSHOT_INTERVAL_MS: "20" });
  const cluster = await newCluster(first, "killed");
  const done = await first.ask<TaskBody>("POST", "/task/train", trainBody(cluster, dataset));
  const answered = await first.ask<TaskBody>("POST", "/task/request", requestBody(cluster, dataset));
  await untilFinished(first, cluster, answered.uuid);
  const content = `/dataset/content?uuid=${answered.uuid}&column_name=label&row_offset=0&number_of_rows=${rows}`;
  const result = await first.ask("GET", content);
  const train = await first.ask<TaskBody>("POST", "/task/train", trainBody(cluster, dataset, { epochs }));
  const seen = new Set(await snapshots(dataDir, cluster));
  const countSeen = async () => {
    for (const name of await snapshots(dataDir, cluster)) seen.add(name);
    return seen.size;
  };
  // The one before the newest is certainly recorded.
  await expect.poll(countSeen, { interval: 2, timeout: 60_000 }).toBeGreaterThanOrEqual(3);
  await kill(first);
  expect(await interruptedAt(dataDir, train.uuid)).toBeGreaterThan(0);

  const second = await startServer(dataDir, { HANAMI_SNAPSHOT_INTERVAL_MS: "20" });
  expect(await taskOf(second, cluster, done.uuid)).toMatchObject({ state: "finished", current_cycle: rows });
  expect(await second.ask("GET", content)).toEqual(result);
  await untilFinished(second, cluster, train.uuid);
  const resumed = await checkpointOf(second, dataDir, cluster);

  const other = await newCluster(second, "undisturbed");
  await second.ask("POST", "/task/train", trainBody(other, dataset));
  const undisturbed = await second.ask<TaskBody>("POST", "/task/train", trainBody(other, dataset, { epochs }));
  await untilFinished(second, other, undisturbed.uuid);
  expect(resumed.equals(await checkpointOf(second, dataDir, other))).toBe(true);
  await kill(second);
});

async function snapshots(dataDir: string, cluster: string): Promise<string[]> {
  const names = await readdir(join(dataDir, "clusters"));
  return names.filter((name) => name.startsWith(cluster) && name.endsWith(".safetensors"));
}

/** Cycles of a task in the snapshot of its cluster; undefined if the task is not running. */
async function interruptedAt(dataDir: string, uuid: string): Promise<number | undefined> {
  const database = await openDatabase({ url: undefined, directory: join(dataDir, "database") });
  try {
    const [row] = await database.db
      .select({ cycle: clusters.snapshot_task_cycle })
      .from(clusters)
      .innerJoin(tasks, eq(tasks.uuid, clusters.snapshot_task_uuid))
      .where(and(eq(tasks.uuid, uuid), eq(tasks.state, "active")));
    return row?.cycle;
  } finally {
    await database.close();
  }
}

async function checkpointOf(server: RunningServer, dataDir: string, cluster: string): Promise<Buffer> {
  const body = { name: "checkpoint", cluster_uuid: cluster };
  const { uuid } = await server.ask<{ uuid: string }>("POST", "/cluster/save", body);
  await untilFinished(server, cluster, uuid);
  return readFile(join(dataDir, "checkpoints", `${uuid}.safetensors`));
}
