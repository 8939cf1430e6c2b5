import { randomUUID } from "node:crypto";
import { copyFile, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { sweepUploads } from "../../src/uploads/sweep-uploads.ts";
import { createResultDataset, openResultWriter } from "../../src/datasets/result-dataset.ts";
import { announceCsv, openUpload, sendFile, uploadCsv } from "../api/dataset-support.ts";
import { createTestApp, type TestApp } from "../support/test-app.ts";

let app: TestApp;
beforeEach(async () => {
  app = await createTestApp();
});
afterEach(() => app.close());

const get = (uuid: string) => app.request("GET", "/dataset", { query: { uuid } });

test("a restart keeps recorded files and deletes all others", async () => {
  const { url } = await app.server.listen();
  const { storage, db } = app.app;
  const dataset = await uploadCsv(app, url, "a\n1\n");
  const complete = await announceCsv(app, 4);
  await sendFile(url, app.token, complete.uuid_input_file, Buffer.from("b\n2\n"));
  const half = await announceCsv(app, 4);
  await sendFile(url, app.token, half.uuid_input_file, Buffer.from("c\n"));
  const lost = await announceCsv(app, 4);
  const result = { uuid: randomUUID(), name: "test_result", groups: [{ name: "out", width: 1 }] };
  await createResultDataset(app.app, db, { ...result, owner_id: "asdf", owner_uuid: null, project_id: "admin" });
  const writer = await openResultWriter(app.app, result);
  await writer.append(1, [Float32Array.of(1)]);

  // Left over from kills: an import that was done but not recorded, an unfinished import, a result that was being
  // written (above), files of rows that were never inserted, and a missing temporary file.
  await copyFile(join(storage.datasets, dataset), join(storage.datasets, complete.uuid));
  await writeFile(join(storage.datasets, `${half.uuid}.${randomUUID()}.partial`), "half");
  await writeFile(join(storage.datasets, randomUUID()), "no row");
  await writeFile(join(storage.tempfiles, randomUUID()), "no row");
  await rm(join(storage.tempfiles, lost.uuid_input_file));

  await app.restart();

  const sorted = (names: string[]) => names.toSorted();
  expect(sorted(await readdir(storage.datasets))).toEqual(sorted([dataset, result.uuid]));
  expect(sorted(await readdir(storage.tempfiles))).toEqual(sorted([complete.uuid_input_file, half.uuid_input_file]));
  expect((await get(dataset)).json()).toMatchObject({ number_of_rows: 1 });
  expect((await get(result.uuid)).json()).toMatchObject({ number_of_rows: 0, number_of_columns: 1 });
  expect((await get(complete.uuid)).json()).toMatchObject({ number_of_rows: 0 });
  expect(await get(lost.uuid)).toMatchObject({ status: 404 });

  // Both uploads continue where they were, although the server was down for long.
  expect(await sweepUploads(app.app, new Date(Date.now() + 5 * 60_000))).toEqual([]);
  const again = await app.server.listen();
  const socket = await openUpload(again.url, app.token, half.uuid_input_file);
  expect(await socket.put(2, Buffer.from("3\n"))).toMatchObject({ success: true });
  await socket.close();
  for (const { uuid, uuid_input_file } of [complete, half]) {
    const answer = await app.request("PUT", "/dataset/upload/csv", { body: { uuid, uuid_input_file } });
    expect(answer.json()).toEqual({ uuid, warnings: [] });
    expect((await get(uuid)).json()).toMatchObject({ number_of_rows: 1 });
  }
  await writer.abort();
});

test("a server that stops records the bytes received by open sockets", async () => {
  const { url } = await app.server.listen();
  const upload = await announceCsv(app, 4);
  const socket = await openUpload(url, app.token, upload.uuid_input_file);
  await socket.put(0, Buffer.from("a\n"));
  await app.restart();
  const progress = await app.request("GET", "/dataset/progress", { query: { uuid: upload.uuid } });
  expect(progress.json()).toMatchObject({ bytes_received: 2, complete: false });
});
