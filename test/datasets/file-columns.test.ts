import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { expect, test } from "vitest";
import type { ColumnFacts } from "../../src/datasets/file/columns.ts";
import { DatasetFileError } from "../../src/datasets/file/layout.ts";
import { openDatasetFile } from "../../src/datasets/file/reader.ts";
import { createDatasetFile } from "../../src/datasets/file/writer.ts";
import { temporaryFolder } from "./support.ts";

const facts: ColumnFacts = {
  kind: "category",
  origin: 0,
  categories: ["blue", "rot 🦊"],
  missing: 1,
  distinct: 2,
  min: null,
  max: null,
  mean: null,
  deviation: null,
  quantiles: [],
  commonest: [{ text: "blue", count: 2 }],
};
const number: ColumnFacts = {
  ...facts,
  kind: "number",
  categories: [],
  commonest: [],
  min: -1,
  max: 2,
  mean: 0.5,
  deviation: 1,
  quantiles: [-1, -1, 0, 0, 0, 1, 1, 2, 2],
};

const groups = ["color", "size", "plain"].map((name, column) => ({
  name,
  column_start: column,
  column_end: column + 1,
}));

async function writeSample(colors: readonly number[] = [0, Number.NaN, 1, 0]): Promise<string> {
  const path = join(await temporaryFolder(), "sample");
  const writer = await createDatasetFile(path, { name: "sample", type: "float32", groups });
  await writer.appendGroups(4, [
    Float32Array.from(colors),
    Float32Array.from([Number.NaN, -1, 2, 0.5]),
    Float32Array.from([1, 2, 3, 4]),
  ]);
  await writer.finish([facts, number, undefined]);
  return path;
}

test("facts come back, and a missing cell is 0 as a value and NaN as a cell", async () => {
  const reader = await openDatasetFile(await writeSample());
  expect(reader.columns).toEqual([facts, number, undefined]);
  expect([...(await reader.readGroup("color", 0, 4))]).toEqual([0, 0, 1, 0]);
  expect([...(await reader.readGroup("size", 0, 2))]).toEqual([0, -1]);
  const cells = new Float32Array(3);
  await reader.fillCells(cells, "color", 1, 3);
  expect([...cells]).toEqual([Number.NaN, 1, 0]);
  await reader.fillCells(cells, "plain", 1, 3);
  expect([...cells]).toEqual([2, 3, 4]);
  await expect(reader.fillCells(cells, "color", 2, 3)).rejects.toThrow(RangeError);
  await expect(reader.fillCells(cells, "nope", 0, 1)).rejects.toThrow(RangeError);
  await reader.close();
});

test("a file without facts keeps its version, and has undefined columns; bytes are read as cells, too", async () => {
  const path = join(await temporaryFolder(), "sample");
  const writer = await createDatasetFile(path, { name: "sample", type: "uint8", groups });
  await writer.append(Uint8Array.from([1, 2, 3]));
  await writer.finish();
  expect((await readFile(path)).readUInt32LE(8)).toBe(1);
  const reader = await openDatasetFile(path);
  expect(reader.columns).toEqual([undefined, undefined, undefined]);
  const cells = new Float32Array(1);
  await reader.fillCells(cells, "size", 0, 1);
  expect([...cells]).toEqual([2]);
  await reader.close();
});

test.each([2, -1, 0.5, Infinity])("the code %f of two categories is refused", async (code) => {
  const reader = await openDatasetFile(await writeSample([0, 1, 1, code]));
  await expect(reader.fillCells(new Float32Array(4), "color", 0, 4)).rejects.toThrow(DatasetFileError);
  await reader.close();
});

/** The file with another trailer, and checksums that fit. */
function withTrailer(good: Buffer, trailer: Buffer): Buffer {
  const metadataBytes = good.readUInt32LE(40);
  const file = Buffer.concat([good.subarray(0, good.length - good.readUInt32LE(44)), trailer]);
  file.writeBigUInt64LE(BigInt(file.length), 16);
  file.writeUInt32LE(trailer.length, 44);
  file.writeUInt32LE(crc32(trailer), 48);
  file.writeUInt32LE(crc32(file.subarray(64, 64 + metadataBytes), crc32(file.subarray(0, 60))), 60);
  return file;
}

