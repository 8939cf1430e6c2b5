import { gzipSync } from "node:zlib";
import { HanamiClient, type FileFormat } from "hanami-sdk";
import { afterAll, beforeAll, expect, test } from "vitest";
import { adminId, createTestApp, testPassphrase, type TestApp } from "../support/test-app.ts";
import { idxLabels, smallIdxPair } from "../datasets/support.ts";

let app: TestApp;
let hanami: HanamiClient;
const files: Record<string, Blob> = {};
beforeAll(async () => {
  app = await createTestApp();
  const { url } = await app.server.listen();
  hanami = new HanamiClient({ address: url, user: adminId, passphrase: testPassphrase });
  const csv = "a,b\n1,2\n3,4\n";
  const { uuid } = await hanami.datasets.uploadCsv({ name: "source", file: new Blob([csv]) });
  for (const format of ["parquet", "arrow", "npy"] as const) {
    files[format] = await new Response((await hanami.datasets.download({ uuid, format })).body).blob();
  }
  files["csv"] = new Blob([csv]);
});
afterAll(() => app.close());

const latin1 = (text: string) => Buffer.from(text, "latin1");
/** A ZIP archive of empty files with these names: a local header each, then the directory. */
function zip(...names: string[]): Buffer {
  const local = names.map((name) =>
    Buffer.concat([latin1("PK\x03\x04"), Buffer.alloc(22), Buffer.from([name.length, 0, 0, 0]), latin1(name)]),
  );
  const list = names.map((name) => Buffer.concat([latin1("PK\x01\x02"), Buffer.alloc(42), latin1(name)]));
  return Buffer.concat([...local, ...list, latin1("PK\x05\x06"), Buffer.alloc(18)]);
}

