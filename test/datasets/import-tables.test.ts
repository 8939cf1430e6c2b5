import { existsSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  bool,
  columnFromArray,
  fixedSizeList,
  float32,
  float64,
  int64,
  int8,
  tableFromArrays,
  tableFromColumns,
  tableToIPC,
  uint8,
  utf8,
} from "@uwdata/flechette";
import fc from "fast-check";
import { parquetWriteBuffer, type ColumnSource } from "hyparquet-writer";
import { describe, expect, test } from "vitest";
import { exportTable, type ExportTable } from "../../src/datasets/export/table.ts";
import { writeArrow } from "../../src/datasets/export/write-arrow.ts";
import { writeNpy } from "../../src/datasets/export/write-npy.ts";
import { writeParquet } from "../../src/datasets/export/write-parquet.ts";
import { DatasetFileError } from "../../src/datasets/file/layout.ts";
import { openDatasetFile } from "../../src/datasets/file/reader.ts";
import { createDatasetFile } from "../../src/datasets/file/writer.ts";
import { groupColumns } from "../../src/datasets/groups-metadata.ts";
import { importArrow } from "../../src/datasets/import/import-arrow.ts";
import { ImportError } from "../../src/datasets/import/import-job.ts";
import { importNpy } from "../../src/datasets/import/import-npy.ts";
import { importParquet } from "../../src/datasets/import/import-parquet.ts";
import { decodeLz4Frame } from "../../src/datasets/import/lz4-frame.ts";
import { runImport } from "../../src/datasets/import/run-import.ts";
import { allIntegers, strangeColumns, unreadable, withChecksum } from "./parquet-fixtures.ts";
import { readTable, temporaryFolder, type Table } from "./support.ts";

const importers = { parquet: importParquet, arrow: importArrow, npy: importNpy };
const writers = { parquet: writeParquet, arrow: writeArrow, npy: writeNpy };
type Format = keyof typeof importers;

async function importBytes(format: Format, folder: string, bytes: Uint8Array, column_name?: string): Promise<Table> {
  const job = { name: "test", input: join(folder, "input"), target: join(folder, "imported"), column_name };
  await writeFile(job.input, bytes);
  await importers[format](job);
  return readTable(job.target);
}

async function exported(format: Format, path: string, use: (table: ExportTable) => void = () => {}): Promise<Buffer> {
  const reader = await openDatasetFile(path);
  const pieces: Uint8Array[] = [];
  const table = exportTable(reader, undefined);
  use(table);
  for await (const piece of writers[format](table)) pieces.push(piece);
  await reader.close();
  return Buffer.concat(pieces);
}

const refusal = (promise: Promise<unknown>) =>
  promise.then(
    () => "imported",
    (error: unknown) => {
      if (error instanceof ImportError || error instanceof DatasetFileError) return error.message;
      throw error;
    },
  );

const names = fc.uniqueArray(
  fc.oneof(fc.string({ minLength: 1, maxLength: 12 }), fc.constantFrom("a", "a_0", "a_1", "a_2", "b_0", "__proto__")),
  { minLength: 1, maxLength: 5 },
);
const tables = fc.record({
  type: fc.constantFrom("uint8", "float32"),
  groups: names.chain((list) =>
    fc.tuple(...list.map((name) => fc.record({ name: fc.constant(name), width: fc.integer({ min: 1, max: 4 }) }))),
  ),
  rows: fc.integer({ min: 1, max: 9 }),
  seed: fc.integer(),
});

