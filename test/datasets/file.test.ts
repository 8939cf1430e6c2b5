import { open, readdir, readFile, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DatasetFileError, type ColumnGroup, type ElementType } from "../../src/datasets/file/layout.ts";
import { openDatasetFile } from "../../src/datasets/file/reader.ts";
import { verifiedSegments } from "../../src/datasets/file/verified-segments.ts";
import { createDatasetFile } from "../../src/datasets/file/writer.ts";
import { temporaryFolder } from "./support.ts";

function groupsOf(widths: readonly number[]): ColumnGroup[] {
  let column = 0;
  return widths.map((width, index) => {
    column += width;
    return { name: `group ${index}`, column_start: column - width, column_end: column };
  });
}

function randomRows(type: ElementType, length: number, seed: number): Uint8Array | Float32Array {
  const rows = type === "uint8" ? new Uint8Array(length) : new Float32Array(length);
  let state = seed >>> 0;
  for (let index = 0; index < length; index++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    rows[index] = type === "uint8" ? state >>> 24 : (state / 2 ** 31 - 1) * 1000;
  }
  return rows;
}

/** The expected result of `readGroup`, cut out of the row-major table by a plain loop. */
function cutGroup(rows: Uint8Array | Float32Array, columns: number, group: ColumnGroup, first: number, count: number) {
  const width = group.column_end - group.column_start;
  const values = Array.from({ length: count * width }, (_, index) => {
    const row = first + Math.floor(index / width);
    return rows[row * columns + group.column_start + (index % width)] as number;
  });
  return rows instanceof Uint8Array ? Uint8Array.from(values) : Float32Array.from(values);
}

async function writeSample(folder: string, options: { type?: ElementType; widths?: number[]; rows?: number } = {}) {
  const { type = "uint8", widths = [784, 10], rows: rowCount = 10_000 } = options;
  const path = join(folder, "sample");
  const groups = groupsOf(widths);
  const columns = groups.at(-1)?.column_end ?? 0;
  const rows = randomRows(type, columns * rowCount, 1);
  const writer = await createDatasetFile(path, { name: "sample", type, groups });
  await writer.append(rows);
  await writer.finish();
  return { path, groups, columns, rows };
}

