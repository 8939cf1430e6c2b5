import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { tableFromIPC } from "@uwdata/flechette";
import fc from "fast-check";
import { parquetMetadata, parquetReadObjects } from "hyparquet";
import { describe, expect, test } from "vitest";
import { runExport } from "../../src/datasets/export/run-export.ts";
import type { ExportFormat } from "../../src/datasets/formats.ts";
import { floatText } from "../../src/datasets/export/write-csv.ts";
import { createDatasetFile } from "../../src/datasets/file/writer.ts";
import { hasPython, runPython } from "../support/python.ts";
import { temporaryFolder } from "./support.ts";

/** Groups `in` of three columns, `out, 1` of one and `none` without columns. */
async function smallDataset(folder: string, type: "uint8" | "float32", rows: number): Promise<string> {
  const path = join(folder, "dataset");
  const groups = [
    { name: "in", column_start: 0, column_end: 3 },
    { name: "out, 1", column_start: 3, column_end: 4 },
    { name: "none", column_start: 4, column_end: 4 },
  ];
  const writer = await createDatasetFile(path, { name: "test", type, groups });
  const values = Array.from({ length: rows * 4 }, (_, index) => valueOf(type, index));
  await writer.append(type === "uint8" ? Uint8Array.from(values) : Float32Array.from(values));
  await writer.finish();
  return path;
}

const valueOf = (type: "uint8" | "float32", index: number) => (type === "uint8" ? index % 256 : Math.fround(index / 3));
const rowOf = (type: "uint8" | "float32", row: number) => [0, 1, 2, 3].map((column) => valueOf(type, row * 4 + column));

const owner = (id: string) => ({ projectId: id, userUuid: id });
const csvOf = (path: string) => ({ path, format: "csv" as const, group: undefined });

async function exportBytes(path: string, format: ExportFormat, group?: string): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of runExport({ path, format, group }, owner("user"))) pieces.push(piece);
  return Buffer.concat(pieces);
}

const ROWS = 50_000;

describe.each(["uint8", "float32"] as const)("a dataset of %s", (type) => {
  test("as CSV has a header and every value", async () => {
    const path = await smallDataset(await temporaryFolder(), type, ROWS);
    const lines = (await exportBytes(path, "csv")).toString().split("\n");
    expect(lines[0]).toBe('"in_0","in_1","in_2","out, 1"');
    expect(lines).toHaveLength(ROWS + 2);
    for (const row of [0, 1, 4097, ROWS - 1]) {
      expect((lines[row + 1] as string).split(",").map((cell) => Math.fround(Number(cell)))).toEqual(rowOf(type, row));
    }
  });

  test("as Parquet has its columns, in row groups", async () => {
    const path = await smallDataset(await temporaryFolder(), type, ROWS * 8);
    const bytes = await exportBytes(path, "parquet");
    const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
    const { num_rows, row_groups, schema } = parquetMetadata(file);
    expect(num_rows).toBe(BigInt(ROWS * 8));
    expect(row_groups.length).toBeGreaterThan(1);
    expect(schema.slice(1).map((column) => [column.name, column.repetition_type, column.converted_type])).toEqual(
      ["in_0", "in_1", "in_2", "out, 1"].map((name) => [name, "REQUIRED", type === "uint8" ? "UINT_8" : undefined]),
    );
    for (const row of [0, 262_144, ROWS * 8 - 1]) {
      const [object] = await parquetReadObjects({ file, rowStart: row, rowEnd: row + 1 });
      expect(Object.values(object as object)).toEqual(rowOf(type, row));
    }
  });

  test("as Arrow has a list per group, in record batches that the footer finds", async () => {
    const path = await smallDataset(await temporaryFolder(), type, ROWS * 8);
    const bytes = await exportBytes(path, "arrow");
    expect(bytes.subarray(0, 8).toString("latin1")).toBe("ARROW1\0\0");
    expect(bytes.subarray(-6).toString("latin1")).toBe("ARROW1");
    const table = tableFromIPC(new Uint8Array(bytes));
    expect([table.numRows, table.names]).toEqual([ROWS * 8, ["in", "out, 1"]]);
    expect(table.getChild("in").data.length).toBeGreaterThan(1);
    for (const row of [0, 262_144, ROWS * 8 - 1]) {
      expect([...(table.getChild("in").at(row) as Float32Array), table.getChild("out, 1").at(row)]).toEqual(
        rowOf(type, row),
      );
    }
    // The magic is followed by the same data as a stream.
    expect(
      tableFromIPC(new Uint8Array(bytes.subarray(8)))
        .getChild("out, 1")
        .at(7),
    ).toBe(rowOf(type, 7)[3]);
  });

  test.skipIf(!hasPython)("as NPY is an array that a Python script can read", async () => {
    const folder = await temporaryFolder();
    const file = join(folder, "table.npy");
    await writeFile(file, await exportBytes(await smallDataset(folder, type, ROWS), "npy"));
    const script = `
import ast, json, struct, sys
data = open(sys.argv[1], "rb").read()
assert data[:8] == b"\\x93NUMPY\\x01\\x00"
length, = struct.unpack("<H", data[8:10])
header = data[10:10 + length].decode("latin1")
assert header.endswith("\\n") and (10 + length) % 64 == 0
about = ast.literal_eval(header)
rows, columns = about["shape"]
code = {"|u1": "B", "<f4": "f"}[about["descr"]]
values = struct.unpack("<%d%s" % (rows * columns, code), data[10 + length:])
print(json.dumps([about, values[:4], values[-4:]]))`;
    const about = { descr: type === "uint8" ? "|u1" : "<f4", fortran_order: false, shape: [ROWS, 4] };
    expect(runPython(script, file)).toEqual([about, rowOf(type, 0), rowOf(type, ROWS - 1)]);
  });
});

