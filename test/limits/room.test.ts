import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { parseConfig } from "../../src/server/config.ts";
import { decodeSafetensors, encodeSafetensors } from "../../src/network/safetensors.ts";
import { checksum } from "../../src/network/state-file.ts";
import { parseTemplate } from "../../src/network/template/parse-template.ts";
import { sendFile, uploadMnist, type Upload } from "../api/dataset-support.ts";
import {
  makeCluster,
  makeDataset,
  requestBody,
  smallTemplate,
  startRequest,
  startTrain,
  untilFinished,
  untilTask,
} from "../support/compute.ts";
import { createTestApp, type TestApp } from "../support/test-app.ts";

// Several servers or programs start, which is slow on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

/** Uploads a file of this type as a dataset; throws the server's text when it is refused. */
async function upload(app: TestApp, url: string, path: string, bytes: Uint8Array): Promise<string> {
  const body = { name: "test_upload", input_data_size: bytes.length };
  const { uuid, uuid_input_file } = (await app.request("POST", path, { body })).json<Upload>();
  await sendFile(url, app.token, uuid_input_file, bytes);
  return (await app.request("PUT", path, { body: { uuid, uuid_input_file } })).json<Upload>().uuid;
}

async function fetchBytes(app: TestApp, path: string): Promise<Uint8Array> {
  const request = new Request(`http://test/v1.0alpha${path}`, { headers: { "X-Auth-Token": app.token } });
  return new Uint8Array(await (await app.server.fetch(request)).arrayBuffer());
}

const download = (app: TestApp, uuid: string, format: string) =>
  fetchBytes(app, `/dataset/download?uuid=${uuid}&format=${format}`);

/** Black pictures, one pixel high, all labelled 1. */
function idxPair(rows: number, width: number): { input: Uint8Array; label: Uint8Array } {
  const header = (...words: number[]) => Buffer.from(Uint32Array.from(words).buffer).swap32();
  return {
    input: Buffer.concat([header(2051, rows, 1, width), Buffer.alloc(rows * width)]),
    label: Buffer.concat([header(2049, rows), Buffer.alloc(rows, 1)]),
  };
}

describe("size of a dataset", () => {
  let app: TestApp;
  let url: string;
  /** Uuids of float tables, by columns and rows. */
  const tables = new Map<string, string>();
  beforeAll(async () => {
    const { limits } = parseConfig({ HANAMI_MAX_DATASET_ROWS: "3", HANAMI_MAX_DATASET_BYTES: "60" });
    app = await createTestApp({ config: { limits } });
    ({ url } = await app.server.listen());
    for (const [width, rows] of [
      [2, 3],
      [2, 4],
      [8, 2],
    ] as const) {
      const groups = [{ name: "numbers", width, cell: (row: number, column: number) => row + column / 8 }];
      tables.set(`${width}x${rows}`, await makeDataset(app.app, { rows, groups, type: "float32" }));
    }
  });
  afterAll(() => app.close());

  const refused = "400: Data-set can not be imported:";

  test.each(["csv", "parquet", "arrow", "npy"])("%s", async (format) => {
    const send = async (table: string) =>
      upload(app, url, `/dataset/upload/${format}`, await download(app, tables.get(table) as string, format));
    expect(await send("2x3")).toMatch(/^[0-9a-f-]{36}$/);
    await expect(send("2x4")).rejects.toThrow(`${refused} there are more than 3 rows`);
    await expect(send("8x2")).rejects.toThrow(`${refused} its values take more than 60 bytes`);
  });

  test("idx", async () => {
    expect(await uploadMnist(app, url, idxPair(3, 2))).toMatch(/^[0-9a-f-]{36}$/);
    await expect(uploadMnist(app, url, idxPair(4, 2))).rejects.toThrow(`${refused} there are more than 3 rows`);
    await expect(uploadMnist(app, url, idxPair(3, 11))).rejects.toThrow(
      `${refused} its values take more than 60 bytes`,
    );
  });

  test("the result of a request that would be too large fails before it is written", async () => {
    const dataset = await makeDataset(app.app, { rows: 10 });
    const cluster = await makeCluster(app, { name: "with a result" });
    const train = await startTrain(app, cluster, dataset);
    await untilFinished(app, cluster, train.uuid);
    const task = await startRequest(app, cluster, dataset);
    const failed = await untilTask(app, cluster, task.uuid, ({ state }) => state === "failed");
    expect(failed.error_message).toBe("The result would have 320 bytes of values, but a dataset may have 60");
    expect((await app.request("GET", "/dataset", { query: { uuid: task.uuid } })).status).toBe(404);
  });

  test("a template that would be refused is also refused inside of a checkpoint", async () => {
    const cluster = await makeCluster(app, { name: "with a template" });
    const body = { name: "test_checkpoint", cluster_uuid: cluster };
    const { uuid } = (await app.request("POST", "/cluster/save", { body })).json<{ uuid: string }>();
    await untilFinished(app, cluster, uuid);
    const file = await fetchBytes(app, `/checkpoint/download?uuid=${uuid}`);
    expect(await upload(app, url, "/checkpoint/upload", file)).toMatch(/^[0-9a-f-]{36}$/);

    const bytes = Buffer.byteLength(smallTemplate) - 1;
    const { limits } = parseConfig({ HANAMI_MAX_TEMPLATE_BYTES: String(bytes) });
    const strict = await createTestApp({ config: { limits } });
    const text = `400: Checkpoint can not be imported: its template is bigger than ${bytes} bytes`;
    const { url: strictUrl } = await strict.server.listen();
    await expect(upload(strict, strictUrl, "/checkpoint/upload", file)).rejects.toThrow(text);

    const { length } = parseTemplate(smallTemplate).hexagons;
    const { limits: fewer } = parseConfig({ HANAMI_MAX_HEXAGONS: String(length - 1) });
    const narrow = await createTestApp({ config: { limits: fewer } });
    const tooMany = `400: Checkpoint can not be imported: its template has more than ${length - 1} hexagons`;
    const { url: narrowUrl } = await narrow.server.listen();
    await expect(upload(narrow, narrowUrl, "/checkpoint/upload", file)).rejects.toThrow(tooMany);
    await narrow.close();

    // So is anything else that must be read to find the template.
    const { tensors, metadata } = decodeSafetensors(file);
    const { checksum: _, ...known } = metadata;
    const others = { ...known, more: "x".repeat(70_000) };
    const sum = checksum({ tensors, metadata: others });
    const fat = encodeSafetensors({ tensors, metadata: { ...others, checksum: sum } });
    expect(await upload(app, url, "/checkpoint/upload", fat)).toMatch(/^[0-9a-f-]{36}$/);
    const tooLong = `400: Checkpoint can not be imported: its header is bigger than ${6 * bytes + 65_536} bytes`;
    await expect(upload(strict, strictUrl, "/checkpoint/upload", fat)).rejects.toThrow(tooLong);
    await strict.close();
  });
});