const noise = Buffer.from(Array.from({ length: 300 }, (_, index) => (index * 37) & 255));
const padded = (start: string) => Buffer.concat([latin1(start), noise]);
/** Name of the kind → the file. */
const kinds: Record<string, Buffer> = {
  "an Excel workbook (xlsx)": zip("[Content_Types].xml", "_rels/.rels", "xl/workbook.xml", "xl/worksheets/sheet1.xml"),
  "an OpenDocument file (ods)": zip("mimetype", "content.xml", "META-INF/manifest.xml"),
  "an NPZ archive": zip("arr_0.npy"),
  "a ZIP archive": zip("data.csv"),
  "an old Excel workbook (xls)": padded("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
  bzip2: padded("BZh91AY&SY"),
  xz: padded("\xfd7zXZ\0"),
  zstd: padded("\x28\xb5\x2f\xfd"),
  "an SQLite database": padded("SQLite format 3\0"),
  HDF5: padded("\x89HDF\r\n\x1a\n"),
  "a PNG picture": padded("\x89PNG\r\n\x1a\n"),
  "a PDF document": latin1("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n"),
  "an HTML page": Buffer.from("\ufeff\n<!DOCTYPE html>\n<html><body>404</body></html>\n"),
  XML: Buffer.from('<?xml version="1.0"?>\n<rows/>\n'),
  JSON: Buffer.from('[\n  {"a": 1, "b": 2},\n  {"a": 3, "b": 4}\n]\n'),
  "text separated by blanks": Buffer.from("sepal length\n1.5e+00 -2.5e+00\n"),
  "UTF-32 text": Buffer.from("\ufeff\x00a\x00\n\x001\x00\n\x00", "utf16le"),
};

const reason = async (format: FileFormat, file: Blob) => {
  const error: unknown = await hanami.datasets
    .uploadFile({ name: "wrong", file, format })
    .catch((error: unknown) => error);
  return error instanceof Error ? error.message : "imported";
};

test.each(Object.keys(kinds))("%s sent as CSV is recognized and named", async (kind) => {
  expect(await reason("csv", new Blob([kinds[kind]!]))).toContain(
    `Data-set can not be imported: the file is not CSV, but ${kind}: `,
  );
});

test("so are other formats of lines, and JSON arrays", async () => {
  for (const text of ['{"a": 1}\n{"a": 2}\n', "[[1, 2], [3, 4]]", "[1,2]\n", "{}", '  {\n "x": [1]}', "[true]", "[]"]) {
    expect([text, await reason("csv", new Blob([text]))]).toEqual([
      text,
      expect.stringContaining("not CSV, but JSON: "),
    ]);
  }
});

test("texts with other delimiters, UTF-16 with and without a byte order mark, and gzip are tables, too", async () => {
  const texts = ["a,b\n1.5,2\n", "a\tb\r\n1.5\t2\r\n", "a;b\r\n1,5;2\r\n", "a|b\n1.5|2\n"];
  const utf16 = (text: string, isSwapped: boolean) => {
    const bytes = Buffer.from(text, "utf16le");
    return isSwapped ? bytes.swap16() : bytes;
  };
  for (const [index, text] of texts.entries()) {
    const isSwapped = index % 2 === 1;
    for (const bytes of [utf16(`\ufeff${text}`, isSwapped), utf16(text, isSwapped), gzipSync(text)]) {
      const { uuid, warnings } = await hanami.datasets.uploadCsv({ name: "told", file: new Blob([bytes]) });
      expect(warnings).not.toEqual([]);
      const content = { uuid, column_name: "a", row_offset: 0, number_of_rows: 1 };
      expect(await hanami.datasets.content(content)).toEqual([[1.5]]);
    }
  }
});

test("every format sent as every other one is named", async () => {
  const names = { csv: "text", parquet: "Parquet", arrow: "Arrow", npy: "NPY" };
  const wanted = { csv: "CSV", parquet: "Parquet", arrow: "Arrow", npy: "NPY" };
  for (const format of ["csv", "parquet", "arrow", "npy"] as const) {
    for (const other of ["csv", "parquet", "arrow", "npy"] as const) {
      if (other === format) continue;
      const text = `Data-set can not be imported: the file is not ${wanted[format]}, but ${names[other]}: `;
      expect([format, other, await reason(format, files[other]!)]).toEqual([
        format,
        other,
        expect.stringContaining(text),
      ]);
    }
    if (format === "csv") continue;
    const packed = new Blob([gzipSync("a,b\n1,2\n")]);
    expect([format, await reason(format, packed)]).toEqual([format, expect.stringContaining("but gzip: ")]);
  }
});

test("the error for a pair of IDX files says which of the two is another format", async () => {
  const { input, label } = smallIdxPair(2);
  const upload = (images: Uint8Array, labels: Uint8Array) =>
    hanami.datasets.uploadMnist({
      name: "pair",
      images: new Blob([images as Uint8Array<ArrayBuffer>]),
      labels: new Blob([labels as Uint8Array<ArrayBuffer>]),
    });
  await expect(upload(gzipSync(input), label)).rejects.toThrow("the image file is not IDX, but gzip: unpack it first");
  await expect(upload(input, gzipSync(label))).rejects.toThrow("the label file is not IDX, but gzip: unpack it first");
  await expect(upload(input, Buffer.from("7\n2\n1\n0\n"))).rejects.toThrow("the label file is not IDX, but text: ");
  await expect(upload(input, idxLabels([1, 2], { magic: 0x0d01 }))).rejects.toThrow(
    "the label file is not an IDX label file (magic 3329 instead of 2049): it holds 32-bit floats in 1 dimensions",
  );
});

test("a text that only begins like another format is a table", async () => {
  for (const text of [
    "ORC,ELF\n1,x\n",
    "BZh,a\n1,x\n",
    "PAR1,a\n1,x\n",
    "[x],[y]\n1,x\n",
    "{x},y\n1,x\n",
    "<5,>5\n1,x\n",
  ]) {
    expect([text, await reason("csv", new Blob([text]))]).toEqual([text, "imported"]);
  }
  expect(await hanami.datasets.uploadCsv({ name: "taken", file: new Blob(["[0],{a}\n1,2\n"]) })).toMatchObject({
    number_of_rows: 1,
  });
});
