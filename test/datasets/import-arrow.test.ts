import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  bool,
  columnFromArray,
  CompressionType,
  fixedSizeList,
  float32,
  float64,
  int64,
  setCompressionCodec,
  tableFromColumns,
  tableToIPC,
  uint8,
} from "@uwdata/flechette";
import { describe, expect, test } from "vitest";
import { arrowFooter, readMessages } from "../../src/datasets/arrow-messages.ts";
import { importArrow } from "../../src/datasets/import/import-arrow.ts";
import { arrowFiles, strangeColumns } from "./arrow-fixtures.ts";
import { readTable, temporaryFolder } from "./support.ts";

/** Groups and warnings of an imported file, or the reason of its refusal. */
async function importBytes(bytes: Uint8Array) {
  const folder = await temporaryFolder();
  const job = { name: "test", input: join(folder, "input"), target: join(folder, "dataset") };
  await writeFile(job.input, bytes);
  const warnings = await importArrow(job);
  return { ...(await readTable(job.target)), warnings };
}

const groupsOf = async (bytes: Uint8Array) => (await importBytes(bytes)).groups;

/** One record batch with these values, as messages of a stream: schema, batch. */
const messages = (values: number[]) =>
  readMessages(
    tableToIPC(tableFromColumns({ x: columnFromArray(values, float32()) }), { format: "stream" }) as Uint8Array,
  );

const END = Buffer.from([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]);

interface FilePart {
  bytes: Uint8Array;
  /** The footer lists this batch. */
  isBatch?: boolean;
}

/** An IPC file of consecutive parts. The footer lists the batches in `order`, by default their own. */
function arrowFile(parts: FilePart[], order?: number[]): Buffer {
  const pieces: Uint8Array[] = [Buffer.from("ARROW1\0\0")];
  let position = 8;
  const blocks: Parameters<typeof arrowFooter>[1][number][] = [];
  for (const { bytes, isBatch } of parts) {
    const metadataBytes = isBatch ? 8 + new DataView(bytes.buffer, bytes.byteOffset).getInt32(4, true) : 0;
    if (isBatch) blocks.push({ position, metadataBytes, bodyBytes: bytes.length - metadataBytes });
    pieces.push(bytes);
    position += bytes.length;
  }
  const [schema] = messages([]) as [Uint8Array];
  const footer = arrowFooter(schema, order === undefined ? blocks : order.map((index) => blocks[index]!));
  const length = Buffer.alloc(4);
  length.writeInt32LE(footer.length);
  return Buffer.concat([...pieces, END, footer, length, Buffer.from("ARROW1")]);
}

const schemaPart = () => ({ bytes: messages([])[0] as Uint8Array });
const batchPart = (...values: number[]) => ({ bytes: messages(values)[1] as Uint8Array, isBatch: true });
const gap = (bytes: number, value = 0) => ({ bytes: new Uint8Array(bytes).fill(value) });
const column = (...values: number[]) => ({ x: values.map((value) => [value]) });