describe("dataset file", () => {
  test("any table survives a round trip, whatever the pieces it is written and read in", async () => {
    const folder = await temporaryFolder();
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          type: fc.constantFrom<ElementType[]>("uint8", "float32"),
          widths: fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 1, maxLength: 5 }),
          rows: fc.integer({ min: 0, max: 40_000 }),
          pieces: fc.array(fc.integer({ min: 1, max: 9_000 }), { minLength: 1, maxLength: 4 }),
          byGroup: fc.boolean(),
          seed: fc.integer(),
          firstRow: fc.double({ min: 0, max: 1, noNaN: true }),
          lastRow: fc.double({ min: 0, max: 1, noNaN: true }),
        }),
        async ({ type, widths, rows: wanted, pieces, byGroup, seed, firstRow, lastRow }) => {
          const groups = groupsOf(widths);
          const columns = groups.at(-1)?.column_end ?? 0;
          const rowCount = columns === 0 ? wanted : Math.min(wanted, Math.floor(600_000 / columns));
          const rows = randomRows(type, rowCount * columns, seed);
          const path = join(folder, "table");
          const writer = await createDatasetFile(path, { name: "größe 度", type, groups });
          for (let row = 0, piece = 0; row < rowCount; piece++) {
            const count = Math.min(pieces[piece % pieces.length] as number, rowCount - row);
            if (byGroup || columns === 0) {
              const parts = groups.map((group) => cutGroup(rows, columns, group, row, count));
              await writer.appendGroups(count, parts);
            } else {
              await writer.append(rows.subarray(row * columns, (row + count) * columns));
            }
            row += count;
          }
          const bytes = await writer.finish();
          expect((await stat(path)).size).toBe(bytes);

          const reader = await openDatasetFile(path);
          try {
            expect(reader).toMatchObject({ name: "größe 度", type, rowCount, columnCount: columns, groups });
            const from = Math.floor(Math.min(firstRow, lastRow) * rowCount);
            const count = Math.ceil(Math.max(firstRow, lastRow) * rowCount) - from;
            for (const group of groups) {
              for (const [first, length] of [
                [from, count],
                [0, rowCount],
                [from, count],
              ] as const) {
                const actual = await reader.readGroup(group.name, first, length);
                const expected = cutGroup(rows, columns, group, first, length);
                expect(Buffer.from(actual.buffer).equals(Buffer.from(expected.buffer))).toBe(true);
                expect(actual.constructor).toBe(expected.constructor);
              }
            }
          } finally {
            await reader.close();
          }
        },
      ),
      { numRuns: 25 },
    );
  });

  test("uint8 takes one byte per value, and reading a narrow group does not touch the wide one", async () => {
    const { path, rows } = await writeSample(await temporaryFolder());
    expect((await stat(path)).size).toBeLessThan(10_000 * 794 * 1.001);
    // Damages the pictures of the first chunk: a read that touched them would be refused.
    const file = await open(path, "r+");
    await file.write(Buffer.from([1, 2, 3, 4, 5]), 0, 5, 5_000);
    await file.close();
    const reader = await openDatasetFile(path);
    const labels = await reader.readGroup("group 1", 17, 2);
    expect([...labels]).toEqual([...rows.slice(17 * 794 + 784, 18 * 794), ...rows.slice(18 * 794 + 784, 19 * 794)]);
    await expect(reader.readGroup("group 0", 0, 1)).rejects.toThrow("the data of column group 'group 0' is damaged");
    await reader.close();
  });

  test("unknown groups and rows beyond the end are the caller's error", async () => {
    const { path } = await writeSample(await temporaryFolder(), { rows: 10 });
    const reader = await openDatasetFile(path);
    await expect(reader.readGroup("nope", 0, 1)).rejects.toThrow(RangeError);
    await expect(reader.readGroup("group 0", 5, 6)).rejects.toThrow(RangeError);
    await expect(reader.readGroup("group 0", -1, 1)).rejects.toThrow(RangeError);
    await expect(reader.readGroup("group 0", 10, 0)).resolves.toHaveLength(0);
    await reader.close();
  });

  test("every damaged header, every truncation and every addition is refused", async () => {
    const folder = await temporaryFolder();
    const { path } = await writeSample(folder, { widths: [3, 2], rows: 20, type: "float32" });
    const good = await readFile(path);
    const metadataBytes = good.readUInt32LE(40);
    const broken = join(folder, "broken");
    const refused = async (bytes: Uint8Array) => {
      await writeFile(broken, bytes);
      await expect(openDatasetFile(broken)).rejects.toThrow(DatasetFileError);
    };
    for (let offset = 0; offset < 64 + metadataBytes; offset++) {
      const bytes = Buffer.from(good);
      bytes[offset] = (bytes[offset] as number) ^ 0x10;
      await refused(bytes);
    }
    for (const length of [0, 1, 63, 64, 65, 100, good.length - 1]) await refused(good.subarray(0, length));
    await refused(Buffer.concat([good, Buffer.alloc(1)]));
    await refused(Buffer.alloc(good.length));
    await writeFile(broken, good);
    await (await openDatasetFile(broken)).close();
  });

  test("every flipped bit of the data is found", async () => {
    const folder = await temporaryFolder();
    const { path } = await writeSample(folder, { widths: [2, 1], rows: 7 });
    const good = await readFile(path);
    const dataBytes = 2 * 4 + 7 * 3;
    for (let offset = good.length - dataBytes; offset < good.length; offset++) {
      // A new file each time: verified parts of one file say nothing about another.
      const broken = join(folder, `broken ${offset}`);
      const bytes = Buffer.from(good);
      bytes[offset] = (bytes[offset] as number) ^ 1;
      await writeFile(broken, bytes);
      const reader = await openDatasetFile(broken);
      const reads = await Promise.allSettled(["group 0", "group 1"].map((name) => reader.readGroup(name, 3, 1)));
      expect(reads.filter(({ status }) => status === "rejected")).toHaveLength(1);
      await reader.close();
    }
  });

  test("a changed file is verified again, even if its size and modification time are the same", async () => {
    const { path } = await writeSample(await temporaryFolder());
    const read = async () => {
      const reader = await openDatasetFile(path);
      try {
        return await reader.readGroup("group 0", 0, 1);
      } finally {
        await reader.close();
      }
    };
    const pixels = await read();
    const { size, atime, mtime } = await stat(path);
    const file = await open(path, "r+");
    const byte = Buffer.alloc(1);
    await file.read(byte, 0, 1, 5_000);
    await file.write(Buffer.from([(byte[0] as number) ^ 1]), 0, 1, 5_000);
    await file.close();
    // The same size and, to the last digit that can be set, the same modification time.
    await utimes(path, atime, mtime);
    expect((await stat(path)).size).toBe(size);
    await expect(read()).rejects.toThrow("the data of column group 'group 0' is damaged");
    const mended = await open(path, "r+");
    await mended.write(byte, 0, 1, 5_000);
    await mended.close();
    expect(await read()).toEqual(pixels);
  });

  test("the number of remembered files is bounded, even of files without rows", async () => {
    const path = join(await temporaryFolder(), "file");
    await writeFile(path, "");
    const [file, other] = [await open(path, "r"), await open(`${path} of others`, "w+")];
    const bitmap = await verifiedSegments(file, 0);
    expect(await verifiedSegments(file, 0)).toBe(bitmap);
    // Each new time makes this another file for the cache.
    for (let second = 0; second < 2100; second++) {
      await other.utimes(second, second);
      await verifiedSegments(other, 0);
    }
    expect(await verifiedSegments(file, 0)).not.toBe(bitmap);
    await file.close();
    await other.close();
  });

  test("no file has the final name before finish, and none is left after abort", async () => {
    const folder = await temporaryFolder();
    const path = join(folder, "table");
    const options = { name: "table", type: "uint8" as const, groups: groupsOf([4]) };
    const writer = await createDatasetFile(path, options);
    await writer.append(new Uint8Array(4_000_000));
    const [partial] = await readdir(folder);
    expect(partial).toMatch(/^table\..*\.partial$/);
    await expect(openDatasetFile(join(folder, partial as string))).rejects.toThrow(DatasetFileError);
    await writer.abort();
    await writer.abort();
    expect(await readdir(folder)).toEqual([]);

    const second = await createDatasetFile(path, options);
    await second.append(new Uint8Array(8));
    await second.finish();
    await second.abort();
    expect(await readdir(folder)).toEqual(["table"]);
  });

  test("incomplete rows and rows of the wrong type are refused", async () => {
    const folder = await temporaryFolder();
    const writer = await createDatasetFile(join(folder, "t"), { name: "t", type: "uint8", groups: groupsOf([2, 1]) });
    await expect(writer.append(new Uint8Array(4))).rejects.toThrow("rows are not whole");
    await expect(writer.append(new Float32Array(3))).rejects.toThrow("values are not uint8");
    await expect(writer.appendGroups(1, [new Uint8Array(3)])).rejects.toThrow("one array per column group");
    await expect(writer.appendGroups(1, [new Uint8Array(1), new Uint8Array(2)])).rejects.toThrow("rows are not whole");
    await writer.abort();
    for (const groups of [
      [{ name: "", column_start: 0, column_end: 1 }],
      [{ name: "a", column_start: 1, column_end: 2 }],
      [{ name: "a", column_start: 0, column_end: -1 }],
      [...groupsOf([1]), { name: "group 0", column_start: 1, column_end: 2 }],
    ]) {
      await expect(createDatasetFile(join(folder, "u"), { name: "u", type: "uint8", groups })).rejects.toThrow(
        DatasetFileError,
      );
    }
  });
});
