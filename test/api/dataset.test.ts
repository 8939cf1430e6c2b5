import { randomUUID } from "node:crypto";
import { open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { authenticate } from "../../src/accounts/authenticate.ts";
import { createResultDataset, openResultWriter } from "../../src/datasets/result-dataset.ts";
import { openDataset, openDatasetOfTask } from "../../src/datasets/open-dataset.ts";
import { smallIdxPair } from "../datasets/support.ts";
import { createTestApp, databases, type TestApp } from "../support/test-app.ts";
import { announceCsv, uploadCsv, uploadMnist } from "./dataset-support.ts";

const unknown = "12345678-1234-1234-1234-123456789abc";
const admin = { owner_id: "asdf", owner_uuid: null, project_id: "admin" };

describe.each(databases)("datasets on $name", (database) => {
  let app: TestApp;
  let url: string;
  beforeAll(async () => {
    app = await createTestApp({ database });
    ({ url } = await app.server.listen());
  });
  afterAll(() => app.close());

  const get = (query: Record<string, string | number>, path = "/dataset", token = app.token) =>
    app.request("GET", path, { query, token });
  const content = (query: Record<string, string | number>) => get(query, "/dataset/content");
  const check = (uuid: string, reference_uuid: string) => get({ uuid, reference_uuid }, "/dataset/check");

  async function result(groups: { name: string; width: number }[], rows: number[][][]): Promise<string> {
    const options = { uuid: randomUUID(), name: "test_result", groups };
    await createResultDataset(app.app, app.app.db, { ...options, ...admin });
    const writer = await openResultWriter(app.app, options);
    for (const row of rows)
      await writer.append(
        1,
        row.map((values) => Float32Array.from(values)),
      );
    expect(await writer.publish()).toBe(true);
    return options.uuid;
  }

  test("get shows the fields of the contract and of the seed document", async () => {
    const uuid = await uploadMnist(app, url, smallIdxPair(7));
    const created_at = expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
    const common = { created_at, owner_id: "asdf", project_id: "admin", version: "v1.0alpha", visibility: "private" };
    expect((await get({ uuid })).json()).toEqual({
      ...common,
      uuid,
      name: "test_dataset",
      type: "mnist",
      description: { label: { column_end: 14, column_start: 4 }, picture: { column_end: 4, column_start: 0 } },
      number_of_columns: 14,
      number_of_rows: 7,
      lines: 7,
      inputs: 4,
      outputs: 10,
      location: `datasets/${uuid}`,
      warnings: [],
      columns: [
        expect.objectContaining({ name: "picture", width: 4, kind: "number", missing: null, min: null, quantiles: [] }),
        expect.objectContaining({ name: "label", width: 10, kind: "number" }),
      ],
    });
    const csv = await uploadCsv(app, url, "größe,__proto__\n1,2\n3,4\n");
    const answer = await get({ uuid: csv });
    expect(answer.json()).toMatchObject({ ...common, type: "csv", number_of_rows: 2, inputs: 2, outputs: 0 });
    const numbers = { missing: 0, distinct: 2, min: 1, max: 3, mean: 2, deviation: 1 };
    const quantiles = [1, 1, 1, 1, 3, 3, 3, 3, 3];
    const column = { name: "größe", width: 1, kind: "number", ...numbers, quantiles, commonest: [] };
    expect((answer.json() as { columns: unknown[] }).columns[0]).toEqual(column);
    expect(answer.text).toContain(
      '"description":{"__proto__":{"column_end":2,"column_start":1},"größe":{"column_end":1,"column_start":0}}',
    );
  });

  test("a dataset that is being uploaded has no rows and cannot be used", async () => {
    const { uuid } = await announceCsv(app, 100);
    expect((await get({ uuid })).json()).toMatchObject({ number_of_rows: 0, number_of_columns: 0, description: {} });
    const unreadable = `Dataset with UUID '${uuid}' is invalid and can not be read.`;
    expect(await content({ uuid, column_name: "a" })).toMatchObject({ status: 400, text: unreadable });
    const message = `Data-set with uuid '${uuid}' is not complete yet`;
    await expect(openDatasetOfTask(app.app, uuid)).rejects.toMatchObject({ kind: "bad_request", message });
  });

  test("list is in the order of creation, uuid second and name last", async () => {
    const token = await app.addUser({ id: "list_member", projectId: "project_l" });
    const empty = (await app.request("GET", "/dataset/all", { token })).json();
    const header = ["created_at", "uuid", "project_id", "owner_id", "visibility", "type", "name"];
    expect(empty).toEqual({ header, body: [] });
    const first = await uploadCsv(app, url, "a\n1\n", token);
    const second = await uploadMnist(app, url, smallIdxPair(1), token);
    const { body } = (await app.request("GET", "/dataset/all", { token })).json<{ body: string[][] }>();
    expect(body.map((row) => row.slice(1))).toEqual([
      [first, "project_l", "list_member", "private", "csv", "test_dataset"],
      [second, "project_l", "list_member", "private", "mnist", "test_dataset"],
    ]);
  });

  test("content gives rows of a group", async () => {
    const uuid = await uploadCsv(app, url, "a,b c\n1,0.5\n2,-3\n3,1e10\n");
    const column_name = "b c";
    expect((await content({ uuid, column_name })).json()).toEqual({ data: [[0.5]] });
    expect((await content({ uuid, column_name, row_offset: 1, number_of_rows: 2 })).json()).toEqual({
      data: [[-3], [1e10]],
    });
    const beyond = (rows: string) => ({
      status: 400,
      text:
        `Dataset with UUID '${uuid}' is invalid and can not be read. ` +
        `It has 3 rows, and rows ${rows}, counted from 0, were asked for.`,
    });
    expect(await content({ uuid, column_name, row_offset: 1, number_of_rows: 3 })).toMatchObject(beyond("1 to 3"));
    expect(await content({ uuid, column_name, row_offset: 3 })).toMatchObject(beyond("3 to 3"));
    expect(await content({ uuid, column_name: "nope" })).toMatchObject({
      status: 404,
      text: `Column with name 'nope' was not found in dataset with UUID '${uuid}'`,
    });
    const pair = await uploadMnist(app, url, smallIdxPair(3));
    expect((await content({ uuid: pair, column_name: "picture", row_offset: 1 })).json()).toEqual({
      data: [[28, 35, 42, 49]],
    });
  });

  test.each([
    [{ column_name: "" }, "Validation failed, because item 'column_name' is not valid: the name is empty"],
    [{ column_name: "a", row_offset: -1 }, "Given item 'row_offset' is smaller than 0"],
    [{ column_name: "a", row_offset: 1_000_000_001 }, "Given item 'row_offset' is bigger than 1000000000"],
    [{ column_name: "a", number_of_rows: 0 }, "Given item 'number_of_rows' is smaller than 1"],
    [{ column_name: "a", number_of_rows: 10_001 }, "Given item 'number_of_rows' is bigger than 10000"],
  ])("content refuses %j", async (query, text) => {
    expect(await content({ uuid: unknown, ...query })).toMatchObject({ status: 400, text });
  });

  test("unknown, malformed and invisible uuids", async () => {
    const member = await app.addUser({ id: "hidden_member", projectId: "project_h" });
    const hidden = await uploadCsv(app, url, "a\n1\n");
    for (const uuid of [unknown, hidden]) {
      const dataSet = { status: 404, text: `Data-set with uuid '${uuid}' not found` };
      const dataset = { status: 404, text: `Dataset with uuid '${uuid}' not found` };
      expect(await get({ uuid }, "/dataset", member)).toMatchObject(dataSet);
      expect(await get({ uuid }, "/dataset/progress", member)).toMatchObject(dataSet);
      expect(await app.request("DELETE", "/dataset", { query: { uuid }, token: member })).toMatchObject(dataSet);
      expect(await get({ uuid, column_name: "a" }, "/dataset/content", member)).toMatchObject(dataset);
      expect(await get({ uuid, reference_uuid: hidden }, "/dataset/check", member)).toMatchObject(dataset);
    }
    for (const path of ["/dataset", "/dataset/progress"]) {
      expect(await get({ uuid: "nope" }, path)).toMatchObject({
        status: 400,
        text: expect.stringContaining("Given item 'uuid' doesn't match with regex"),
      });
    }
    expect(await get({ uuid: hidden })).toMatchObject({ status: 200 });
    const upper = hidden.toUpperCase();
    expect((await get({ uuid: upper })).json()).toMatchObject({ uuid: hidden });
  });

  test("delete removes the row and the file, once", async () => {
    const uuid = await uploadCsv(app, url, "a\n1\n");
    const { reader } = await openDatasetOfTask(app.app, uuid);
    expect(await readdir(app.app.storage.datasets)).toContain(uuid);
    const remove = () => app.request("DELETE", "/dataset", { query: { uuid } });
    const answers = await Promise.all([remove(), remove()]);
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 404]);
    expect(await get({ uuid })).toMatchObject({ status: 404 });
    expect(await readdir(app.app.storage.datasets)).not.toContain(uuid);
    // A task that has the file open continues; a later one fails with the reason.
    expect([...(await reader.readGroup("a", 0, 1))]).toEqual([1]);
    await reader.close();
    const message = `Data-set with uuid '${uuid}' not found`;
    await expect(openDatasetOfTask(app.app, uuid)).rejects.toMatchObject({ kind: "not_found", message });
  });

  test("check counts rows like the contract", async () => {
    // Labels 0, 1, 2, …, 9, 0, 1.
    const reference = await uploadMnist(app, url, smallIdxPair(12));
    const oneHot = (label: number) => Array.from({ length: 10 }, (_, column) => (column === label ? 0.7 : 0.2));
    const groups = [{ name: "test_output", width: 10 }];
    const answer = async (rows: number[][][]) => (await check(await result(groups, rows), reference)).json();
    expect(await answer([[oneHot(0)], [oneHot(1)], [oneHot(2)]])).toEqual({ accuracy: 100 });
    expect(await answer([[oneHot(0)], [oneHot(2)], [oneHot(2)]])).toEqual({
      accuracy: Math.fround(Math.fround(2 / 3) * 100),
    });
    // The first maximum wins: all values equal means class 0.
    expect(await answer([[oneHot(-1)], [oneHot(-1)]])).toEqual({ accuracy: 50 });
    // Rows beyond the end of the shorter dataset do not count.
    const many = Array.from({ length: 20 }, (_, row) => [oneHot(row % 10)]);
    expect(await answer(many)).toEqual({ accuracy: 100 });
  });

  test("check prints single precision: 9224 of 10000 rows are 92.23999786376953", async () => {
    const pair = smallIdxPair(10_000);
    const reference = await uploadMnist(app, url, pair);
    const rows = new Float32Array(10_000 * 10);
    for (let row = 0; row < 10_000; row++) rows[row * 10 + ((row + (row < 9224 ? 0 : 1)) % 10)] = 0.9;
    const options = { uuid: randomUUID(), name: "test_result", groups: [{ name: "out", width: 10 }] };
    await createResultDataset(app.app, app.app.db, { ...options, ...admin });
    const writer = await openResultWriter(app.app, options);
    await writer.append(10_000, [rows]);
    await writer.publish();
    expect((await check(options.uuid, reference)).text).toBe('{"accuracy":92.23999786376953}');
  });

  test("check finds the group by name, then `label`, then the width", async () => {
    const wide = await result(
      [
        { name: "first", width: 2 },
        { name: "second", width: 2 },
      ],
      [
        [
          [1, 0],
          [0, 1],
        ],
        [
          [1, 0],
          [0, 1],
        ],
      ],
    );
    const asFirst = await result([{ name: "first", width: 2 }], [[[0.9, 0.1]], [[0.9, 0.1]]]);
    const asOther = await result([{ name: "other", width: 2 }], [[[0.9, 0.1]], [[0.1, 0.9]]]);
    expect((await check(asFirst, wide)).json()).toEqual({ accuracy: 100 });
    expect((await check(asOther, wide)).json()).toEqual({ accuracy: 50 });
    expect((await check(wide, wide)).json()).toEqual({ accuracy: 100 });
    // A single column means yes or no.
    const csv = await uploadCsv(app, url, "x,good\n5,1\n5,0\n5,0\n5,1\n");
    const bool = await result([{ name: "good", width: 1 }], [[[0.5]], [[0.49]], [[0.9]], [[1]]]);
    expect((await check(bool, csv)).json()).toEqual({ accuracy: 75 });
  });

  test("check refuses datasets that cannot be compared", async () => {
    const reference = await uploadMnist(app, url, smallIdxPair(3));
    const good = await result([{ name: "out", width: 10 }], [[Array.from({ length: 10 }, () => 0)]]);
    const narrow = await result([{ name: "out", width: 3 }], [[[1, 0, 0]]]);
    const empty = await result([{ name: "out", width: 10 }], []);
    const withoutColumns = await result([{ name: "out", width: 0 }], [[[]]]);
    const { uuid: uploading } = await announceCsv(app, 4);
    const compared = (uuid: string) => ({
      status: 400,
      text: `Dataset with UUID '${uuid}' is invalid and can not be compared`,
    });
    const checked = (uuid: string) => ({
      status: 400,
      text: `Dataset with result with UUID '${uuid}' is invalid and can not be checked`,
    });
    expect(await check(narrow, reference)).toMatchObject(compared(reference));
    expect(await check(good, empty)).toMatchObject(compared(empty));
    expect(await check(good, uploading)).toMatchObject(compared(uploading));
    expect(await check(empty, reference)).toMatchObject(checked(empty));
    expect(await check(uploading, reference)).toMatchObject(checked(uploading));
    expect(await check(withoutColumns, reference)).toMatchObject(checked(withoutColumns));
    expect(await check(good, reference)).toMatchObject({ status: 200 });
  });

  // Comparing each group with all others would take minutes.
  test("check of datasets with very many columns finds that they do not fit", { timeout: 20_000 }, async () => {
    const single = Array.from({ length: 65_535 }, (_, i) => ({ name: `c${i}`, width: 1 }));
    const row = single.map(() => [1]);
    const reference = await result(single, [row]);
    const uuid = await result([...single, { name: "pair", width: 2 }], [[...row, [1, 0]]]);
    expect(await check(uuid, reference)).toMatchObject({
      status: 400,
      text: `Dataset with UUID '${reference}' is invalid and can not be compared`,
    });
  });

  test("a result is visible at once and gets its rows when the task has finished", async () => {
    const uuid = randomUUID();
    const groups = [
      { name: "left", width: 2 },
      { name: "right", width: 1 },
    ];
    await createResultDataset(app.app, app.app.db, { uuid, name: "test_request", groups, ...admin });
    const description = {
      left: { column_start: 0, column_end: 2 },
      right: { column_start: 2, column_end: 3 },
    };
    const before = { type: "result", name: "test_request", number_of_rows: 0, number_of_columns: 3, description };
    expect((await get({ uuid })).json()).toMatchObject(before);

    const interrupted = await openResultWriter(app.app, { uuid, name: "test_request", groups });
    await interrupted.append(1, [Float32Array.of(7, 7), Float32Array.of(7)]);
    const writer = await openResultWriter(app.app, { uuid, name: "test_request", groups });
    await writer.append(2, [Float32Array.of(1, 2, 3, 4), Float32Array.of(5, 6)]);
    await writer.append(1, [Float32Array.of(8, 9), Float32Array.of(10)]);
    expect((await get({ uuid })).json()).toMatchObject(before);
    await interrupted.abort();
    expect(await writer.publish()).toBe(true);
    await writer.abort();
    expect((await get({ uuid })).json()).toMatchObject({ ...before, number_of_rows: 3 });
    const rows = { uuid, number_of_rows: 3 };
    expect((await content({ ...rows, column_name: "left" })).json()).toEqual({
      data: [
        [1, 2],
        [3, 4],
        [8, 9],
      ],
    });
    expect((await content({ ...rows, column_name: "right" })).json()).toEqual({ data: [[5], [6], [10]] });
    expect((await readdir(app.app.storage.datasets)).filter((name) => name.startsWith(uuid))).toEqual([uuid]);
  });

  test("the result of a task whose dataset was deleted in the meantime leaves nothing", async () => {
    const options = { uuid: randomUUID(), name: "test_request", groups: [{ name: "out", width: 1 }] };
    await createResultDataset(app.app, app.app.db, { ...options, ...admin });
    const writer = await openResultWriter(app.app, options);
    await writer.append(1, [Float32Array.of(1)]);
    (await app.request("DELETE", "/dataset", { query: { uuid: options.uuid } })).json();
    expect(await writer.publish()).toBe(false);
    expect((await readdir(app.app.storage.datasets)).filter((name) => name.startsWith(options.uuid))).toEqual([]);
  });

  test("a damaged file is refused with a clear text, and the server survives", async () => {
    const uuid = await uploadCsv(app, url, "a\n1\n2\n");
    const file = await open(join(app.app.storage.datasets, uuid), "r+");
    const { size } = await file.stat();
    await file.write(Buffer.from([0xff]), 0, 1, size - 1);
    const unreadable = { status: 400, text: `Dataset with UUID '${uuid}' is invalid and can not be read.` };
    expect(await content({ uuid, column_name: "a" })).toMatchObject(unreadable);
    expect(await check(uuid, uuid)).toMatchObject({ status: 400 });
    await file.truncate(10);
    await file.close();
    expect(await get({ uuid })).toMatchObject(unreadable);
    const caller = await authenticate(app.app, app.token);
    await expect(openDataset({ app: app.app, caller }, uuid)).rejects.toMatchObject({ kind: "bad_request" });
    expect((await app.request("DELETE", "/dataset", { query: { uuid } })).json()).toEqual({});
  });
});
