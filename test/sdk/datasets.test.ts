import { writeFile } from "node:fs/promises";
import { openAsBlob } from "node:fs";
import { join } from "node:path";
import {
  BadRequestError,
  ConflictError,
  HanamiClient,
  NotFoundError,
  type PendingUpload,
  type WebSocketConstructor,
} from "hanami-sdk";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { drawDigits } from "../../scripts/demo/digits.ts";
import { encodePair } from "../../scripts/demo/idx.ts";
import { adminId, createTestApp, testPassphrase, type TestApp } from "../support/test-app.ts";

let app: TestApp;
let address: string;
beforeAll(async () => {
  app = await createTestApp();
  address = (await app.server.listen()).url;
});
afterAll(() => app.close());

/** A real socket that breaks after some messages, including the first message. */
function breakingSockets(messagesPerSocket: number[]) {
  const opened: WebSocket[] = [];
  class Breaking extends WebSocket {
    #left = messagesPerSocket[opened.length] ?? Number.POSITIVE_INFINITY;

    constructor(url: string) {
      super(url);
      opened.push(this);
    }

    override send(data: string | Uint8Array): void {
      if (this.#left-- > 0) super.send(data);
      else this.terminate();
    }
  }
  return { opened, Breaking: Breaking as unknown as WebSocketConstructor };
}

const client = (WebSocket?: WebSocketConstructor, login = { user: adminId, passphrase: testPassphrase }) =>
  new HanamiClient({ address, ...login, ...(WebSocket === undefined ? {} : { WebSocket }) });

test("a CSV file on disk becomes a dataset, and is read, listed and deleted", async () => {
  const hanami = client();
  const file = join(app.dataDir, "numbers.csv");
  await writeFile(file, "in,out\n1,2\n3,4\n5,6.5\n");
  const seen: { sentBytes: number; totalBytes: number }[] = [];
  const dataset = await hanami.datasets.uploadCsv(
    { name: "numbers", file: await openAsBlob(file) },
    { onProgress: (progress) => seen.push(progress) },
  );
  expect(seen).toEqual([{ sentBytes: 21, totalBytes: 21 }]);
  expect(dataset).toMatchObject({
    name: "numbers",
    number_of_rows: 3,
    number_of_columns: 2,
    description: { in: { column_start: 0, column_end: 1 }, out: { column_start: 1, column_end: 2 } },
  });
  const { uuid } = dataset;
  expect(await hanami.datasets.content({ uuid, column_name: "out", row_offset: 1, number_of_rows: 2 })).toEqual([
    [4],
    [6.5],
  ]);
  expect(await hanami.datasets.content({ uuid, column_name: "in" })).toEqual([[1]]);
  const { created_at, name, owner_id, project_id, visibility } = dataset;
  expect(await hanami.datasets.list()).toMatchObject([{ uuid, created_at, name, owner_id, project_id, visibility }]);
  await hanami.datasets.delete(uuid);
  await expect(hanami.datasets.get(uuid)).rejects.toThrow(NotFoundError);
});

test("a CSV file without a header, exactness and warnings", async () => {
  const hanami = client();
  const upload = (text: string, options: object) =>
    hanami.datasets.uploadCsv({ name: "said", file: new TextEncoder().encode(text), ...options });
  await expect(upload("5.1,3.5\n4.9,3\n", {})).rejects.toThrow("has_header=false");
  const { number_of_rows, description, warnings, uuid } = await upload("5.1,3.5\n4.9,\n", { has_header: false });
  expect([number_of_rows, Object.keys(description)]).toEqual([2, ["column_0", "column_1"]]);
  expect(warnings).toEqual([
    "column 'column_1': 1 cell is missing, which plain inputs read as 0; the first is in row 2",
  ]);
  expect((await hanami.datasets.get(uuid)).warnings).toEqual(warnings);
  await expect(upload("id\n16777217\n", { exact: true })).rejects.toThrow("16777217 becomes 16777216");
  const file = new TextEncoder().encode("2019\n1\n");
  const named = await hanami.datasets.uploadFile({ name: "said", format: "csv", file, has_header: true });
  expect([Object.keys(named.description), named.warnings]).toEqual([["2019"], []]);
});

test("the demo's digits become an MNIST dataset; progress only grows and ends at the total", async () => {
  const { images, labels } = encodePair(drawDigits(500, 1));
  const seen: number[] = [];
  const total = images.length + labels.length;
  const hanami = client();
  const dataset = await hanami.datasets.uploadMnist(
    { name: "digits", images, labels: new Blob([labels as Uint8Array<ArrayBuffer>]) },
    { onProgress: ({ sentBytes }) => seen.push(sentBytes) },
  );
  expect(dataset).toMatchObject({ number_of_rows: 500, number_of_columns: 794 });
  expect(seen).toHaveLength(Math.ceil(images.length / 131_072) + 1);
  expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  expect(seen.at(-1)).toBe(total);
  const picture = { uuid: dataset.uuid, column_name: "picture", row_offset: 499, number_of_rows: 1 };
  const [row] = await hanami.datasets.content(picture);
  expect(row?.map((value) => Math.round(value * (Math.max(...row) > 1 ? 1 : 255)))).toEqual([...images.subarray(-784)]);
});

test("an upload continues after its connection broke, and does not send acknowledged bytes again", async () => {
  const { opened, Breaking } = breakingSockets([12, 15]);
  const { images, labels } = encodePair(drawDigits(5000, 1));
  const seen: number[] = [];
  const dataset = await client(Breaking).datasets.uploadMnist(
    { name: "digits", images, labels },
    { onProgress: ({ sentBytes }) => seen.push(sentBytes) },
  );
  expect(dataset.number_of_rows).toBe(5000);
  expect(opened).toHaveLength(4);
  expect(new Set(seen).size).toBe(seen.length);
  await client().datasets.delete(dataset.uuid);
});

test("an unreachable server ends the upload, and a later one continues from there", async () => {
  const { opened, Breaking } = breakingSockets([20, 0, 0, 0]);
  const { images, labels } = encodePair(drawDigits(5000, 2));
  const pending: PendingUpload = await client().datasets.announceMnist("digits", images.length, labels.length);
  await expect(client(Breaking).datasets.resumeUpload(pending, { images, labels })).rejects.toThrow("closed");
  expect(opened).toHaveLength(4);
  const { bytes_received, complete } = await client().datasets.progress(pending.uuid);
  expect(complete).toBe(false);
  expect(bytes_received).toBeGreaterThanOrEqual(8 * 131_072);

  const seen: number[] = [];
  const options = { onProgress: ({ sentBytes }: { sentBytes: number }) => seen.push(sentBytes) };
  const dataset = await client().datasets.resumeUpload(pending, { images, labels }, options);
  expect(dataset.number_of_rows).toBe(5000);
  expect(seen[0]).toBe((bytes_received as number) + 131_072);
});

test("the received bytes need not be the first ones", async () => {
  const hanami = client();
  const { images, labels } = encodePair(drawDigits(2000, 3));
  const pending = await hanami.datasets.announceMnist("digits", images.length, labels.length);
  const swapped = { images: labels, labels: images };
  // Only the labels arrive: the pieces of the images exceed the size of the label file.
  await expect(
    hanami.datasets.resumeUpload(
      {
        ...pending,
        uuid_input_file: pending.uuid_label_file as string,
        uuid_label_file: pending.uuid_label_file as string,
      },
      swapped,
    ),
  ).rejects.toThrow("Failed to write data to disc");
  expect((await hanami.datasets.progress(pending.uuid)).bytes_received).toBe(labels.length);
  expect(await hanami.datasets.resumeUpload(pending, { images, labels })).toMatchObject({ number_of_rows: 2000 });
});

test("refusals of the socket and of the import have their class and text, and leave no dataset", async () => {
  const hanami = client();
  const broken = hanami.datasets.uploadCsv({ name: "ragged", file: new TextEncoder().encode("a,b\n1\n") });
  await expect(broken).rejects.toThrow(BadRequestError);
  expect((await hanami.datasets.list()).map(({ name }) => name)).not.toContain("ragged");
  const pending = await hanami.datasets.announceCsv("numbers", 4);
  const uuid = "12345678-1234-1234-1234-123456789abc";
  const stranger = hanami.datasets.resumeUpload({ ...pending, uuid_input_file: uuid }, { file: new Uint8Array(4) });
  await expect(stranger).rejects.toThrow(NotFoundError);
  await expect(stranger).rejects.toThrow(`Tempfile with UUID '${uuid}' not found`);
  const short = hanami.request("PUT", "/dataset/upload/csv", {
    uuid: pending.uuid,
    uuid_input_file: pending.uuid_input_file,
  });
  await expect(short).rejects.toThrow(ConflictError);
});
