import { createWriteStream } from "node:fs";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { once } from "node:events";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { openDatasetFile } from "../../src/datasets/file/reader.ts";
import { importCsv } from "../../src/datasets/import/import-csv.ts";
import { carryOut } from "../../src/datasets/import/carry-out.ts";
import { importCsvText, temporaryFolder } from "./support.ts";

async function readTable(path: string): Promise<{ names: string[]; rows: number[][] }> {
  const reader = await openDatasetFile(path);
  try {
    const names = reader.groups.map(({ name }) => name);
    const columns = await Promise.all(names.map((name) => reader.readGroup(name, 0, reader.rowCount)));
    const rows = Array.from({ length: reader.rowCount }, (_, row) => columns.map((column) => column[row] as number));
    return { names, rows };
  } finally {
    await reader.close();
  }
}

function utf16be(text: string): Buffer {
  return Buffer.from(text, "utf16le").swap16();
}

async function importTable(text: string | Uint8Array) {
  const folder = await temporaryFolder();
  return readTable(await importCsvText(folder, text));
}

describe("CSV import", () => {
  test.each<[string, string | Uint8Array, string[], number[][]]>([
    [
      "integers, decimals and exponents",
      "a,b,c,d\n-3,0.5,1e3,-2.5E-1\n+4,.5,7.,1e+2\n",
      ["a", "b", "c", "d"],
      [
        [-3, 0.5, 1000, -0.25],
        [4, 0.5, 7, 100],
      ],
    ],
    [
      "words and empty cells",
      "a,b,c,d\nTRUE,false,Null,\n,True,FALSE,null\n",
      ["a", "b", "c", "d"],
      [
        [1, 0, 0, 0],
        [0, 1, 0, 0],
      ],
    ],
    [
      "a row that ends with an empty cell",
      "in1,in2,out1\n-3,,FALSE\n4,5,\n",
      ["in1", "in2", "out1"],
      [
        [-3, 0, 0],
        [4, 5, 0],
      ],
    ],
    ["quotes", 'a,"b,""c"" d"\n"1","2.5"\n', ["a", 'b,"c" d'], [[1, 2.5]]],
    [
      "CRLF",
      "a,b\r\n1,2\r\n3,4\r\n",
      ["a", "b"],
      [
        [1, 2],
        [3, 4],
      ],
    ],
    [
      "mixed line ends",
      "a,b\r\n1,2\n3,4\r5,6",
      ["a", "b"],
      [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
    ],
    ["no line end at the end", "a,b\n1,2", ["a", "b"], [[1, 2]]],
    [
      "empty lines",
      "\n\na,b\n\n1,2\n\n3,4\n\n\n",
      ["a", "b"],
      [
        [1, 2],
        [3, 4],
      ],
    ],
    ["one column", 'only\n1\n""\n3\n', ["only"], [[1], [0], [3]]],
    ["a byte order mark", "\uFEFFa,b\n1,2\n", ["a", "b"], [[1, 2]]],
    ["UTF-16 with a byte order mark", Buffer.from("\uFEFFgröße,b\n1,2\n", "utf16le"), ["größe", "b"], [[1, 2]]],
    ["names in any script", "größe,度,__proto__,a b\n1,2,3,4\n", ["größe", "度", "__proto__", "a b"], [[1, 2, 3, 4]]],
    ["UTF-16 of the other byte order", utf16be("\uFEFFਅĀ,b\n1,2\n"), ["ਅĀ", "b"], [[1, 2]]],
    ["blanks around cells", " a , b \n 1 ,\t2\n", ["a", "b"], [[1, 2]]],
    [
      "blanks around quotes",
      'a, "b, c" ,d\n1, "2"\t, \u00a0"3"\u00a0\n"4" ,5, "6" ',
      ["a", "b, c", "d"],
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
    ],
    ["numbers of rows, as pandas writes them", ",a,b\n0,1,2\n", ["column_0", "a", "b"], [[0, 1, 2]]],
    ["numbers of rows above which all names are numbers", ",0,1\n0,1,2\n", ["column_0", "0", "1"], [[0, 1, 2]]],
    ["numbers as names when they count from 0", "0,1,2\n5,6,7\n", ["0", "1", "2"], [[5, 6, 7]]],
    ["a cell of many digits", `a\n0.${"3".repeat(32_000)}\n`, ["a"], [[Math.fround(1 / 3)]]],
    [
      "the ends of the float range",
      "a,b\n3.4028234e38,1e-60\n-16777217,0.1\n",
      ["a", "b"],
      [
        [Math.fround(3.4028234e38), 0],
        [-16777216, Math.fround(0.1)],
      ],
    ],
  ])("takes %s", async (_, text, names, rows) => {
    expect(await importTable(text)).toEqual({ names, rows });
  });

  test.each<[string, string | Uint8Array, string]>([
    ["an empty file", "", "the file is empty"],
    ["a file of empty lines", "\n\r\n\n", "the file is empty"],
    ["a header without rows", "a,b\n", "the file has a header, but no rows"],
    ["too few cells", "a,b,c\n1,2,3\n4,5\n", "row 2 (line 3): column 'c' is missing: 2 cells under a header of 3"],
    ["too many cells", "a,b\n1,2\n\n4,5,6\n", "row 2 (line 4): column 3 has no name: 3 cells under a header of 2"],
    ["Infinity among numbers", "a\n1\n-Infinity\n", "row 2 (line 3), column 'a': '-Infinity' is not a number"],
    ["a number that no float holds", "a\n1e39\n", "row 1 (line 2), column 'a': '1e39' is too big for a 32-bit float"],
    [
      "a number of many digits",
      `a\n${"9".repeat(400)}\n`,
      `row 1 (line 2), column 'a': '${"9".repeat(40)}…' is too big`,
    ],
    ["a name twice", "a,b, a\n1,2,3\n", "header, column 3: the name 'a' is that of column 1, too"],
    ["NUL in a name", "a\0,b\n1,2\n", "header, column 1: the name holds the control character U+0000"],
    ["a line break in a name", 'a,"b\nc"\n1,2\n', "header, column 2: the name holds the control character U+000A"],
    ["an empty name", "a,,b\n1,2,3\n", "header, column 2: the name is empty"],
    ["a header that ends with a comma", "a,b,\n1,2,3\n", "header, column 3: the name is empty"],
    ["a name that is too long", `${"a".repeat(255)}\n1\n`, "header, column 1: the name is longer than 254"],
    [
      "Latin-1",
      Buffer.from("gr\xf6\xdfe,b\n1,2\n", "latin1"),
      "header, column 1: the name is not UTF-8 or holds U+FFFD",
    ],
    [
      "a name of which an export lost a letter",
      "gr\uFFFD,b\n1,2\n",
      "header, column 1: the name is not UTF-8 or holds U+FFFD",
    ],
    [
      "a quote inside a cell",
      'a,b\n1,2"3\n',
      "line 2, column 2: there is a quote in a cell that does not begin with one",
    ],
    ["text after a quote", 'a,b\n"1" 2,3\n', "line 2, column 1: there is text after the closing quote"],
    ["a quote after a quoted cell", 'a,b\n"1" "2",3\n', "line 2, column 1: there is text after the closing quote"],
    [
      "a quote that is not closed",
      'a,b\n1,"1,2\n3,4\n',
      "line 4, column 2: the quote that opens in line 2 is not closed",
    ],
    [
      "a quote that swallows the file",
      `a,b\n"${"1,2\n".repeat(100_000)}`,
      "line 2, column 1: the cell is longer than 32767 characters; its quote may not be closed",
    ],
    [
      "a long cell",
      `a,b\n1,2\n3,${"9".repeat(32_768)}\n`,
      "line 3, column 2: the cell is longer than 32767 characters",
    ],
    ["a row of long cells", `a\n${`${"1".repeat(32_000)},`.repeat(600)}`, "the row is longer than 16777216 characters"],
    ["a row of delimiters only that is too long", "a,b\n1,2\n,,\n3,4\n", "row 2 (line 3): column 3 has no name"],
    ["a picture", Buffer.from("89504e470d0a1a0a0000000d49484452ffd8ffe0", "hex"), "PNG"],
    [
      "very many columns",
      `${Array.from({ length: 65_537 }, (_, i) => `c${i}`).join(",")}\n`,
      "line 1, column 65537: more than 65536 columns",
    ],
  ])("refuses %s and leaves nothing behind", async (_, text, reason) => {
    const folder = await temporaryFolder();
    await expect(importCsvText(folder, text)).rejects.toThrow(reason);
    expect(await readdir(folder)).toEqual(["input"]);
  });

  test("any table of floats survives the import, however it is written", async () => {
    const folder = await temporaryFolder();
    const cell = fc.oneof(
      fc.float({ noNaN: true, noDefaultInfinity: true }).map((value) => ({ text: String(value), value: value + 0 })),
      fc.constantFrom(
        { text: "", value: 0 },
        { text: "tRue", value: 1 },
        { text: "null", value: 0 },
        { text: "FALSE", value: 0 },
      ),
    );
    const name = fc
      .string({ unit: "grapheme", minLength: 1, maxLength: 12 })
      .filter((text) => !text.includes("\uFFFD"));
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(name, { minLength: 1, maxLength: 6 }).chain((names) =>
          fc.record({
            names: fc.constant(names),
            rows: fc.array(fc.array(cell, { minLength: names.length, maxLength: names.length }), { minLength: 1 }),
            lineEnd: fc.constantFrom("\n", "\r\n", "\r"),
            mark: fc.constantFrom("", "\uFEFF"),
            closed: fc.boolean(),
            before: fc.constantFrom("", " ", "\t \u00a0"),
            after: fc.constantFrom("", "  ", "\u3000"),
          }),
        ),
        async ({ names, rows, lineEnd, mark, closed, before, after }) => {
          const quote = (text: string) => `"${text.replaceAll('"', '""')}"`;
          const lines = [
            names.map(quote),
            // A line of one empty cell is quoted; at the end of a file without a final line end it would be lost.
            ...rows.map((cells) =>
              cells.map(({ text }) => (cells.length === 1 || text.length % 2 ? quote(text) : text)),
            ),
          ].map((cells) => cells.map((cell) => before + cell + after).join(","));
          const expected = rows.map((cells) => cells.map(({ value }) => value));
          // Trailing rows of only delimiters are left out.
          const isEmpty = (cells: { text: string }[] = []) =>
            names.length > 1 && cells.every(({ text }) => text === "");
          while (expected.length > 0 && isEmpty(rows[expected.length - 1])) expected.pop();
          // Without the thread around it, which takes most of the time for a small file.
          const job = {
            type: "csv" as const,
            has_header: true,
            name: "any",
            input: join(folder, "in"),
            target: join(folder, "out"),
          };
          await writeFile(job.input, mark + lines.join(lineEnd) + (closed ? lineEnd : ""));
          if (expected.length === 0) return expect(importCsv(job)).rejects.toThrow("but no rows");
          await importCsv(job);
          const table = await readTable(job.target);
          expect(table.names).toEqual(names);
          expect(table.rows).toEqual(expected);
        },
      ),
      { numRuns: 100 },
    );
  });

  test("a big file streams through with little memory", { timeout: 120_000 }, async () => {
    const folder = await temporaryFolder();
    const job = { type: "csv" as const, name: "big", input: join(folder, "input"), target: join(folder, "dataset") };
    const rowCount = 1_200_000;
    const file = createWriteStream(job.input);
    file.write("row,square,text\n");
    for (let first = 0; first < rowCount; first += 10_000) {
      const lines = Array.from(
        { length: 10_000 },
        (_, index) => `${first + index},${((first + index) % 1000) ** 2},true\n`,
      );
      if (!file.write(lines.join(""))) await once(file, "drain");
    }
    file.end();
    await once(file, "close");

    const before = process.memoryUsage().rss;
    let peak = before;
    const timer = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 20);
    expect(await carryOut(job)).toMatchObject({ kind: "done" });
    clearInterval(timer);
    // Parser and one chunk of each kind; the table as strings would take some hundred MiB.
    expect(peak - before).toBeLessThan(120 * 2 ** 20);

    const reader = await openDatasetFile(job.target);
    expect(reader.rowCount).toBe(rowCount);
    expect([...(await reader.readGroup("row", rowCount - 2, 2))]).toEqual([rowCount - 2, rowCount - 1]);
    expect([...(await reader.readGroup("square", 123_456, 1))]).toEqual([456 ** 2]);
    await reader.close();
  });
});
