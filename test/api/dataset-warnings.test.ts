import { columnFromArray, float64, int64, tableFromColumns, tableToIPC } from "@uwdata/flechette";
import { parquetWriteBuffer } from "hyparquet-writer";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { smallIdxPair } from "../datasets/support.ts";
import { createTestApp, databases, type TestApp } from "../support/test-app.ts";
import { announceMnist, sendFile, type Upload } from "./dataset-support.ts";

const ids = [16_777_217n, null, 5n, 2n ** 53n + 1n];
const reals = [0.1, 16_777_219, 1e-60, 6e23];
const said = [
  "column 'id': 2 whole numbers change their values as 32-bit floats; the first is 16777217 in row 1, which becomes 16777216",
  "column 'id': 1 cell is missing, which plain inputs read as 0; the first is in row 2",
  "column 'real': 1 whole number changes its value as a 32-bit float; the first is 16777219 in row 2, which becomes 16777220",
  "column 'real': 1 number is too small for a 32-bit float and becomes 0; the first is 1e-60 in row 3, which becomes 0",
].toSorted();

const files: Record<string, Uint8Array> = {
  arrow: tableToIPC(
    tableFromColumns({ id: columnFromArray(ids, int64()), real: columnFromArray(reals, float64()) }),
    {},
  ) as Uint8Array,
  parquet: new Uint8Array(
    parquetWriteBuffer({
      columnData: [
        { name: "id", data: ids, type: "INT64", nullable: true },
        { name: "real", data: reals, type: "DOUBLE" },
      ],
    }),
  ),
};

describe.each(databases)("warnings of imports on $name", (database) => {
  let app: TestApp;
  let url: string;
  beforeAll(async () => {
    app = await createTestApp({ database });
    ({ url } = await app.server.listen());
  });
  afterAll(() => app.close());

  async function send(type: string, bytes: Uint8Array) {
    const announced = { name: "test_dataset", input_data_size: bytes.length };
    const answer = await app.request("POST", `/dataset/upload/${type}`, { body: announced });
    const { uuid, uuid_input_file } = answer.json<Upload>();
    await sendFile(url, app.token, uuid_input_file, bytes);
    return (options: object = {}) =>
      app.request("PUT", `/dataset/upload/${type}`, { body: { uuid, uuid_input_file, ...options } });
  }
  const shown = async (uuid: string) =>
    (await app.request("GET", "/dataset", { query: { uuid } })).json<{ warnings: string[] }>().warnings;

  test.each(Object.keys(files))(
    "%s: values that a float changes are reported, kept, and refused on demand",
    async (type) => {
      const finalize = await send(type, files[type] as Uint8Array);
      expect(await finalize({ exact: true })).toMatchObject({
        status: 400,
        text: "Data-set can not be imported: row 1, column 'id': 16777217 becomes 16777216 as a 32-bit float",
      });
      const { uuid, warnings } = (await finalize()).json<{ uuid: string; warnings: string[] }>();
      expect(warnings.toSorted()).toEqual(said);
      expect(await shown(uuid)).toEqual(warnings);
    },
  );

  test("csv: a file without a header is refused with a hint, and read again without another upload", async () => {
    const finalize = await send("csv", Buffer.from('5.1,3.5\n4.9, "16777217"\n,\n'));
    const refused = await finalize();
    expect(refused.status).toBe(400);
    expect(refused.text).toMatch(/^Data-set can not be imported: line 1: '5\.1,3\.5' holds values .* has_header=false/);
    expect(await finalize({ has_header: false, exact: true })).toMatchObject({
      status: 400,
      text: "Data-set can not be imported: row 2 (line 2), column 'column_1': 16777217 becomes 16777216 as a 32-bit float",
    });
    expect(await finalize({ has_header: "no" })).toMatchObject({ status: 400 });
    const { uuid, warnings } = (await finalize({ has_header: false })).json<{ uuid: string; warnings: string[] }>();
    expect(warnings).toEqual([
      "1 row of nothing but delimiters at the end is left out; the first is line 3",
      "column 'column_1': 1 whole number changes its value as a 32-bit float; the first is 16777217 in row 2, which becomes 16777216",
    ]);
    expect(await shown(uuid)).toEqual(warnings);
    const query = { uuid, column_name: "column_1", number_of_rows: 2 };
    expect((await app.request("GET", "/dataset/content", { query })).json()).toEqual({ data: [[3.5], [16_777_216]] });
  });

  test("parquet: columns that form a group by their names alone", async () => {
    const names = ["a_0", "a_1", "b"];
    const columnData = names.map((name) => ({ name, data: [0.5], type: "DOUBLE" as const }));
    const finalize = await send("parquet", new Uint8Array(parquetWriteBuffer({ columnData })));
    const { warnings } = (await finalize()).json<{ warnings: string[] }>();
    expect(warnings).toEqual(["columns 'a_0' to '…_1' are taken as one group, by their names"]);
  });

  test("exact in the query", async () => {
    const bytes = Buffer.from("id\n16777217\n");
    const announced = { name: "test_dataset", input_data_size: bytes.length };
    const answer = await app.request("POST", "/dataset/upload/csv", { body: announced });
    const { uuid, uuid_input_file } = answer.json<Upload>();
    await sendFile(url, app.token, uuid_input_file, bytes);
    const query = { exact: "true" };
    const refused = await app.request("PUT", "/dataset/upload/csv", { query, body: { uuid, uuid_input_file } });
    expect(refused).toMatchObject({ status: 400, text: expect.stringContaining("16777217 becomes 16777216") });
  });

  test("an IDX pair changes nothing, and an upload has no warnings yet", async () => {
    const { input, label } = smallIdxPair(2);
    const upload = await announceMnist(app, { input: input.length, label: label.length });
    const { uuid, uuid_input_file, uuid_label_file } = upload;
    expect(await shown(uuid)).toEqual([]);
    await sendFile(url, app.token, uuid_input_file, input);
    await sendFile(url, app.token, uuid_label_file, label);
    const body = { uuid, uuid_input_file, uuid_label_file };
    expect((await app.request("PUT", "/dataset/upload/mnist", { body })).json()).toEqual({ uuid, warnings: [] });
    expect(await shown(uuid)).toEqual([]);
  });
});