describe.each(["parquet", "arrow", "npy"] as const)("%s", (format) => {
  test("a download is imported unchanged", async () => {
    const folder = await temporaryFolder();
    await fc.assert(
      fc.asyncProperty(tables, async ({ type, groups, rows, seed }) => {
        const path = join(folder, "dataset");
        let column = 0;
        const writer = await createDatasetFile(path, {
          name: "test",
          type: type as "uint8",
          groups: groups.map(({ name, width }) => ({ name, column_start: column, column_end: (column += width) })),
        });
        const values = Array.from({ length: rows * column }, (_, index) => Math.sin(seed + index) * 1e3);
        const table = type === "uint8" ? Uint8Array.from(values) : Float32Array.from(values);
        await writer.append(table);
        await writer.finish();
        const before = await readTable(path);
        const after = await importBytes(format, folder, await exported(format, path));
        // An array has no names: its columns are one group.
        const joined = {
          data: Array.from({ length: rows }, (_, row) => [...table.subarray(row * column, (row + 1) * column)]),
        };
        expect(after).toEqual(format === "npy" ? { type, groups: joined } : before);
      }),
      { numRuns: 60 },
    );
  });

  test("a file with changed, missing or added bytes is imported or refused, and nothing else happens", async () => {
    const folder = await temporaryFolder();
    const path = join(folder, "dataset");
    const groups = [
      { name: "in", column_start: 0, column_end: 3 },
      { name: "out", column_start: 3, column_end: 4 },
    ];
    const writer = await createDatasetFile(path, { name: "test", type: "float32", groups });
    await writer.append(Float32Array.from({ length: 400 }, (_, index) => index % 7));
    await writer.finish();
    const good = await exported(format, path);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(good.length - 1), fc.integer({ min: 0, max: 255 })), { maxLength: 4 }),
        fc.option(fc.nat(good.length), { freq: 3 }),
        async (changes, length) => {
          const bytes = Buffer.from(good.subarray(0, length ?? good.length));
          for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
          const job = { name: "test", input: join(folder, "input"), target: join(folder, "imported") };
          await writeFile(job.input, bytes);
          const outcome = await refusal(runImport({ type: format, ...job }, 60));
          expect([outcome, existsSync(job.target)]).toEqual([outcome, outcome === "imported"]);
          await rm(job.target, { force: true });
        },
      ),
      { numRuns: 25 },
    );
  });

  test("a file of another kind is refused", async () => {
    const folder = await temporaryFolder();
    const start = { parquet: "PAR1", arrow: "ARROW1\0\0", npy: "\x93NUMPY\x01\x00" }[format];
    for (const bytes of ["", "a,b\n1,2\n", `${start}`, `${start}${"\0".repeat(64)}`, `${start}${"\xff".repeat(64)}`]) {
      expect(await refusal(importBytes(format, folder, Buffer.from(bytes, "latin1")))).not.toBe("imported");
    }
  });
});

describe("parquet files of other programs", () => {
  const parquet = (columnData: ColumnSource[], rowGroupSize = 2) =>
    new Uint8Array(parquetWriteBuffer({ columnData, rowGroupSize }));

  test("numbers of every kind, nulls and booleans", async () => {
    const bytes = parquet([
      { name: "x_0", data: [1, null, 3], type: "DOUBLE" },
      { name: "x_1", data: [0.5, 1e-3, 2.5], type: "FLOAT", nullable: false },
      { name: "whole", data: [1n, -5n, 2n ** 40n], type: "INT64" },
      { name: "yes", data: [true, null, false], type: "BOOLEAN" },
    ]);
    expect(await importBytes("parquet", await temporaryFolder(), bytes)).toEqual({
      type: "float32",
      groups: {
        x: [
          [1, 0.5],
          [0, Math.fround(1e-3)],
          [3, 2.5],
        ],
        whole: [[1], [-5], [2 ** 40]],
        yes: [[1], [0], [0]],
      },
    });
  });

  test("booleans alone are bytes", async () => {
    const bytes = parquet([{ name: "yes", data: [true, false, true, true], type: "BOOLEAN" }]);
    expect(await importBytes("parquet", await temporaryFolder(), bytes)).toEqual({
      type: "uint8",
      groups: { yes: [[1], [0], [1], [1]] },
    });
  });

  test("integers of every size, signed and unsigned, plain and in a dictionary", async () => {
    expect(await importBytes("parquet", await temporaryFolder(), allIntegers)).toEqual({
      type: "float32",
      groups: {
        u8: [[255], [0]],
        u16: [[65535], [0]],
        u32: [[4294966784], [1]],
        u64: [[2 ** 63], [0]],
        i8: [[-1], [0]],
        i64: [[-(2 ** 63)], [1]],
        d: [[0.5], [0.25]],
      },
    });
  });

  test("checksums of pages are verified", async () => {
    const folder = await temporaryFolder();
    const expected = { type: "float32", groups: { x: [[1.5], [2.5]] } };
    expect(await importBytes("parquet", folder, withChecksum)).toEqual(expected);
    const damaged = Buffer.from(withChecksum);
    const value = Buffer.alloc(8);
    value.writeDoubleLE(2.5);
    damaged.writeUInt8(1, damaged.indexOf(value));
    expect(await refusal(importBytes("parquet", folder, damaged))).toBe(
      "column 'x' is damaged: the checksum of a page does not match",
    );
  });

  test.each([true, false])(
    "no row is lost or invented, whichever count gives their number (nullable: %s)",
    async (nullable) => {
      const folder = await temporaryFolder();
      const data = Array.from({ length: 23 }, (_, row) => 1 + (row % 2));
      const file = Buffer.from(parquetWriteBuffer({ columnData: [{ name: "a", data, type: "DOUBLE", nullable }] }));
      const zigzag = 46;
      const places = [...file.keys()].filter((at) => file[at] === zigzag);
      expect(places.length).toBeGreaterThan(2);
      const outcomes = new Set<string>();
      for (const [index, one] of places.entries()) {
        for (const other of places.slice(index)) {
          const changed = Buffer.from(file);
          changed[one] = changed[other] = zigzag - 12;
          const reason = await refusal(importBytes("parquet", folder, changed));
          const values = reason === "imported" ? (await readTable(join(folder, "imported"))).groups["a"]?.flat() : data;
          const isMissing = nullable && values?.length === data.length;
          outcomes.add(values?.every((value, row) => value === data[row]) || isMissing ? "right" : String(values));
          if (values?.length !== data.length) outcomes.add(`${values?.length} rows`);
        }
      }
      expect([...outcomes]).toEqual(["right"]);
    },
  );

  test.each(Object.keys(strangeColumns))(
    "numbers that are %s are refused by name, but times are times",
    async (what) => {
      const reason = await refusal(importBytes("parquet", await temporaryFolder(), strangeColumns[what]!));
      const refused = `column 'x' has ${what}; only numbers, booleans, texts and times are possible`;
      expect(reason).toBe(what === "type TIMESTAMP" ? "imported" : refused);
    },
  );

  test.each(Object.keys(unreadable))("%s", async (reason) => {
    expect(await refusal(importBytes("parquet", await temporaryFolder(), unreadable[reason]!))).toBe(reason);
  });

  test.each<[string, ColumnSource]>([
    ["row 1, column 'a': 'x\0' holds the control character U+0000", { name: "a", data: ["x\0"], type: "STRING" }],
    ["column 'a' has type FLOAT16", { name: "a", data: [1], type: "FLOAT16" }],
    ["row 3, column 'a': Infinity is not a finite 32-bit float", { name: "a", data: [1, 2, Infinity], type: "DOUBLE" }],
    ["row 1, column 'a': 1e+300 is not a finite 32-bit float", { name: "a", data: [1e300], type: "DOUBLE" }],
  ])("%s", async (reason, column) => {
    expect(await refusal(importBytes("parquet", await temporaryFolder(), parquet([column])))).toContain(reason);
  });
});