test("one group alone", async () => {
  const path = await smallDataset(await temporaryFolder(), "uint8", 3);
  expect((await exportBytes(path, "csv", "out, 1")).toString()).toBe('"out, 1"\n3\n7\n11\n');
});

test("a table without rows is a file without rows", async () => {
  const path = await smallDataset(await temporaryFolder(), "float32", 0);
  expect((await exportBytes(path, "csv")).toString()).toBe('"in_0","in_1","in_2","out, 1"\n');
  expect(tableFromIPC(new Uint8Array(await exportBytes(path, "arrow"))).names).toEqual(["in", "out, 1"]);
  const parquet = new Uint8Array(await exportBytes(path, "parquet"));
  expect(parquetMetadata(parquet.buffer).num_rows).toBe(0n);
  expect((await exportBytes(path, "npy")).toString("latin1")).toContain("'shape': (0, 4)");
});

test("every 32-bit float survives a conversion to text", () => {
  fc.assert(
    fc.property(fc.float(), (value) => {
      expect(Math.fround(Number(floatText(value)))).toBe(value);
    }),
  );
  const texts = ["0.1", "0.33333334", "1.401298e-45", "16777216", "3.4028235e+38", "-0", "4294967296", "-9.223372e+18"];
  expect(texts.map((text) => floatText(Math.fround(Number(text))))).toEqual(texts);
});

test("a download that is not read loses its place", async () => {
  const path = await smallDataset(await temporaryFolder(), "float32", ROWS);
  const held = Array.from({ length: 8 }, () => runExport(csvOf(path), owner("user"), 50)[Symbol.asyncIterator]());
  for (const each of held) expect((await each.next()).done).toBe(false);
  await expect.poll(() => exportBytes(path, "csv").then(() => true, String), { timeout: 20_000 }).toBe(true);
  const rest = async (pieces: AsyncIterator<Uint8Array>) => {
    while ((await pieces.next()).done !== true);
  };
  for (const each of held) await expect(rest(each)).rejects.toThrow("the client took no piece within 50 ms");
});

test("a reader that leaves ends the work; a damaged file fails", async () => {
  const path = await smallDataset(await temporaryFolder(), "float32", ROWS);
  for (let round = 0; round < 2; round++) {
    for await (const piece of runExport(csvOf(path), owner("user"))) {
      expect(piece.length).toBeGreaterThan(0);
      break;
    }
  }
  // Many more than may run at once: none of them keeps its place, even though it never began.
  for (let round = 0; round < 40; round++) {
    await runExport(csvOf(path), owner("user"))[Symbol.asyncIterator]().return?.();
  }
  // One user may have half of the places, whether or not the downloads are read.
  const held = Array.from({ length: 8 }, () => runExport(csvOf(path), owner("user")));
  expect(() => runExport(csvOf(path), owner("user"))).toThrow(
    "More than 8 downloads of datasets of one user are running.",
  );
  // The last places are reserved for projects without any: two that want all of them do not keep a third one out.
  const others = Array.from({ length: 4 }, () => runExport(csvOf(path), owner("other")));
  const tooMany = (max: number) => `More than ${max} downloads of datasets are running.`;
  expect(() => runExport(csvOf(path), owner("other"))).toThrow(tooMany(12));
  expect(() => runExport(csvOf(path), { projectId: "user", userUuid: "colleague" })).toThrow(tooMany(12));
  for (const id of ["third", "fourth", "fifth", "sixth"]) others.push(runExport(csvOf(path), owner(id)));
  expect(() => runExport(csvOf(path), owner("seventh"))).toThrow(tooMany(16));
  for (const each of [...held, ...others]) await each[Symbol.asyncIterator]().return?.();
  expect((await exportBytes(path, "csv")).length).toBeGreaterThan(0);
  await writeFile(path, "nothing");
  await expect(exportBytes(path, "csv")).rejects.toThrow("not a finished dataset file");
});