describe("numbers of resources in a project", () => {
  let app: TestApp;
  beforeAll(async () => {
    const { limits } = parseConfig({
      HANAMI_MAX_UPLOADS_PER_PROJECT: "2",
      HANAMI_MAX_DATASETS_PER_PROJECT: "3",
      HANAMI_MAX_CHECKPOINTS_PER_PROJECT: "2",
      HANAMI_MAX_CLUSTERS_PER_PROJECT: "3",
    });
    app = await createTestApp({ config: { limits } });
  });
  afterAll(() => app.close());

  const full = (text: string) => `409: Project with id 'admin' has ${text}, which is the limit.`;
  const announce = (path: string, more: object = {}) =>
    app
      .request("POST", path, { body: { name: "test_upload", input_data_size: 10, ...more } })
      .then((answer) => answer.json<{ uuid: string }>());
  const remove = (path: string, uuid: string) => app.request("DELETE", path, { query: { uuid } });

  test("uploads, even when many are announced concurrently; other projects have their own limit", async () => {
    const outcomes = await Promise.allSettled([1, 2, 3, 4].map(() => announce("/dataset/upload/csv")));
    const made = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value.uuid] : []));
    expect(made).toHaveLength(2);
    const text = full("2 running uploads");
    await expect(announce("/dataset/upload/mnist", { label_data_size: 10 })).rejects.toThrow(text);
    await expect(announce("/checkpoint/upload")).rejects.toThrow(text);
    const member = await app.addUser({ id: "other_member", projectId: "other_project" });
    const body = { name: "test_upload", input_data_size: 10 };
    expect((await app.request("POST", "/dataset/upload/csv", { token: member, body })).status).toBe(200);
    for (const uuid of made) await remove("/dataset", uuid);
    // Both files of a pair are one upload.
    for (const uuid of [1, 2].map(() => announce("/dataset/upload/mnist", { label_data_size: 10 }))) {
      await remove("/dataset", (await uuid).uuid);
    }
  });

  test("datasets: finished ones, running uploads and results", async () => {
    const dataset = await makeDataset(app.app, { rows: 4 });
    const cluster = await makeCluster(app, { name: "for datasets" });
    const ask = () => app.request("POST", "/task/request", { body: requestBody(cluster, dataset) });
    const result = (await ask()).json<{ uuid: string }>().uuid;
    const running = (await announce("/dataset/upload/csv")).uuid;
    await expect(announce("/dataset/upload/csv")).rejects.toThrow(full("3 datasets"));
    const refused = await ask();
    expect(`${refused.status}: ${refused.text}`).toBe(full("3 datasets"));
    await remove("/dataset", running);
    expect((await announce("/dataset/upload/csv")).uuid).toEqual(expect.any(String));
    await untilFinished(app, cluster, result);
    await remove("/cluster", cluster);
  });

  test("checkpoints: saved ones, queued saves and uploads; clusters created from one count like any other", async () => {
    const cluster = await makeCluster(app, { name: "for checkpoints" });
    const save = async () =>
      (await app.request("POST", "/cluster/save", { body: { name: "test_checkpoint", cluster_uuid: cluster } })).json<{
        uuid: string;
      }>().uuid;
    const [first, second] = [await save(), await save()];
    await expect(save()).rejects.toThrow(full("2 checkpoints"));
    await untilFinished(app, cluster, second);
    await expect(save()).rejects.toThrow(full("2 checkpoints"));
    await expect(announce("/checkpoint/upload")).rejects.toThrow(full("2 checkpoints"));

    const fromCheckpoint = async (name: string) =>
      (await app.request("POST", "/cluster", { body: { name, checkpoint_uuid: first } })).json<{ uuid: string }>();
    await fromCheckpoint("from one");
    await fromCheckpoint("from it again");
    await expect(fromCheckpoint("and again")).rejects.toThrow(full("3 clusters"));
    await remove("/checkpoint", second);
    await announce("/checkpoint/upload");
    await expect(save()).rejects.toThrow(full("2 checkpoints"));
  });
});
