import { HanamiClient, type FileFormat } from "hanami-sdk";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { npyHeader } from "../../src/datasets/export/write-npy.ts";
import { makeCluster, untilFinished } from "../support/compute.ts";
import { adminId, createTestApp, testPassphrase, type TestApp } from "../support/test-app.ts";

vi.setConfig({ testTimeout: 120_000 });

/** Column names as found in files of other programs. */
const names = [
  "sepal length (cm)",
  "Sepal.Length",
  "0",
  "10",
  "2",
  "größe",
  "gro\u0308ße",
  "_x",
  "__proto__",
  "constructor",
  "true",
  "null",
  "-1.5",
  "1e3",
  "time:ms",
  "a,b",
  'say "hi"',
  "it's",
  "x y",
  "a\\b",
  "50%",
  "%41",
  "a+b",
  "a&b=c#d",
  "../../etc/passwd",
  "=1+1",
  "日本語",
  "👩‍🚀",
  "ﬁ",
  "a_0",
  " lead",
  "trail ",
  " ",
  "\u00a0",
  "\u200b",
  "a\u2028b",
  "-c",
  "n".repeat(254),
];

const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;
/** Every cell has a different value. */
const value = (row: number, column: number) => 100 * row + column;
const csv = `${names.map(quoted).join(",")}\n${[0, 1, 2]
  .map((row) => names.map((_, column) => value(row, column)).join(","))
  .join("\n")}\n`;

let app: TestApp;
let hanami: HanamiClient;
let source = "";
beforeAll(async () => {
  app = await createTestApp();
  const { url } = await app.server.listen();
  hanami = new HanamiClient({ address: url, user: adminId, passphrase: testPassphrase });
  source = (await hanami.datasets.uploadCsv({ name: "names", file: new Blob([csv]) })).uuid;
});
afterAll(() => app.close());

const download = async (uuid: string, format: FileFormat, column_name?: string) => {
  const { body } = await hanami.datasets.download({
    uuid,
    format,
    ...(column_name === undefined ? {} : { column_name }),
  });
  return new Response(body).blob();
};

/** A table with all of the names, as a file of each format. */
const files: Record<Exclude<FileFormat, "npy">, () => Promise<Blob>> = {
  csv: async () => new Blob([csv]),
  parquet: () => download(source, "parquet"),
  arrow: () => download(source, "arrow"),
};

describe.each(["csv", "parquet", "arrow"] as const)("columns of a file in %s", (format) => {
  test("are described, read and downloaded under any name", async () => {
    const { uuid } = await hanami.datasets.uploadFile({ name: "names", file: await files[format](), format });
    const { description } = await hanami.datasets.get(uuid);
    expect(Object.keys(description).sort()).toEqual([...names].sort());
    const place = (column: number) => ({ column_start: column, column_end: column + 1 });
    for (const [column, name] of names.entries()) {
      expect([name, Object.getOwnPropertyDescriptor(description, name)?.value]).toEqual([name, place(column)]);
      const rows = await hanami.datasets.content({ uuid, column_name: name, number_of_rows: 3 });
      expect([name, rows]).toEqual([name, [0, 1, 2].map((row) => [value(row, column)])]);
      // Each download starts a thread: of the other formats, all columns come in one.
      if (format !== "csv") continue;
      const text = await (await download(uuid, "csv", name)).text();
      expect([name, text.split("\n").slice(1)]).toEqual([
        name,
        [0, 1, 2, -1].map((row) => (row < 0 ? "" : String(value(row, column)))),
      ]);
    }
    expect(await (await download(uuid, "csv")).text()).toBe(await (await download(source, "csv")).text());
  });
});

