import { isNull } from "drizzle-orm";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { parseConfig } from "../../src/server/config.ts";
import { datasets } from "../../src/db/schema/index.ts";
import { announceCsv, sendFile, uploadCsv, type Upload } from "../api/dataset-support.ts";
import { makeCluster, makeDataset, startRequest, startTrain, untilFinished, untilTask } from "../support/compute.ts";
import { createTestApp } from "../support/test-app.ts";

// Several servers or programs start, which is slow on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

test("bytes of a project: uploads, datasets, results and checkpoints, until something is deleted", async () => {
  const projectBytes = 100_000;
  const { limits } = parseConfig({ HANAMI_MAX_BYTES_PER_PROJECT: String(projectBytes) });
  const app = await createTestApp({ config: { limits } });
  onTestFinished(() => app.close());
  const { url } = await app.server.listen();
  const refusal = (bytes: number) =>
    `409: Project with id 'admin' has no room for ${bytes} more bytes: its limit is ${projectBytes}.`;
  const remove = (uuid: string) => app.request("DELETE", "/dataset", { query: { uuid } });
  const sizeOf = async (uuid: string) => (await stat(join(app.app.storage.datasets, uuid))).size;

  // Announced bytes count at once, in this project only, and exactly once for concurrent requests.
  const many = await Promise.allSettled([1, 2, 3].map(() => announceCsv(app, 40_000)));
  expect(many.filter(({ status }) => status === "fulfilled")).toHaveLength(2);
  expect(many.flatMap((each) => (each.status === "rejected" ? [String(each.reason)] : []))).toEqual([
    expect.stringContaining(refusal(40_000)),
  ]);
  const checkpoint = { name: "test_checkpoint", input_data_size: 20_001 };
  const announced = await app.request("POST", "/checkpoint/upload", { body: checkpoint });
  expect(`${announced.status}: ${announced.text}`).toBe(refusal(20_001));
  const member = await app.addUser({ id: "other_member", projectId: "other_project" });
  expect((await announceCsv(app, 90_000, member)).uuid).toEqual(expect.any(String));
  for (const each of many) if (each.status === "fulfilled") await remove(each.value.uuid);

  // A dataset replaces its upload; it may be larger, but not beyond the limit.
  const small = await uploadCsv(app, url, "a,b\n1,2\n");
  const used = await sizeOf(small);
  const wide = Buffer.from(`a,b\n${"1,\n".repeat(15_000)}`);
  const { uuid, uuid_input_file } = await announceCsv(app, wide.length);
  await sendFile(url, app.token, uuid_input_file, wide);
  const finalized = await app.request("PUT", "/dataset/upload/csv", {
    body: { uuid, uuid_input_file } satisfies Partial<Upload>,
  });
  expect([finalized.status, finalized.text]).toEqual([
    400,
    `Data-set can not be imported: its values take more than ${projectBytes - used} bytes`,
  ]);
  await remove(uuid);
  expect((await readdir(app.app.storage.datasets)).sort()).toEqual([small]);
  await expect(announceCsv(app, projectBytes - used + 1)).rejects.toThrow(refusal(projectBytes - used + 1));

  // Tasks fail with the reason when their result, or checkpoint, does not fit.
  const dataset = await makeDataset(app.app, { rows: 300 });
  const cluster = await makeCluster(app);
  await untilFinished(app, cluster, (await startTrain(app, cluster, dataset)).uuid);
  const filler = await announceCsv(app, projectBytes - used - 9599);
  const request = await startRequest(app, cluster, dataset);
  const failed = await untilTask(app, cluster, request.uuid, ({ state }) => state === "failed");
  expect(`409: ${failed.error_message}`).toBe(refusal(9600));
  const body = { name: "test_checkpoint", cluster_uuid: cluster };
  const save = async () => (await app.request("POST", "/cluster/save", { body })).json<{ uuid: string }>().uuid;
  const saved = await untilTask(app, cluster, await save(), ({ state }) => state === "failed");
  expect(saved.error_message).toMatch(/^Project with id 'admin' has no room for \d+ more bytes/);
  expect(await readdir(app.app.storage.checkpoints)).toEqual([]);

  await remove(filler.uuid);
  const second = await startRequest(app, cluster, dataset);
  await untilFinished(app, cluster, second.uuid);
  const free = projectBytes - used - (await sizeOf(second.uuid));
  await expect(announceCsv(app, free + 1)).rejects.toThrow(refusal(free + 1));
  expect((await announceCsv(app, free)).uuid).toEqual(expect.any(String));
});

test("datasets that are older than the column of their size get it at the start", async () => {
  const app = await createTestApp();
  onTestFinished(() => app.close());
  const uuid = await makeDataset(app.app, { rows: 10 });
  expect(await app.app.db.select().from(datasets).where(isNull(datasets.file_size))).toHaveLength(1);
  await app.restart();
  const [row] = await app.app.db.select().from(datasets);
  expect(row).toMatchObject({ uuid, file_size: (await stat(join(app.app.storage.datasets, uuid))).size });
});