describe("an IPC file consists of what its footer lists", () => {
  test.each<[string, FilePart[], number[] | undefined, number[]]>([
    ["batches one after another", [schemaPart(), batchPart(1, 2), batchPart(3)], undefined, [1, 2, 3]],
    ["zeros between two batches", [schemaPart(), batchPart(1), gap(56), batchPart(2)], undefined, [1, 2]],
    ["other bytes between two batches", [schemaPart(), batchPart(1), gap(24, 0x41), batchPart(2)], undefined, [1, 2]],
    [
      "an end of a stream between two batches",
      [schemaPart(), batchPart(1), { bytes: END }, batchPart(2)],
      undefined,
      [1, 2],
    ],
    ["padding before the schema and the batches", [gap(56), schemaPart(), gap(8), batchPart(1)], undefined, [1]],
    ["no message with the schema", [batchPart(4, 5)], undefined, [4, 5]],
    ["a schema that is no message, as Polars writes it", [gap(64, 0x7f), batchPart(6)], undefined, [6]],
    ["batches in another order", [schemaPart(), batchPart(1), batchPart(2), batchPart(3)], [2, 0, 1], [3, 1, 2]],
    ["a batch that the footer leaves out", [schemaPart(), batchPart(1), batchPart(9)], [0], [1]],
    ["unused bytes before the footer", [schemaPart(), batchPart(1), gap(4000, 0x55)], undefined, [1]],
  ])("%s", async (_, parts, order, values) => {
    expect(await groupsOf(arrowFile(parts, order))).toEqual(column(...values));
  });

  const whole = () => arrowFile([schemaPart(), batchPart(1, 2)]);
  const other = () => arrowFile([schemaPart(), batchPart(3, 4)]);
  test.each<[string, Buffer, string]>([
    ["cut off", whole().subarray(0, -1), "the file has no footer: it was cut off, or bytes follow its end"],
    ["cut off before its footer", whole().subarray(0, 200), "the file has no footer"],
    ["with a byte more", Buffer.concat([whole(), Buffer.from([0])]), "the file has no footer"],
    ["with a second file behind it", Buffer.concat([whole(), other()]), "a second file follows the first"],
    [
      "of one batch a hundred times",
      arrowFile([schemaPart(), batchPart(1)], Array<number>(100).fill(0)),
      "the record batches of the footer are longer than the file",
    ],
  ])("%s: refused", async (_, bytes, reason) => {
    await expect(importBytes(bytes)).rejects.toThrow(reason);
  });
});

describe("a stream ends at its end mark", () => {
  const stream = (...values: number[]) => Buffer.concat([...messages(values), END]);
  test.each<[string, Buffer, number[]]>([
    ["with its mark", stream(1, 2), [1, 2]],
    ["with the file", stream(1, 2).subarray(0, -8), [1, 2]],
    ["with the mark of old versions", Buffer.concat([...messages([3]), Buffer.alloc(4)]), [3]],
  ])("%s", async (_, bytes, values) => {
    expect(await groupsOf(bytes)).toEqual(column(...values));
  });

  test.each<[string, Buffer, string]>([
    ["a second stream", Buffer.concat([stream(1), stream(2)]), "bytes follow the end of the stream; write one stream"],
    [
      "a second stream behind one without a mark",
      Buffer.concat([stream(1).subarray(0, -8), stream(2)]),
      "a second stream follows the first",
    ],
    ["a byte", Buffer.concat([stream(1), Buffer.from([1])]), "1 bytes follow the end of the stream"],
    ["half a mark", Buffer.concat([...messages([1]), END.subarray(0, 6)]), "the file is not Arrow, or it is damaged"],
    ["nothing but its end", END, "the file holds no table"],
  ])("%s behind it: refused", async (_, bytes, reason) => {
    await expect(importBytes(bytes)).rejects.toThrow(reason);
  });
});

describe("files of other programs", () => {
  const polars = {
    real: Array.from({ length: 64 }, (_, row) => [row === 1 ? 0 : row * 0.5]),
    whole: Array.from({ length: 64 }, (_, row) => [row]),
    yes: Array.from({ length: 64 }, (_, row) => [row % 3 === 0 && row !== 2 ? 1 : 0]),
    pair: Array.from({ length: 64 }, (_, row) => [row, 0]),
  };
  const missing = (name: string, row: number) =>
    `column '${name}': 1 cell is missing, which plain inputs read as 0; the first is in row ${row}`;

  test.each(["uncompressed", "lz4", "zstd"])("Polars, %s", async (compression) => {
    expect(await importBytes(arrowFiles[`polars ${compression}`]!)).toEqual({
      type: "float32",
      groups: polars,
      warnings: [missing("real", 2), missing("yes", 3)],
    });
  });

  test("Apache Arrow for JavaScript", async () => {
    const one = (...values: number[]) => values.map((value) => [value]);
    expect(await importBytes(arrowFiles["javascript"]!)).toEqual({
      type: "float32",
      groups: { f: one(1.5, 0, 3.5), i: one(1, 2, -3), b: one(1, 0, 1), u: one(1, 2, 3) },
      warnings: [missing("f", 2)],
    });
  });

  test("PyArrow with version 4 of the format and without marks; the other byte order", async () => {
    expect(await groupsOf(arrowFiles["pyarrow before 0.15"]!)).toEqual({
      real: [[1.5], [0], [3.5]],
      whole: [[1], [2], [3]],
    });
    expect(await groupsOf(arrowFiles["big endian"]!)).toEqual({ a: [[1.5], [2.5], [3.5]], i: [[1], [2], [3]] });
  });

  test.each(Object.keys(strangeColumns))("%s is refused by name, or read as what it is", async (what) => {
    if (what === "type Date" || what === "type Timestamp") return void (await importBytes(strangeColumns[what]!));
    await expect(importBytes(strangeColumns[what]!)).rejects.toThrow(`column 'x' has ${what}; only numbers`);
  });
});

