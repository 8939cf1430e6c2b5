import { once } from "node:events";
import { get as httpGet, type IncomingMessage } from "node:http";
import { BadRequestError, ConflictError, HanamiClient, NotFoundError } from "hanami-sdk";
import { afterAll, beforeAll, expect, test } from "vitest";
import { isLong, slicedJson } from "../../src/api/sliced-json.ts";
import { sortedJson } from "../../src/server/sorted-json.ts";
import { createDatasetFile } from "../../src/datasets/file/writer.ts";
import { datasetPath } from "../../src/files/storage.ts";
import { datasets } from "../../src/db/schema/index.ts";
import { adminId, createTestApp, testPassphrase, type TestApp } from "../support/test-app.ts";
import { announceCsv, uploadCsv } from "./dataset-support.ts";

let app: TestApp;
let url: string;
let hanami: HanamiClient;
beforeAll(async () => {
  app = await createTestApp();
  ({ url } = await app.server.listen());
  hanami = new HanamiClient({ address: url, user: adminId, passphrase: testPassphrase });
});
afterAll(() => app.close());

/** A finished dataset with one group, created without an upload. */
async function addDataset(uuid: string, options: { width: number; rows: number }): Promise<void> {
  const { storage, db } = app.app;
  const groups = [{ name: "wide", column_start: 0, column_end: options.width }];
  const writer = await createDatasetFile(datasetPath(storage, uuid), { name: "big", type: "uint8", groups });
  for (let row = 0; row < options.rows; row++) await writer.append(new Uint8Array(options.width).fill(row % 200));
  await writer.finish();
  const owner = { owner_id: adminId, project_id: "admin" };
  await db.insert(datasets).values({ uuid, name: "big one", type: "csv", state: "ready", ...owner });
}

const BIG = "11111111-1111-4111-8111-111111111111";

test("the client gets a named file in every format", async () => {
  const uuid = await uploadCsv(app, url, "a,b\n1,2\n0.1,-4e20\n");
  const download = await hanami.datasets.download({ uuid });
  expect([download.fileName, download.bytes]).toEqual(["test_dataset.csv", undefined]);
  expect(await new Response(download.body).text()).toBe("a,b\n1,2\n0.1,-4e+20\n");
  expect(await new Response((await hanami.datasets.download({ uuid, column_name: "b" })).body).text()).toBe(
    "b\n2\n-4e+20\n",
  );
  const starts = { parquet: "PAR1", arrow: "ARROW1", npy: "\x93NUMPY" };
  for (const format of ["parquet", "arrow", "npy"] as const) {
    const { fileName, body, bytes } = await hanami.datasets.download({ uuid, format });
    const content = Buffer.from(await new Response(body).arrayBuffer());
    expect(fileName).toBe(`test_dataset.${format}`);
    expect(content.toString("latin1").startsWith(starts[format])).toBe(true);
    expect(bytes).toBe(format === "npy" ? content.length : undefined);
  }
});

test("an exact import of a download has no warnings, whatever its 32-bit floats", async () => {
  const floats = [2 ** 24 + 2, 2 ** 32, 4e9, 2 ** 53, 2 ** 58, 2 ** 63, 3e38, 1e-45, -0, 0.1].map(Math.fround);
  const uuid = await uploadCsv(app, url, `a\n${floats.join("\n")}\n`);
  for (const format of ["parquet", "arrow", "npy", "csv"] as const) {
    const file = await new Response((await hanami.datasets.download({ uuid, format })).body).blob();
    const again = await hanami.datasets.uploadFile({ name: "again", file, format, exact: true });
    const column_name = format === "npy" ? "data" : "a";
    const rows = await hanami.datasets.content({ uuid: again.uuid, column_name, number_of_rows: floats.length });
    expect([format, rows.flat().map(Math.fround), again.warnings]).toEqual([format, floats.map((x) => x + 0), []]);
  }
});

test("a download in any format can be uploaded again", async () => {
  const uuid = await uploadCsv(app, url, "in_0,in_1,out\n1,2,3\n0.1,-4,5\n");
  for (const format of ["parquet", "arrow", "npy", "csv"] as const) {
    const file = await new Response((await hanami.datasets.download({ uuid, format })).body).blob();
    const column_name = format === "npy" ? { column_name: "mine" } : {};
    const dataset = await hanami.datasets.uploadFile({ name: "again", file, format, ...column_name });
    const one = (column: number) => ({ column_start: column, column_end: column + 1 });
    expect(dataset).toMatchObject({
      type: format,
      number_of_rows: 2,
      number_of_columns: 3,
      description:
        format === "npy" ? { mine: { column_start: 0, column_end: 3 } } : { in_0: one(0), in_1: one(1), out: one(2) },
    });
    const last = format === "npy" ? [Math.fround(0.1), -4, 5] : [5];
    const column = format === "npy" ? "mine" : "out";
    expect(await hanami.datasets.content({ uuid: dataset.uuid, column_name: column, row_offset: 1 })).toEqual([last]);
  }
  const text = new Blob(["not a table"]);
  for (const format of ["parquet", "arrow", "npy"] as const) {
    await expect(hanami.datasets.uploadFile({ name: "broken", file: text, format })).rejects.toThrow(
      /^Data-set can not be imported: /,
    );
  }
});

