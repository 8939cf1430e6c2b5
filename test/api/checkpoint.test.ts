import { randomUUID } from "node:crypto";
import { open, readFile, writeFile } from "node:fs/promises";
import { eq, type SQL } from "drizzle-orm";
import { afterAll, beforeAll, expect, test } from "vitest";
import { authenticate } from "../../src/accounts/authenticate.ts";
import { checkpointPath, tempfilePath } from "../../src/files/storage.ts";
import { finalizeCheckpoint } from "../../src/checkpoints/finalize-checkpoint.ts";
import { tempfiles } from "../../src/db/schema/index.ts";
import {
  makeCluster,
  makeDataset,
  makeTrainedCluster,
  requestBody,
  smallTemplate,
  startRequest,
  startTrain,
  stateOf,
  untilFinished,
  untilTask,
} from "../support/compute.ts";
import { createTestApp, type TestApp } from "../support/test-app.ts";

let app: TestApp;
let dataset: string;
const unknown = randomUUID();

beforeAll(async () => {
  app = await createTestApp();
  dataset = await makeDataset(app.app, { rows: 200 });
});
afterAll(() => app.close());

const trained = (name: string, seed: number, template = smallTemplate) =>
  makeTrainedCluster(app, dataset, { name, seed, template });

async function save(cluster: string, name = "test_checkpoint"): Promise<string> {
  const saved = (await app.request("POST", "/cluster/save", { body: { name, cluster_uuid: cluster } })).json<{
    uuid: string;
  }>();
  expect(saved).toEqual({ name, uuid: expect.any(String) });
  return saved.uuid;
}

const load = (cluster: string, checkpoint: string) =>
  app.request("POST", "/cluster/load", { body: { cluster_uuid: cluster, checkpoint_uuid: checkpoint } });

test("a checkpoint is saved, shown, listed and deleted", async () => {
  const cluster = await trained("saved", 1);
  const uuid = await save(cluster);
  await untilFinished(app, cluster, uuid);
  const object = {
    created_at: expect.any(String),
    name: "test_checkpoint",
    owner_id: "asdf",
    project_id: "admin",
    uuid,
    visibility: "private",
  };
  expect((await app.request("GET", "/checkpoint", { query: { uuid } })).json()).toEqual(object);
  const list = (await app.request("GET", "/checkpoint/all")).json<{ header: string[]; body: unknown[] }>();
  expect(list.header).toEqual(["created_at", "uuid", "project_id", "owner_id", "visibility", "name"]);
  expect(list.body).toEqual([[expect.any(String), uuid, "admin", "asdf", "private", "test_checkpoint"]]);
  const file = `${app.app.storage.checkpoints}/${uuid}.safetensors`;
  expect((await readFile(file)).equals(await stateOf(app.app, cluster))).toBe(true);
  const token = await app.addUser({ id: "stranger", projectId: "elsewhere" });
  expect(await app.request("DELETE", "/checkpoint", { token, query: { uuid } })).toMatchObject({ status: 404 });

  expect((await app.request("DELETE", "/checkpoint", { query: { uuid } })).json()).toEqual({});
  await expect(readFile(file)).rejects.toMatchObject({ code: "ENOENT" });
  expect(await app.request("GET", "/checkpoint", { query: { uuid } })).toMatchObject({
    status: 404,
    text: `Checkpoint with uuid '${uuid}' not found`,
  });
  expect(await app.request("DELETE", "/checkpoint", { query: { uuid } })).toMatchObject({
    status: 404,
    text: `Chekckpoint with uuid '${uuid}' not found`,
  });
});

test("a restore takes over structure, state and template, even when the checkpoint is deleted at once", async () => {
  const source = await trained("source", 2);
  const checkpoint = await save(source);
  await untilFinished(app, source, checkpoint);
  const target = await makeCluster(app, { name: "target", template: "", seed: 9 });
  const { uuid } = (await load(target, checkpoint)).json<{ uuid: string }>();
  expect((await app.request("DELETE", "/checkpoint", { query: { uuid: checkpoint } })).status).toBe(200);
  // Names of the checkpoint's template are known before the restore has its turn.
  const request = await startRequest(app, target, dataset);
  const task = await untilFinished(app, target, uuid);
  expect(task).toMatchObject({ name: "", total_number_of_cycles: 1, current_cycle: 1 });
  await untilFinished(app, target, request.uuid);
  expect((await stateOf(app.app, target)).equals(await stateOf(app.app, source))).toBe(true);
  expect((await app.request("GET", "/cluster", { query: { uuid: target } })).json()).toMatchObject({
    name: "target",
    number_of_cycles: 200,
  });

  await app.restart();
  expect((await stateOf(app.app, target)).equals(await stateOf(app.app, source))).toBe(true);
  expect((await app.request("POST", "/task/request", { body: requestBody(target, dataset) })).status).toBe(200);
});