function trailerOf(entries: unknown, dictionaries = '["blue","rot"]', length?: number): Buffer {
  const json = Buffer.from(typeof entries === "string" ? entries : JSON.stringify(entries));
  const start = Buffer.alloc(4);
  start.writeUInt32LE(length ?? json.length);
  return Buffer.concat([start, json, Buffer.from(dictionaries)]);
}

const entry = { ...facts, categories: 2, bytes: 14 };
const refused: [string, Buffer][] = [
  ["no length", Buffer.from([1])],
  ["a length beyond the end", trailerOf([entry, null, null], undefined, 2 ** 32 - 1)],
  ["no JSON", trailerOf("[{,,]")],
  ["no array", trailerOf({ length: 3 })],
  ["too few entries", trailerOf([entry, null])],
  ["a dictionary beyond the end", trailerOf([{ ...entry, bytes: 15 }, null, null])],
  ["bytes that belong to nobody", trailerOf([{ ...entry, bytes: 13 }, null, null])],
  ["a text as entry", trailerOf(["category", null, null])],
  ["an unknown kind", trailerOf([{ ...entry, kind: "picture" }, null, null])],
  ["more missing cells than rows", trailerOf([{ ...entry, missing: 5 }, null, null])],
  ["too many categories", trailerOf([{ ...entry, categories: 65_537 }, null, null])],
  ["categories of a number", trailerOf([{ ...entry, kind: "number" }, null, null])],
  ["an origin that is no number", trailerOf([{ ...entry, kind: "time", categories: 0, origin: null }, null, null])],
  ["a minimum that is a text", trailerOf([{ ...entry, min: "0" }, null, null])],
  ["two quantiles", trailerOf([{ ...entry, quantiles: [0, 1] }, null, null])],
  ["a commonest category without a count", trailerOf([{ ...entry, commonest: [{ text: "a" }] }, null, null])],
];

test.each(refused)("a trailer with %s is refused", async (_, trailer) => {
  const path = await writeSample();
  await writeFile(path, withTrailer(await readFile(path), trailer));
  await expect(openDatasetFile(path)).rejects.toThrow(DatasetFileError);
});

test.each(["[1,2,3,4,5,6]", '["blue",12345]', "[".repeat(14), '["blue"]      '])(
  "the dictionary %s is refused when it is asked for",
  async (dictionary) => {
    const path = await writeSample();
    const columns = [{ ...entry, bytes: dictionary.length }, null, null];
    await writeFile(path, withTrailer(await readFile(path), trailerOf(columns, dictionary)));
    const reader = await openDatasetFile(path);
    await expect(reader.fillCells(new Float32Array(4), "color", 0, 4)).rejects.toThrow(DatasetFileError);
    await reader.close();
  },
);

test("every damaged byte of header and trailer, and every truncation is refused", async () => {
  const path = await writeSample();
  const good = await readFile(path);
  const start = good.length - good.readUInt32LE(44);
  const offsets = [
    ...Array.from({ length: 64 }, (_, at) => at),
    ...Array.from({ length: 50 }, (_, at) => start + 3 * at),
  ];
  for (const offset of offsets) {
    const bytes = Buffer.from(good);
    bytes[offset] = (bytes[offset] as number) ^ 0x10;
    await writeFile(path, bytes);
    await expect(openDatasetFile(path)).rejects.toThrow(DatasetFileError);
  }
  for (const length of [start - 1, start, start + 3, good.length - 1]) {
    await writeFile(path, good.subarray(0, length));
    await expect(openDatasetFile(path)).rejects.toThrow(DatasetFileError);
  }
});

test("facts of a group of several columns, and too many texts, are refused by the writer", async () => {
  const path = join(await temporaryFolder(), "sample");
  const wide = [{ name: "wide", column_start: 0, column_end: 2 }];
  const writer = await createDatasetFile(path, { name: "sample", type: "float32", groups: wide });
  await expect(writer.finish([number])).rejects.toThrow("facts are those of single columns");
  await writer.abort();
  const second = await createDatasetFile(path, { name: "sample", type: "float32", groups });
  const texts = Array.from({ length: 1000 }, (_, index) => `${index}${"x".repeat(20_000)}`);
  const columns = [{ ...facts, categories: texts }, undefined, undefined];
  await expect(second.finish(columns)).rejects.toThrow(/more than 16777216 bytes at column 'color'.*drop/);
  await second.abort();
});
