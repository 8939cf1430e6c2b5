import { readdir } from "node:fs/promises";
import { eq } from "drizzle-orm";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { sweepUploads } from "../../src/uploads/sweep-uploads.ts";
import { tempfiles } from "../../src/db/schema/index.ts";
import { smallIdxPair } from "../datasets/support.ts";
import { createTestApp, databases, type TestApp } from "../support/test-app.ts";
import { announceCsv, announceMnist, openUpload, sendFile, uploadCsv, uploadMnist } from "./dataset-support.ts";

const unknown = "12345678-1234-1234-1234-123456789abc";

describe.each(databases)("upload of a dataset on $name", (database) => {
  let app: TestApp;
  let url: string;
  beforeAll(async () => {
    app = await createTestApp({ database });
    ({ url } = await app.server.listen());
  });
  afterAll(() => app.close());

  const progress = async (uuid: string) => (await app.request("GET", "/dataset/progress", { query: { uuid } })).json();

  test("an IDX pair becomes a dataset, and its temporary files are deleted", async () => {
    const { input, label } = smallIdxPair(25);
    const upload = await announceMnist(app, { input: input.length, label: label.length });
    expect(upload).toEqual({
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/),
      name: "test_dataset",
      owner_id: "asdf",
      project_id: "admin",
      uuid: expect.any(String),
      uuid_input_file: expect.any(String),
      uuid_label_file: expect.any(String),
      visibility: "private",
    });
    const { uuid, uuid_input_file, uuid_label_file } = upload;
    const total = { uuid, complete: false, bytes_total: input.length + label.length };
    expect(await progress(uuid)).toEqual({ ...total, bytes_received: 0 });
    await sendFile(url, app.token, uuid_input_file, input);
    expect(await progress(uuid)).toEqual({ ...total, bytes_received: input.length });

    const body = { uuid, uuid_input_file, uuid_label_file };
    const early = await app.request("PUT", "/dataset/upload/mnist", { body });
    expect(early).toMatchObject({
      status: 409,
      text: `Upload of data-set with uuid '${uuid}' is not complete: 0 of 33 bytes of its label-file have arrived`,
    });
    await sendFile(url, app.token, uuid_label_file, label);
    const complete = { ...total, complete: true, bytes_received: total.bytes_total };
    expect(await progress(uuid)).toEqual(complete);
    expect((await app.request("PUT", "/dataset/upload/mnist", { body })).json()).toEqual({ uuid, warnings: [] });
    expect(await progress(uuid)).toEqual(complete);

    const again = await app.request("PUT", "/dataset/upload/mnist", { body });
    expect(again).toMatchObject({ status: 404, text: `Input-data with uuid '${uuid_input_file}' not found.` });
    expect(await readdir(app.app.storage.tempfiles)).not.toContain(uuid_input_file);
    expect(await readdir(app.app.storage.tempfiles)).not.toContain(uuid_label_file);
    await expect(openUpload(url, app.token, uuid_input_file)).rejects.toThrow(
      `Tempfile with UUID '${uuid_input_file}' not found`,
    );
  });

  test("of two concurrent finalizes one wins", async () => {
    const text = Buffer.from("a,b\n1,2\n");
    const { uuid, uuid_input_file } = await announceCsv(app, text.length);
    await sendFile(url, app.token, uuid_input_file, text);
    const put = () => app.request("PUT", "/dataset/upload/csv", { body: { uuid, uuid_input_file } });
    const answers = await Promise.all([put(), put(), put()]);
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409, 409]);
    const dataset = (await app.request("GET", "/dataset", { query: { uuid } })).json();
    expect(dataset).toMatchObject({ number_of_rows: 1, number_of_columns: 2 });
  });

  test("a dataset that is deleted while its import is queued is not found", async () => {
    let end = () => {};
    const ended = new Promise<void>((resolve) => (end = resolve));
    const others = ["p", "q", "r", "s", "t"].flatMap((id) =>
      Array.from({ length: 5 }, () => app.app.readers.run({ projectId: id, userId: id }, 1, () => ended)),
    );
    const { uuid, uuid_input_file } = await announceCsv(app, 4);
    await sendFile(url, app.token, uuid_input_file, Buffer.from("x\n1\n"));
    const finalized = app.request("PUT", "/dataset/upload/csv", { body: { uuid, uuid_input_file } });
    await expect.poll(() => app.app.uploads.isBusy(uuid)).toBe(true);
    expect((await app.request("DELETE", "/dataset", { query: { uuid } })).status).toBe(200);
    end();
    await Promise.all(others);
    expect(await finalized).toMatchObject({ status: 404, text: `Data-set with uuid '${uuid}' not found` });
  });

  test(
    "too many pieces with gaps between them are refused until the gaps are filled",
    { timeout: 60_000 },
    async () => {
      const { uuid, uuid_input_file } = await announceCsv(app, 20_000);
      const socket = await openUpload(url, app.token, uuid_input_file);
      const put = (position: number) => socket.put(position, Buffer.from("1"));
      for (let count = 0; count < 4096; count++) expect((await put(2 * count))?.success).toBe(true);
      const refused = { success: false, errorMessage: "Failed to write data to disc" };
      expect(await put(19_000)).toEqual(refused);
      expect((await put(1))?.success).toBe(true);
      expect((await put(19_000))?.success).toBe(true);
      expect(await put(19_500)).toEqual(refused);
      await socket.close();
      await expect.poll(() => progress(uuid)).toMatchObject({ bytes_received: 4098 });
    },
  );

  test("pieces of any size in any order, some twice, over several sockets", { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          rows: fc.integer({ min: 1, max: 40_000 }),
          pieceBytes: fc.integer({ min: 40_000, max: 400_000 }),
          order: fc.infiniteStream(fc.nat()),
          seam: fc.nat(20),
        }),
        async ({ rows, pieceBytes, order, seam }) => {
          const text = `value\n${Array.from({ length: rows }, (_, row) => `${row % 977}\n`).join("")}`;
          const bytes = Buffer.from(text);
          const positions: number[] = [];
          for (let position = 0; position < bytes.length; position += pieceBytes) positions.push(position);
          const shuffled = positions
            .flatMap((position) => (order.next().value % 3 === 0 ? [position, position] : [position]))
            .map((position) => ({ position, key: order.next().value }))
            .toSorted((a, b) => a.key - b.key);

          const { uuid, uuid_input_file } = await announceCsv(app, bytes.length);
          let socket = await openUpload(url, app.token, uuid_input_file);
          for (const [index, { position }] of shuffled.entries()) {
            if (index === seam) {
              // A lost connection; acknowledged pieces count.
              await socket.terminate();
              socket = await openUpload(url, app.token, uuid_input_file);
            }
            const answer = await socket.put(position, bytes.subarray(position, position + pieceBytes));
            expect(answer).toEqual({ success: true, errorMessage: "" });
          }
          expect(await progress(uuid)).toMatchObject({ complete: true, bytes_received: bytes.length });
          await socket.close();
          (await app.request("PUT", "/dataset/upload/csv", { body: { uuid, uuid_input_file } })).json();
          const query = { uuid, column_name: "value", row_offset: rows - 1 };
          const content = (await app.request("GET", "/dataset/content", { query })).json();
          expect(content).toEqual({ data: [[(rows - 1) % 977]] });
        },
      ),
      { numRuns: 8 },
    );
  });

  test("invalid messages are refused, and the socket stays usable", async () => {
    const { uuid, uuid_input_file } = await announceCsv(app, 10);
    const socket = await openUpload(url, app.token, uuid_input_file);
    const refused = { success: false, errorMessage: "Failed to write data to disc" };
    const ok = { success: true, errorMessage: "" };
    expect(await socket.put(8, Buffer.from("abc"))).toEqual(refused);
    expect(await socket.put(11, new Uint8Array())).toEqual(refused);
    expect(await socket.put(2 ** 53, Buffer.from("abc"))).toEqual(refused);
    const garbage = await socket.ask(Buffer.from("this is not a message"));
    expect(garbage.toString("latin1")).toContain("Got invalid FileUpload-Message");
    expect(await progress(uuid)).toMatchObject({ bytes_received: 0 });
    expect(await socket.put(8, Buffer.from("4\n"))).toEqual(ok);
    expect(await socket.put(0, Buffer.from("a,b\n1,2\n"))).toEqual(ok);
    expect(await progress(uuid)).toMatchObject({ complete: true });
    await socket.close();
    const answer = await app.request("PUT", "/dataset/upload/csv", { body: { uuid, uuid_input_file } });
    const reason = "row 2 (line 3): column 'b' is missing: 1 cells under a header of 2";
    expect(answer).toMatchObject({ status: 400, text: `Data-set can not be imported: ${reason}` });
    expect(await readdir(app.app.storage.datasets)).not.toContain(uuid);

    // The upload is still there, so the bad bytes can be replaced.
    const second = await openUpload(url, app.token, uuid_input_file);
    expect(await second.put(8, Buffer.from("\n\n"))).toEqual(ok);
    await second.close();
    expect((await app.request("PUT", "/dataset/upload/csv", { body: { uuid, uuid_input_file } })).json()).toEqual({
      uuid,
      warnings: ["2 empty lines are left out; the first is line 3"],
    });
  });

  test("sockets of the same file share the received bytes", async () => {
    const { uuid, uuid_input_file } = await announceCsv(app, 4);
    const [first, second] = await Promise.all([
      openUpload(url, app.token, uuid_input_file),
      openUpload(url, app.token, uuid_input_file),
    ]);
    await Promise.all([first.put(0, Buffer.from("a\n")), second.put(2, Buffer.from("1\n"))]);
    await Promise.all([first.close(), second.close()]);
    expect(await progress(uuid)).toMatchObject({ complete: true });
  });

  test("wrong uuids answer with the contract's texts", async () => {
    const text = Buffer.from("a\n1\n");
    const csv = await announceCsv(app, text.length);
    await sendFile(url, app.token, csv.uuid_input_file, text);
    const { input, label } = smallIdxPair(1);
    const mnist = await announceMnist(app, { input: input.length, label: label.length });
    const { uuid, uuid_input_file, uuid_label_file } = mnist;
    const cases = [
      ["csv", { uuid: unknown, uuid_input_file }, 404, `Data-set with uuid '${unknown}' not found`],
      ["csv", { uuid: csv.uuid, uuid_input_file: unknown }, 404, `Input-data with uuid '${unknown}' not found.`],
      ["csv", { uuid: csv.uuid, uuid_input_file }, 404, `Input-data with uuid '${uuid_input_file}' not found.`],
      ["csv", { uuid, uuid_input_file: uuid_label_file }, 404, `Input-data with uuid '${uuid_label_file}' not found.`],
      ["csv", { uuid, uuid_input_file }, 400, `Data-set with uuid '${uuid}' was announced as mnist, not as csv`],
      [
        "mnist",
        { uuid, uuid_input_file, uuid_label_file: unknown },
        404,
        `Label-data with uuid '${unknown}' not found.`,
      ],
      [
        "mnist",
        { uuid: csv.uuid, uuid_input_file: csv.uuid_input_file, uuid_label_file },
        404,
        `Label-data with uuid '${uuid_label_file}' not found.`,
      ],
      ["csv", { uuid: "nope", uuid_input_file }, 400, "Given item 'uuid' doesn't match with regex"],
    ] as const;
    for (const [type, body, status, message] of cases) {
      const answer = await app.request("PUT", `/dataset/upload/${type}`, { body });
      expect(answer.status).toBe(status);
      expect(answer.text).toContain(message);
    }
    for (const name of [unknown, "nope", "../../etc/passwd"]) {
      await expect(openUpload(url, app.token, name)).rejects.toThrow(`Tempfile with UUID '${name}' not found`);
    }
  });

  test("sizes outside of the limits are refused; the largest takes no space yet", async () => {
    for (const [size, message] of [
      [0, "Given item 'input_data_size' is smaller than 1"],
      [10_000_000_001, "Given item 'input_data_size' is bigger than 10000000000"],
    ] as const) {
      const body = { name: "test_dataset", input_data_size: size };
      expect(await app.request("POST", "/dataset/upload/csv", { body })).toMatchObject({ status: 400, text: message });
    }
    const { uuid, uuid_input_file } = await announceCsv(app, 10_000_000_000);
    const socket = await openUpload(url, app.token, uuid_input_file);
    expect(await socket.put(9_999_999_999, Buffer.from("x"))).toMatchObject({ success: true });
    expect(await progress(uuid)).toMatchObject({ bytes_received: 1, bytes_total: 10_000_000_000 });
    await socket.close();
    expect((await app.request("DELETE", "/dataset", { query: { uuid } })).json()).toEqual({});
  });

  test("only the user who announced a file may fill it, and only in its project", async () => {
    const member = await app.addUser({ id: "member1", projectId: "project_a" });
    const other = await app.addUser({ id: "member2", projectId: "project_a" });
    const { uuid, uuid_input_file } = await announceCsv(app, 4, member);
    for (const token of [app.token, other]) {
      await expect(openUpload(url, token, uuid_input_file)).rejects.toThrow(
        `Tempfile with UUID '${uuid_input_file}' not found`,
      );
    }
    const notFound = { status: 404, text: `Data-set with uuid '${uuid}' not found` };
    const body = { uuid, uuid_input_file };
    expect(await app.request("PUT", "/dataset/upload/csv", { token: other, body })).toMatchObject(notFound);
    expect(await app.request("GET", "/dataset/progress", { token: other, query: { uuid } })).toMatchObject(notFound);
    // An administrator sees the progress of all users.
    expect(await progress(uuid)).toMatchObject({ bytes_total: 4, complete: false });
    await sendFile(url, member, uuid_input_file, Buffer.from("a\n1\n"));
    expect((await app.request("PUT", "/dataset/upload/csv", { token: member, body })).json()).toEqual({
      uuid,
      warnings: [],
    });
  });

  test("a deleted upload accepts no more bytes", async () => {
    const { uuid, uuid_input_file } = await announceCsv(app, 4);
    const socket = await openUpload(url, app.token, uuid_input_file);
    expect(await socket.put(0, Buffer.from("a\n"))).toMatchObject({ success: true });
    (await app.request("DELETE", "/dataset", { query: { uuid } })).json();
    expect(await socket.put(2, Buffer.from("1\n"))).toMatchObject({ success: false });
    expect(await readdir(app.app.storage.tempfiles)).not.toContain(uuid_input_file);
    await socket.close();
  });

  test("an abandoned upload is removed after the timeout, one with a socket is not", async () => {
    const old = await announceCsv(app, 4);
    const held = await announceCsv(app, 4);
    const fresh = await announceCsv(app, 4);
    const finished = await uploadCsv(app, url, "a\n1\n");
    const socket = await openUpload(url, app.token, held.uuid_input_file);
    const hourAgo = new Date(Date.now() - 3_600_000);
    const { db } = app.app;
    for (const { uuid } of [old, held, { uuid: finished }]) {
      await db.update(tempfiles).set({ touched_at: hourAgo }).where(eq(tempfiles.dataset_uuid, uuid));
    }
    expect(await sweepUploads(app.app, new Date())).toEqual([old.uuid]);
    expect(await app.request("GET", "/dataset", { query: { uuid: old.uuid } })).toMatchObject({ status: 404 });
    expect(await readdir(app.app.storage.tempfiles)).not.toContain(old.uuid_input_file);
    for (const uuid of [held.uuid, fresh.uuid, finished]) {
      expect(await app.request("GET", "/dataset", { query: { uuid } })).toMatchObject({ status: 200 });
    }
    // Closing the socket counts as activity.
    await socket.close();
    await openUpload(url, app.token, held.uuid_input_file).then((again) => again.close());
    expect(await sweepUploads(app.app, new Date())).toEqual([]);
    // The client's end of a socket closes before the server has removed the session.
    const later = new Date(Date.now() + 11 * 60_000);
    await vi.waitFor(async () => expect(await sweepUploads(app.app, later)).toContain(held.uuid));
  });

  test("the sequence of a real client, with several datasets of the same name", async () => {
    const pair = smallIdxPair(12);
    const [first, second] = [await uploadMnist(app, url, pair), await uploadMnist(app, url, pair)];
    expect(first).not.toBe(second);
    (await app.request("DELETE", "/dataset", { query: { uuid: first } })).json();
    const query = { uuid: second, column_name: "label", row_offset: 3 };
    const content = (await app.request("GET", "/dataset/content", { query })).json();
    expect(content).toEqual({ data: [[0, 0, 0, 1, 0, 0, 0, 0, 0, 0]] });
  });
});