test("a downloaded CSV file names every column again, including the first", async () => {
  const again = async (file: Blob) => {
    const { description } = await hanami.datasets.uploadCsv({ name: "again", file, has_header: true, exact: true });
    return Object.keys(description).sort();
  };
  expect(await again(await download(source, "csv"))).toEqual([...names].sort());
  for (const column_name of [" lead", "trail ", " "]) {
    expect(await again(await download(source, "csv", column_name))).toEqual([column_name]);
  }
  const marked = await hanami.datasets.uploadCsv({ name: "marked", file: new Blob(['"\ufeffmark",b\n1,2\n']) });
  for (const format of ["csv", "arrow"] as const) {
    const file = await download(marked.uuid, format);
    const { description } = await hanami.datasets.uploadFile({ name: "again", file, format });
    expect(Object.keys(description).sort()).toEqual(["b", "\ufeffmark"]);
  }
});

test("an array in NPY accepts any of them", async () => {
  const header = npyHeader({ type: "uint8", rowCount: 1, columnCount: 2 });
  const file = new Blob([new Uint8Array(header), Uint8Array.of(7, 8)]);
  for (const column_name of names) {
    const { uuid } = await hanami.datasets.uploadFile({ name: "named", file, format: "npy", column_name });
    expect([column_name, await hanami.datasets.content({ uuid, column_name })]).toEqual([column_name, [[7, 8]]]);
  }
});

test("tasks train on them and write results under any name, which can be checked", async () => {
  const cluster_uuid = await makeCluster(app);
  const column = (dataset_column: string, hexagon_name: string) => ({
    dataset_uuid: source,
    dataset_column,
    hexagon_name,
  });
  for (let index = 0; index < names.length; index += 2) {
    const [name, other] = [names[index], names[(index + 1) % names.length]] as [string, string];
    const inputs = [column(name, "picture_hex")];
    const outputs = [column(other, "label_hex")];
    const trained = await hanami.tasks.train({ name: "train", cluster_uuid, inputs, outputs });
    await untilFinished(app, cluster_uuid, trained.uuid);
    const question = {
      inputs: [column(other, "picture_hex")],
      results: [{ dataset_column: name, hexagon_name: "label_hex" }],
    };
    const asked = await hanami.tasks.request({ name: "request", cluster_uuid, ...question });
    await untilFinished(app, cluster_uuid, asked.uuid);
    const rows = await hanami.datasets.content({ uuid: asked.uuid, column_name: name, number_of_rows: 3 });
    expect([name, rows.length, Object.keys((await hanami.datasets.get(asked.uuid)).description)]).toEqual([
      name,
      3,
      [name],
    ]);
    const accuracy = await hanami.datasets.check({ uuid: asked.uuid, reference_uuid: source });
    expect([name, accuracy >= 0 && accuracy <= 100]).toEqual([name, true]);
  }
});

test.each([
  ["", "is empty"],
  ["a\0", "holds the control character U+0000"],
  ["a\tb", "holds the control character U+0009"],
  ["a\nb", "holds the control character U+000A"],
  ["\x1b[2J", "holds the control character U+001B"],
  ["a\x7f", "holds the control character U+007F"],
  ["a\x85", "holds the control character U+0085"],
  ["a\ufffd", "is not UTF-8 or holds U+FFFD"],
  ["n".repeat(255), "is longer than 254 characters"],
])("%j is refused wherever a name can be given", async (name, problem) => {
  // A first column without a name holds numbers of rows, and gets one.
  const file = new Blob([`a,${quoted(name)}\n1,2\n`]);
  await expect(hanami.datasets.uploadCsv({ name: "refused", file })).rejects.toThrow(
    `Data-set can not be imported: header, column 2: the name ${problem}`,
  );
  const text = `Validation failed, because item 'column_name' is not valid: the name ${problem}`;
  for (const path of ["/dataset/content", "/dataset/download"]) {
    const query = { uuid: source, column_name: name };
    // An optional `column_name=` without a value counts as absent.
    if (name === "" && path === "/dataset/download") continue;
    expect(await app.request("GET", path, { query })).toMatchObject({ status: 400, text });
  }
  const body = { uuid: source, uuid_input_file: source, column_name: name };
  expect(await app.request("PUT", "/dataset/upload/npy", { body })).toMatchObject({ status: 400, text });
});