test("a record batch has as many rows as its columns have values", async () => {
  const [schema, batch] = messages([1, 2, 3, 4, 5, 6, 7]) as [Uint8Array, Uint8Array];
  const seven = Buffer.alloc(8);
  seven.writeBigInt64LE(7n);
  const places: number[] = [];
  for (let at = -1; (at = Buffer.from(batch).indexOf(seven, at + 1)) >= 0;) places.push(at);
  // The counts of the batch and of its one column.
  expect(places.length).toBe(2);
  for (const place of places) {
    for (const length of [5n, 6n, 8n, -1n]) {
      const changed = Buffer.from(batch);
      changed.writeBigInt64LE(length, place);
      const stream = Buffer.concat([schema, changed, END]);
      await expect(importBytes(stream)).rejects.toThrow(/ends too early|values in a record batch of|-1 rows/);
    }
  }
});

test("nulls of lists and of their items, whether the file has bits for them or not, and uncompressed buffers", async () => {
  setCompressionCodec(CompressionType.ZSTD, { encode: (bytes) => bytes, decode: (bytes) => bytes });
  const table = tableFromColumns({
    pair: columnFromArray([[1, null], null, [5, 6]], fixedSizeList(uint8(), 2)),
    big: columnFromArray([1n, null, -3n], int64()),
    real: columnFromArray([0.5, 1.5, 2.5], float64()),
    yes: columnFromArray([true, false, null], bool()),
  });
  const cell = (name: string, count: string, row: number) =>
    `column '${name}': ${count}, which plain inputs read as 0; the first is in row ${row}`;
  const one = "1 cell is missing";
  const expected = {
    type: "float32",
    groups: {
      pair: [
        [1, 0],
        [0, 0],
        [5, 6],
      ],
      big: [[1], [0], [-3]],
      real: [[0.5], [1.5], [2.5]],
      yes: [[1], [0], [0]],
    },
    warnings: [cell("pair", "2 cells are missing", 1), cell("big", one, 2), cell("yes", one, 3)],
  };
  expect(await importBytes(tableToIPC(table, { format: "stream" }) as Uint8Array)).toEqual(expected);
  // A buffer that does not become smaller is stored with -1 as its size.
  expect(await importBytes(tableToIPC(table, { format: "file", codec: CompressionType.ZSTD }) as Uint8Array)).toEqual(
    expected,
  );
});

test.each([
  // The schema's byte order, which is 1.
  [0x36, 0, "imported"],
  [0x36, 7, "the order of bytes is 7, which is unknown"],
  // The version of the format, which is 4 for version 5.
  [0x26, 2, "metadata of Arrow's format version 3 is not supported; only 4 and 5 are"],
  [0x26, 5, "metadata of Arrow's format version 6 is not supported"],
  // The kind of the message, which is 1.
  [0x1f, 4, "it does not begin with a schema"],
])("byte %i of a stream, set to %i: %s", async (position, value, reason) => {
  const bytes = Buffer.from(arrowFiles["big endian"]!);
  bytes[position] = value;
  const outcome = await importBytes(bytes).then(
    () => "imported",
    (error: Error) => error.message,
  );
  expect(outcome).toContain(reason);
});