test("a dataset that cannot be downloaded is refused before anything is sent", async () => {
  const uuid = await uploadCsv(app, url, "a,b\n1,2\n");
  const pending = await announceCsv(app, 10);
  await expect(hanami.datasets.download({ uuid: pending.uuid })).rejects.toThrow(
    new BadRequestError(`Data-set with uuid '${pending.uuid}' is not complete yet`, 400),
  );
  await expect(hanami.datasets.download({ uuid, format: "xlsx" as "csv" })).rejects.toThrow(BadRequestError);
  await expect(hanami.datasets.download({ uuid, column_name: "c" })).rejects.toThrow(
    `Column with name 'c' was not found in dataset with UUID '${uuid}'`,
  );
  const other = await app.addUser({ id: "download_other", projectId: "other_project" });
  const foreign = await app.request("GET", "/dataset/download", { token: other, query: { uuid } });
  expect([foreign.status, foreign.text]).toEqual([404, `Data-set with uuid '${uuid}' not found`]);
  await hanami.datasets.delete(uuid);
  await expect(hanami.datasets.download({ uuid })).rejects.toThrow(NotFoundError);
});

test("the server waits for a client that reads slowly, and notices when it leaves", async () => {
  await addDataset(BIG, { width: 20_000, rows: 5_000 });
  const target = `${url}/v1.0alpha/dataset/download?uuid=${BIG}&format=npy`;
  const second = await app.addUser({ id: "second", projectId: "admin", isProjectAdmin: true });
  const open = async (token: string) => {
    const [response] = (await once(httpGet(target, { headers: { "X-Auth-Token": token } }), "response")) as [
      IncomingMessage,
    ];
    response.pause();
    return response;
  };
  const clients = [];
  // The maximum number of unread downloads, a hundred megabytes each. One user or project cannot have all of them.
  const downloads = [
    [app.token, 8],
    [second, 4],
  ] as const;
  for (const [token, count] of downloads) {
    for (let client = 0; client < count; client++) {
      const response = await open(token);
      expect(response.statusCode).toBe(200);
      clients.push(response);
    }
    expect((await open(token)).statusCode).toBe(409);
  }
  expect(process.memoryUsage().arrayBuffers).toBeLessThan(300 * 1024 * 1024);
  await expect(hanami.datasets.download({ uuid: BIG })).rejects.toThrow(ConflictError);
  const stranger = await app.addUser({ id: "stranger", projectId: "other_project" });
  const uuid = await uploadCsv(app, url, "a\n1\n", stranger);
  const own = await app.request("GET", "/dataset/download", { token: stranger, query: { uuid } });
  expect([own.status, own.text]).toEqual([200, "a\n1\n"]);
  for (const response of clients) response.destroy();
  // Their places become free once the server has seen them leave.
  for (;;) {
    const next = await hanami.datasets.download({ uuid: BIG, format: "npy" }).catch((error: unknown) => error);
    if (next instanceof ConflictError) continue;
    const { body, bytes } = next as Awaited<ReturnType<HanamiClient["datasets"]["download"]>>;
    expect((await new Response(body).arrayBuffer()).byteLength).toBe(bytes);
    break;
  }
});

test("long answers are produced in slices, between which other requests get their turn", async () => {
  let turns = 0;
  let isOver = false;
  const count = () => {
    turns++;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  const query = { uuid: BIG, column_name: "wide", row_offset: 100, number_of_rows: 200 };
  const answer = await app.request("GET", "/dataset/content", { query });
  isOver = true;
  const { data } = answer.json<{ data: number[][] }>();
  expect(data.map((row) => [row.length, row[0], row[19_999]])).toEqual(
    Array.from({ length: 200 }, (_, row) => [20_000, (100 + row) % 200, (100 + row) % 200]),
  );
  // 4 million values, 16384 or one row at a time.
  expect(turns).toBeGreaterThan(200);
});

test("sliced and whole JSON are the same", async () => {
  const body = Array.from({ length: 3000 }, (_, index) => [index, `name ${index}`, { b: 1, a: [index] }]);
  for (const answer of [
    { header: ["x"], body },
    { z: 1, body, a: [] },
    { body, z: "é", skipped: undefined },
    {
      body: Object.fromEntries(body.map((item, index) => [`${(index * 7) % 3000}`, item])),
      empty: {},
      n: null,
      o: { b: 1 },
    },
    { body: Object.fromEntries(body.map((item, index) => [`é${index}`, index % 2 === 0 ? item : undefined])) },
  ]) {
    expect(isLong(answer)).toBe(true);
    const pieces: Uint8Array[] = [];
    for await (const piece of slicedJson(answer)) pieces.push(piece);
    expect(pieces.length).toBeGreaterThan(2);
    expect(Buffer.concat(pieces).toString()).toBe(sortedJson(answer));
  }
  expect(isLong({ body: [1, 2], description: { a: 1 }, none: null })).toBe(false);
});