test("saving and restoring wait for their turn in the queue", async () => {
  const cluster = await trained("queued", 3);
  const before = await stateOf(app.app, cluster);
  const checkpoint = await save(cluster);
  await untilFinished(app, cluster, checkpoint);
  const long = await startTrain(app, cluster, dataset, { epochs: 100_000 });
  await untilTask(app, cluster, long.uuid, ({ current_cycle }) => current_cycle > 0);
  const { uuid } = (await load(cluster, checkpoint)).json<{ uuid: string }>();
  const query = { uuid, cluster_uuid: cluster };
  expect((await app.request("GET", "/task", { query })).json()).toMatchObject({ state: "queued" });
  await app.request("DELETE", "/task", { query: { uuid: long.uuid, cluster_uuid: cluster } });
  await untilFinished(app, cluster, uuid);
  expect((await stateOf(app.app, cluster)).equals(before)).toBe(true);
});

test("a damaged checkpoint fails the restore and leaves the cluster as it was", async () => {
  const cluster = await trained("careful", 4);
  const before = await stateOf(app.app, cluster);
  const checkpoint = await save(cluster);
  await untilFinished(app, cluster, checkpoint);

  const file = await open(`${app.app.storage.checkpoints}/${checkpoint}.safetensors`, "r+");
  const { size } = await file.stat();
  await file.write(Buffer.from("damage"), 0, 6, size - 200);
  await file.close();
  const { uuid } = (await load(cluster, checkpoint)).json<{ uuid: string }>();
  const task = await untilTask(app, cluster, uuid, ({ state }) => state === "failed");
  expect(task.error_message).toBe("The checkpoint can not be restored: the checksum does not match");
  expect((await stateOf(app.app, cluster)).equals(before)).toBe(true);
});

test("unknown checkpoints and clusters", async () => {
  const cluster = await makeCluster(app, { name: "empty handed" });
  expect(await load(cluster, unknown)).toMatchObject({
    status: 404,
    text: `Checkpoint with uuid '${unknown}' not found`,
  });
  expect(await load(unknown, unknown)).toMatchObject({ status: 404, text: `Cluster with uuid '${unknown}' not found` });
  const body = { name: "test_checkpoint", cluster_uuid: unknown };
  expect(await app.request("POST", "/cluster/save", { body })).toMatchObject({
    status: 404,
    text: `Cluster with uuid '${unknown}' not found`,
  });
});

test("a late finalize does not touch the result of an earlier one", async () => {
  const cluster = await makeCluster(app, { name: "uploaded" });
  const source = await save(cluster);
  await untilFinished(app, cluster, source);
  const bytes = await readFile(checkpointPath(app.app.storage, source));
  const announced = { name: "test_checkpoint", input_data_size: bytes.length };
  const { uuid, uuid_input_file } = (await app.request("POST", "/checkpoint/upload", { body: announced })).json<{
    uuid: string;
    uuid_input_file: string;
  }>();
  await writeFile(tempfilePath(app.app.storage, uuid_input_file), bytes);
  const { db } = app.app;
  const received: [number, number][] = [[0, bytes.length]];
  await db.update(tempfiles).set({ received }).where(eq(tempfiles.uuid, uuid_input_file));

  // Delays its first look at the upload, as on a busy connection to a Postgres server.
  let deliver = () => {};
  const delivered = new Promise<void>((resolve) => (deliver = resolve));
  const lateDb = Object.assign(Object.create(db) as typeof db, {
    select: () => ({
      from: () => ({
        where: async (condition: SQL) => {
          const rows = await db.select().from(tempfiles).where(condition);
          await delivered;
          return rows;
        },
      }),
    }),
  });
  const caller = await authenticate(app.app, app.token);
  const body = { uuid, uuid_input_file };
  const late = finalizeCheckpoint({ app: { ...app.app, db: lateDb }, caller }, body);
  late.catch(() => {});
  expect((await app.request("PUT", "/checkpoint/upload", { body })).status).toBe(200);
  deliver();
  await expect(late).rejects.toThrow(`Checkpoint with uuid '${uuid}' not found`);
  expect((await readFile(checkpointPath(app.app.storage, uuid))).equals(bytes)).toBe(true);
});
