import { execFileSync } from "node:child_process";
import { closeSync, constants, openSync, renameSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { ByteWriter, ParquetWriter } from "hyparquet-writer";
import { expect, onTestFinished, test } from "vitest";
import { parseConfig } from "../../src/server/config.ts";
import { tempfilePath } from "../../src/files/storage.ts";
import { announceCsv, sendFile, uploadCsv, type Upload } from "../api/dataset-support.ts";
import { createTestApp, type TestApp } from "../support/test-app.ts";

const csv = "x\n1\n";

/** A Parquet file of some kilobytes. */
async function manyZeros(rows: number): Promise<Uint8Array> {
  const writer = new ByteWriter();
  const schema = [
    { name: "schema", num_children: 1 },
    { name: "a", type: "DOUBLE" as const, repetition_type: "REQUIRED" as const },
  ];
  const file = new ParquetWriter({ writer, schema });
  const data = new Float64Array(1_000_000);
  for (let first = 0; first < rows; first += data.length) {
    await file.write({ columnData: [{ name: "a", data }] });
  }
  await file.finish();
  return writer.getBytes();
}

/** A complete upload whose file is a pipe, so that its import takes until `release`. */
async function slowUpload({ app, url }: { app: TestApp; url: string }, token: string) {
  const { uuid, uuid_input_file } = await announceCsv(app, csv.length, token);
  await sendFile(url, token, uuid_input_file, Buffer.from(csv));
  const path = tempfilePath(app.app.storage, uuid_input_file);
  rmSync(path);
  execFileSync("mkfifo", [path]);
  // As long as it is open for writing, its readers wait.
  const pipe = openSync(path, constants.O_RDWR);
  const answer = app.request("PUT", "/dataset/upload/csv", { token, body: { uuid, uuid_input_file } });
  let isOver = false;
  void answer.then(() => (isOver = true));
  const release = () => {
    // A later reader opens a file; an earlier one gets the same bytes from the pipe.
    writeFileSync(`${path}.new`, csv);
    renameSync(`${path}.new`, path);
    writeSync(pipe, csv);
    closeSync(pipe);
  };
  return { answer, release, isOver: () => isOver };
}

test.runIf(process.platform === "linux")(
  "endless imports of one project do not delay another project, and those of one user no other user",
  { timeout: 120_000 },
  async () => {
    const app = await createTestApp();
    onTestFinished(() => app.close());
    const { url } = await app.server.listen();
    const [mallory, oscar] = [
      await app.addUser({ id: "mallory", projectId: "hostile" }),
      await app.addUser({ id: "oscar", projectId: "hostile" }),
    ];
    const alice = await app.addUser({ id: "alice", projectId: "other" });

    const slow = [];
    for (let count = 0; count < 6; count++) slow.push(await slowUpload({ app, url }, mallory));
    expect(await uploadCsv(app, url, csv, oscar)).toMatch(/^[0-9a-f-]{36}$/);
    for (let count = 0; count < 6; count++) slow.push(await slowUpload({ app, url }, oscar));
    expect(await uploadCsv(app, url, csv, alice)).toMatch(/^[0-9a-f-]{36}$/);
    expect(slow.map(({ isOver }) => isOver())).toEqual(slow.map(() => false));

    for (const { release } of slow) release();
    expect((await Promise.all(slow.map(({ answer }) => answer))).map(({ status }) => status)).toEqual(
      slow.map(() => 200),
    );
  },
);

test.runIf(process.platform !== "win32")(
  "an import beyond its processor time is ended, and leaves nothing",
  { timeout: 120_000 },
  async () => {
    const { limits } = parseConfig({ HANAMI_IMPORT_SECONDS: "1" });
    const app = await createTestApp({ config: { limits } });
    onTestFinished(() => app.close());
    const { url } = await app.server.listen();
    const file = await manyZeros(40_000_000);
    expect(file.length).toBeLessThan(100_000);

    const body = { name: "test_dataset", input_data_size: file.length };
    const { uuid, uuid_input_file } = (await app.request("POST", "/dataset/upload/parquet", { body })).json<Upload>();
    await sendFile(url, app.token, uuid_input_file, file);
    const answer = await app.request("PUT", "/dataset/upload/parquet", { body: { uuid, uuid_input_file } });
    const reason = "reading it took more than 1 s of processor time, the limit for its size";
    expect([answer.status, answer.text]).toEqual([400, `Data-set can not be imported: ${reason}`]);
    expect(await readdir(app.app.storage.datasets)).toEqual([]);
    const progress = (await app.request("GET", "/dataset/progress", { query: { uuid } })).json();
    expect(progress).toMatchObject({ complete: true, bytes_received: file.length });
    expect((await app.request("DELETE", "/dataset", { query: { uuid } })).status).toBe(200);
  },
);