describe("arrow files of other programs", () => {
  const lists = [[1, 2], null, [5, 6]];
  const table = () =>
    tableFromColumns({
      pair: columnFromArray(lists, fixedSizeList(int8(), 2)),
      big: columnFromArray([1n, null, -3n], int64()),
      real: columnFromArray([0.5, null, 2.5], float64()),
      yes: columnFromArray([true, false, null], bool()),
    });
  const expected = {
    type: "float32",
    groups: {
      pair: [
        [1, 2],
        [0, 0],
        [5, 6],
      ],
      big: [[1], [0], [-3]],
      real: [[0.5], [0], [2.5]],
      yes: [[1], [0], [0]],
    },
  };

  test.each(["stream", "file"] as const)("lists, nulls and 64-bit numbers from a %s", async (format) => {
    const bytes = tableToIPC(table(), { format }) as Uint8Array;
    expect(await importBytes("arrow", await temporaryFolder(), bytes)).toEqual(expected);
  });

  test("no number of the metadata, set to billions, keeps the import busy", async () => {
    const folder = await temporaryFolder();
    const whole = tableToIPC(table(), { format: "stream" }) as Uint8Array;
    const outcomes = new Set<string>();
    for (let position = 8; position + 4 <= whole.length; position += 4) {
      const bytes = whole.slice();
      new DataView(bytes.buffer).setInt32(position, 2 ** 31 - 1, true);
      outcomes.add(await refusal(importBytes("arrow", folder, bytes)));
    }
    expect(outcomes).toContain("imported");
    expect(outcomes).toContain("the file is not Arrow, or it is damaged: a list is longer than its metadata");
  });

  test("strings and dictionaries are categories, and NaN is missing", async () => {
    const folder = await temporaryFolder();
    const encode = (columns: Parameters<typeof tableFromArrays>[0], types = {}) =>
      tableToIPC(tableFromArrays(columns, { types }), { format: "stream" }) as Uint8Array;
    const texts = ["y", null, "x", "y"];
    for (const bytes of [encode({ a: texts }), encode({ a: texts }, { a: utf8() })]) {
      expect((await importBytes("arrow", folder, bytes)).groups).toEqual({ a: [[0], [0], [1], [0]] });
    }
    const floats = await importBytes("arrow", folder, encode({ a: [1, Number.NaN] }, { a: float32() }));
    expect(floats.groups).toEqual({ a: [[1], [0]] });
    expect(await refusal(importBytes("arrow", folder, encode({ a: [] }, { a: uint8() })))).toBe(
      "the table has no rows",
    );
  });

  test("LZ4 frames: stored, compressed, linked to earlier blocks, damaged", () => {
    const header = [0x04, 0x22, 0x4d, 0x18, 0x40, 0x40, 0];
    const block = (bytes: number[], stored = false) => [bytes.length, 0, 0, stored ? 0x80 : 0, ...bytes];
    const end = [0, 0, 0, 0];
    const decode = (bytes: number[], size: number) => {
      const output = new Uint8Array(size);
      decodeLz4Frame(Uint8Array.from(bytes), output);
      return [...output];
    };
    expect(decode([...header, ...block([7, 8], true), ...end], 2)).toEqual([7, 8]);
    // One literal, a match of 19 + 1 bytes at distance 1, then five literals.
    const run = [0x1f, 9, 1, 0, 1, 0x50, 1, 2, 3, 4, 5];
    expect(decode([...header, ...block(run), ...end], 26)).toEqual([...Array<number>(21).fill(9), 1, 2, 3, 4, 5]);
    // The second block's match reaches into the first.
    const linked = [0x10, 6, 3, 0, 0x10, 5];
    expect(decode([...header, ...block([1, 2], true), ...block(linked), ...end], 8)).toEqual([1, 2, 6, 1, 2, 6, 1, 5]);
    expect(() => decode([...header, ...block(run), ...end], 25)).toThrow(RangeError);
    expect(() => decode([...header, ...block(run), ...end], 27)).toThrow(RangeError);
    expect(() => decode([...header, ...block([0x10, 6, 9, 0]), ...end], 8)).toThrow(RangeError);
    expect(() => decode([...header, 255, 0, 0, 0], 8)).toThrow(RangeError);
    expect(() => decode([1, 2, 3, 4, 5, 6, 7, 8], 8)).toThrow(RangeError);
  });
});

describe("npy files of other programs", () => {
  const npy = (descr: string, shape: string, data: Buffer, order = "False") => {
    const header = Buffer.from(`{'descr': '${descr}', 'fortran_order': ${order}, 'shape': (${shape}), }\n`);
    const length = Buffer.alloc(2);
    length.writeUInt16LE(header.length);
    return Buffer.concat([Buffer.from("\x93NUMPY\x01\x00", "latin1"), length, header, data]);
  };
  /** Four bytes of data behind a header. */
  const header = (text: string, version = 1) => {
    const file = npy("|u1", "4,", Buffer.alloc(4));
    const length = Buffer.from([text.length & 255, text.length >> 8, ...(version > 1 ? [0, 0] : [])]);
    return Buffer.concat([file.subarray(0, 6), Buffer.from([version, 0]), length, Buffer.from(text), Buffer.alloc(4)]);
  };
  const bytes = (size: number, write: (buffer: Buffer) => void) => {
    const buffer = Buffer.alloc(size);
    write(buffer);
    return buffer;
  };

  test.each<[string, Buffer, number, string]>([
    ["|u1", Buffer.from([200]), 200, "uint8"],
    ["|b1", Buffer.from([1]), 1, "uint8"],
    ["|i1", Buffer.from([200]), -56, "float32"],
    ["<i2", bytes(2, (buffer) => buffer.writeInt16LE(-300)), -300, "float32"],
    [">i2", bytes(2, (buffer) => buffer.writeInt16BE(-300)), -300, "float32"],
    [">u4", bytes(4, (buffer) => buffer.writeUInt32BE(4e9)), 4e9, "float32"],
    ["<i8", bytes(8, (buffer) => buffer.writeBigInt64LE(-7n)), -7, "float32"],
    [">i8", bytes(8, (buffer) => buffer.writeBigInt64BE(-7n)), -7, "float32"],
    ["<f4", bytes(4, (buffer) => buffer.writeFloatLE(0.5)), 0.5, "float32"],
    [">f8", bytes(8, (buffer) => buffer.writeDoubleBE(-0.25)), -0.25, "float32"],
  ])("%s, one dimension, a chosen name", async (descr, data, value, type) => {
    const file = npy(descr, "2,", Buffer.concat([data, data]));
    expect(await importBytes("npy", await temporaryFolder(), file, "mine")).toEqual({
      type,
      groups: { mine: [[value], [value]] },
    });
  });

  test("headers of every version, with the keys in any order", async () => {
    const expected = { type: "uint8", groups: { data: [[0], [0], [0], [0]] } };
    for (const version of [1, 2, 3]) {
      for (const text of [
        "{'descr': '|u1', 'fortran_order': False, 'shape': (4,), }          \n",
        "{'shape':(4L,1L),'fortran_order':True,'descr':'|u1'}\n",
      ]) {
        const file = header(text, version);
        expect([version, text, await importBytes("npy", await temporaryFolder(), file)]).toEqual([
          version,
          text,
          expected,
        ]);
      }
    }
  });

  test.each<[string, Buffer]>([
    ["the array is in Fortran order; save numpy.ascontiguousarray of it", npy("|u1", "2, 2", Buffer.alloc(4), "True")],
    ["the array has 3 dimensions; reshape it to rows and columns", npy("|u1", "1, 2, 2", Buffer.alloc(4))],
    ["the array has 0 dimensions", npy("|u1", "", Buffer.alloc(1))],
    ["the array is empty", npy("|u1", "0, 5", Buffer.alloc(0))],
    ["the array has type '<c8'", npy("<c8", "1,", Buffer.alloc(8))],
    ["but its header describes", npy("|u1", "5,", Buffer.alloc(4))],
    ["but its header describes", npy("|u1", "99999999999, 9999", Buffer.alloc(4))],
    ["row 2, column 'data': Infinity", npy("<f4", "2,", Buffer.from(Float32Array.of(1, Infinity).buffer))],
    ["the array has type '<f2'", npy("<f2", "1,", Buffer.alloc(2))],
    ["the array has type '<M8[ns]'", npy("<M8[ns]", "1,", Buffer.alloc(8))],
    ["the array has type '<f4x'", npy("<f4x", "1,", Buffer.alloc(4))],
    ["the array has type '<U3'", npy("<U3", "1,", Buffer.alloc(12))],
    ["the array has type '|O'", npy("|O", "1,", Buffer.alloc(8))],
    ["but its header describes", npy("|u1", "2,", Buffer.alloc(3))],
    ["the array has a structured type", header("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }")],
    [
      "the array has a structured type",
      header("{'descr': [(\"'descr': '<f4'\", '<f4')], 'fortran_order': False, 'shape': (1,), }"),
    ],
    [
      "the NPY header is not valid",
      header("{'descr': '|u1', 'descr': '<f4', 'fortran_order': False, 'shape': (4,), }"),
    ],
    ["the NPY header is not valid", header("{'descr': '|u1', 'shape': (4,), }")],
    ["the NPY header is not valid", header("{'descr': '|u1', 'fortran_order': 0, 'shape': (4,), }")],
    ["NPY files of version 4.0 are unknown", header("{'descr': '|u1', 'fortran_order': False, 'shape': (4,), }", 4)],
    ["the file is not an NPY file", Buffer.from("PK\x03\x04 and so on")],
  ])("%s", async (reason, file) => {
    expect(await refusal(importBytes("npy", await temporaryFolder(), file))).toContain(reason);
  });
});

test("columns form groups by the metadata if it fits, otherwise by their names", () => {
  const columns = ["a_0", "a_1", "b_0", "b_2", "c", "d_0", "d_1", "d"].map((name) => ({ name, width: 1 }));
  const byName = [
    { name: "a", width: 2 },
    ...["b_0", "b_2", "c", "d_0", "d_1", "d"].map((name) => ({ name, width: 1 })),
  ];
  expect(groupColumns(columns, undefined)).toEqual(byName);
  for (const text of ["", "{", "[]", "[1]", '[["a",2]]', '[["a",3]]', '[["a",1e9]]', '[["a",-1]]', "[[null,1]]"]) {
    expect(groupColumns(columns, text)).toEqual(byName);
  }
  const single = columns.map(({ name }) => [name, 1]);
  expect(groupColumns(columns, JSON.stringify(single))).toEqual(columns);
});

test("the process reports the refusal, and leaves nothing", async () => {
  const folder = await temporaryFolder();
  const job = { type: "parquet" as const, name: "test", input: join(folder, "input"), target: join(folder, "dataset") };
  await writeFile(job.input, "PAR1 not at all PAR1");
  await expect(runImport(job, 60)).rejects.toThrow(ImportError);
  await expect(readFile(job.target)).rejects.toThrow("ENOENT");
});
