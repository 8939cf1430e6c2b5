import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import type { ColumnFacts } from "../../src/datasets/file/columns.ts";
import { openDatasetFile } from "../../src/datasets/file/reader.ts";
import { carryOut } from "../../src/datasets/import/carry-out.ts";
import type { ImportOptions } from "../../src/datasets/import/import-job.ts";
import { temporaryFolder } from "./support.ts";

interface Imported {
  warnings: string[];
  /** By name: cells as text for categories, seconds since 1970 for times; null when missing. */
  cells: Record<string, (string | number | null)[]>;
  facts: Record<string, ColumnFacts | undefined>;
}

async function importBytes(input: string | Uint8Array, options: ImportOptions = {}): Promise<Imported> {
  const folder = await temporaryFolder();
  const job = { type: "csv" as const, name: "any", input: join(folder, "in"), target: join(folder, "out"), ...options };
  await writeFile(job.input, input);
  const outcome = await carryOut(job);
  if (outcome.kind === "refused") throw new Error(outcome.reason);
  if (outcome.kind !== "done") throw new Error(JSON.stringify(outcome));
  const reader = await openDatasetFile(job.target);
  const cells: Imported["cells"] = {};
  const facts: Imported["facts"] = {};
  for (const [index, { name, column_start, column_end }] of reader.groups.entries()) {
    const known = reader.columns[index];
    facts[name] = known;
    if (column_end - column_start > 1) continue;
    const values = new Float32Array(reader.rowCount);
    await reader.fillCells(values, name, 0, reader.rowCount);
    cells[name] = Array.from(values, (value) => {
      if (Number.isNaN(value)) return null;
      return known?.kind === "category" ? (known.categories[value] as string) : (known?.origin ?? 0) + value;
    });
  }
  await reader.close();
  return { warnings: outcome.warnings, cells, facts };
}

const seconds = (text: string) => Date.parse(text) / 1000;
const missing = (column: string, row: number) =>
  `column '${column}': 1 cell is missing, which plain inputs read as 0; the first is in row ${row}`;

describe("kinds of columns", () => {
  test.each<[string, string, ImportOptions, Imported["cells"], string[]]>([
    ["texts", 'a,b\n x ,1\n"y ",2\nx,3\n', {}, { a: ["x", "y", "x"], b: [1, 2, 3] }, []],
    ["truth values", "a\nTRUE\nfalse\ntrue\n", {}, { a: ["true", "false", "true"] }, []],
    [
      "dates",
      "a,b\n2012-01-01,2012-02\n2012-01-31,2011-12\n",
      {},
      { a: [seconds("2012-01-01"), seconds("2012-01-31")], b: [seconds("2012-02-01"), seconds("2011-12-01")] },
      [],
    ],
    [
      "times without a zone, and with one",
      "a,b\n2012-01-01 06:30,2012-01-01T00:00:00Z\n2012-01-01,2012-01-01 02:00:01.5+02:00\n",
      {},
      {
        a: [seconds("2012-01-01T06:30Z"), seconds("2012-01-01")],
        b: [seconds("2012-01-01"), seconds("2012-01-01T00:00:01.5Z")],
      },
      [],
    ],
    [
      "times with and without a zone",
      "a\n2012-01-01\n2012-01-01T00:00:00Z\n",
      {},
      { a: ["2012-01-01", "2012-01-01T00:00:00Z"] },
      ["column 'a' is a category because of '2012-01-01T00:00:00Z' in row 2; before, every cell is a time"],
    ],
    ["days that do not exist", "a\n2011-02-29\n2012-02-29\n", {}, { a: ["2011-02-29", "2012-02-29"] }, []],
    [
      "marks of missing cells",
      "a,b,c\nNA,n/a,x\n1,NaN,null\nNONE,2012-01-01,-\n?,,y\n",
      {},
      { a: [null, 1, null, null], b: [null, null, seconds("2012-01-01"), null], c: ["x", null, null, "y"] },
      [
        "column 'a': 3 cells are missing, which plain inputs read as 0; the first is in row 1",
        "column 'b': 3 cells are missing, which plain inputs read as 0; the first is in row 1",
        "column 'c': 2 cells are missing, which plain inputs read as 0; the first is in row 2",
      ],
    ],
    [
      "marks that the client says",
      "a,b\nNA,-999\nx,1\nmiss,2\n",
      { missing: ["-999", "Miss"] },
      { a: ["NA", "x", null], b: [null, 1, 2] },
      [missing("b", 1), missing("a", 3)],
    ],
    [
      "percent signs",
      "a\n5%\n 7.5 %\n\n",
      {},
      { a: [5, 7.5, null] },
      ["column 'a': percent signs are left out, so that 5% is 5", missing("a", 3)],
    ],
    [
      "separators of thousands",
      'a,b\n"1,234",1\n"-1,234,567.5",2\n12,3\n',
      {},
      { a: [1234, -1234567.5, 12], b: [1, 2, 3] },
      ["column 'a': 2 numbers have separators of thousands; the first is 1,234 in row 1, which becomes 1234"],
    ],
    ["groups of digits that are none", 'a\n"1,23"\n"12,34"\n', { decimal: "." }, { a: ["1,23", "12,34"] }, []],
    [
      "semicolons and decimal commas",
      "a;b\n1,5;x, y\n1.234,25;z\n",
      {},
      { a: [1.5, 1234.25], b: ["x, y", "z"] },
      [
        "cells are separated by semicolons",
        "a comma is the decimal mark of numbers",
        "column 'a': 1 number has separators of thousands; the first is 1.234,25 in row 2, which becomes 1234.25",
      ],
    ],
    ["tabs", "a\tb\n1\tx y\n2\tz\n", {}, { a: [1, 2], b: ["x y", "z"] }, ["cells are separated by tabs"]],
    ["bars", "a|b\n1|x\n2|z\n", {}, { a: [1, 2], b: ["x", "z"] }, ["cells are separated by vertical bars"]],
    ["a delimiter that the client says", "a;b\n1;2\n", { delimiter: "," }, { "a;b": ["1;2"] }, []],
    ["a decimal mark that the client says", 'a\n"1,250"\n', { decimal: "," }, { a: [1.25] }, []],
    [
      "texts after numbers",
      "a,b\n1,2\n2.50,3\nx,4\n7,5\n",
      {},
      { a: ["1", "2.50", "x", "7"], b: [2, 3, 4, 5] },
      ["column 'a' is a category because of 'x' in row 3; before, every cell is a number"],
    ],
    [
      "kinds that the client says",
      "a,b,c\n1,2,3\n01,3,4\n",
      { kinds: { a: "category" }, drop: ["b"] },
      { a: ["1", "01"], c: [3, 4] },
      [],
    ],
    [
      "case and blanks in categories",
      "a,b\nMale,1\n male ,2\nMALE,3\nfemale,4\n",
      {},
      { a: ["Male", "male", "MALE", "female"], b: [1, 2, 3, 4] },
      ["column 'a': 3 categories differ from others only in the case of letters, such as 'Male' and 'male'"],
    ],
    [
      "no value",
      "a,b\n,1\nNA,2\n",
      {},
      { a: [null, null], b: [1, 2] },
      [
        "column 'a' has no value",
        "column 'a': 2 cells are missing, which plain inputs read as 0; the first is in row 1",
      ],
    ],
    [
      "line breaks in quotes",
      'a,b\n"x\ny",1\n"z",2\n',
      {},
      { a: ["x\ny", "z"], b: [1, 2] },
      ["1 cell holds a line break; the first is in line 2"],
    ],
    [
      "an index as pandas writes it",
      ",a\n0,x\n1,y\n2,z\n",
      {},
      { column_0: [0, 1, 2], a: ["x", "y", "z"] },
      [
        "the first column has no name, like numbers of rows; it is kept as 'column_0'",
        "column 'column_0' counts the rows from 0: leave it out (drop), if it means nothing",
      ],
    ],
    [
      "an index with a name",
      "Unnamed: 0,ID,n\n1,1,1\n2,2,2\n3,4,3\n",
      {},
      { "Unnamed: 0": [1, 2, 3], ID: [1, 2, 4], n: [1, 2, 3] },
      ["column 'Unnamed: 0' counts the rows from 1: leave it out (drop), if it means nothing"],
    ],
    ["ids that are texts", "id,n\nu-1,5\nu-2,6\nu-3,7\n", {}, { id: ["u-1", "u-2", "u-3"], n: [5, 6, 7] }, []],
    [
      "times that a float moves",
      "a\n1900-01-01\n2012-01-01T00:00:01\n",
      {},
      { a: [seconds("1900-01-01"), seconds("2012-01-01T00:02:08Z")] },
      [
        "column 'a': 1 time moves by more than a second as a 32-bit float; the first is 2012-01-01T00:00:01 in row 2, " +
          "which becomes 2012-01-01T00:02:08",
      ],
    ],
  ])("%s", async (_, text, options, cells, warnings) => {
    const imported = await importBytes(text, options);
    expect(imported.cells).toEqual(cells);
    expect(imported.warnings).toEqual(warnings);
  });

  test("a text after 100 000 numbers makes a category of all of them, and the other columns stay what they are", async () => {
    const rows = Array.from({ length: 100_000 }, (_, row) => `${row % 1000},${row},2012-01-01,${row % 2 ? "x" : "y"}`);
    const { cells, facts, warnings } = await importBytes(`a,b,c,d\n${rows.join("\n")}\nlate,100000,2012-01-02,z\n`);
    expect(warnings).toEqual([
      "column 'a' is a category because of 'late' in row 100001; before, every cell is a number",
    ]);
    expect(cells["a"]!.slice(-2)).toEqual(["999", "late"]);
    expect(cells["b"]!.slice(-2)).toEqual([99_999, 100_000]);
    expect(facts["c"]).toMatchObject({
      kind: "time",
      distinct: 1,
      max: seconds("2012-01-02"),
      origin: seconds("2012-01-01"),
    });
    expect(facts["d"]!.commonest).toEqual([
      { text: "y", count: 50_000 },
      { text: "x", count: 50_000 },
      { text: "z", count: 1 },
    ]);
  });

  test("a number may be a mark of missing cells, in plain rows and behind quotes", async () => {
    const rows = Array.from({ length: 500 }, (_, row) => (row % 7 === 0 ? "-999,5" : `${row},6`));
    const { facts } = await importBytes(`a,b\n${rows.join("\n")}\n"-999",7\n`, { missing: ["-999"] });
    expect(facts["a"]).toMatchObject({ kind: "number", missing: 73, min: 1 });
  });

  test("facts of numbers are exact, except that quantiles and different cells are those of a sample", async () => {
    const count = 200_000;
    const values = Array.from({ length: count }, (_, row) => (row * 7919) % count);
    const { facts } = await importBytes(
      `a,b\n${values.map((value) => `${value},${value % 2 ? "" : -1.5}`).join("\n")}\n`,
    );
    const { a, b } = facts;
    expect(a).toMatchObject({ missing: 0, min: 0, max: count - 1, mean: (count - 1) / 2, categories: [] });
    expect(a!.deviation).toBeCloseTo(Math.sqrt((count * count - 1) / 12), 4);
    expect(a!.distinct).toBe(16_384);
    for (const [eighth, quantile] of a!.quantiles.entries()) {
      expect(Math.abs(quantile - (count * eighth) / 8)).toBeLessThan(0.02 * count);
    }
    expect(b).toMatchObject({ missing: count / 2, distinct: 1, min: -1.5, max: -1.5, mean: -1.5, deviation: 0 });
  });

  test("files packed with gzip, and texts of UTF-16 and Latin-1, are the same table", async () => {
    const text = "größe,art\n1.5,süß\n2,\n";
    const { cells } = await importBytes(text);
    const utf16 = Buffer.from(text, "utf16le");
    const mark = Buffer.from("\uFEFF", "utf16le");
    const files: [Buffer, ImportOptions, string[]][] = [
      [gzipSync(text), {}, ["the file is packed with gzip"]],
      [Buffer.concat([gzipSync(text.slice(0, 9)), gzipSync(text.slice(9))]), {}, ["the file is packed with gzip"]],
      [Buffer.from(`\uFEFF${text}`), {}, ["the text is UTF-8 with a byte order mark, which is left out"]],
      [Buffer.concat([mark, utf16]), {}, ["the text is UTF-16 with a byte order mark, which is left out"]],
      [utf16, {}, ["the text is UTF-16 without a byte order mark"]],
      [Buffer.from(utf16).swap16(), {}, ["the text is UTF-16 without a byte order mark"]],
      [Buffer.from(text, "latin1"), { encoding: "latin1" }, []],
      [Buffer.from(text), { encoding: "utf-8" }, []],
    ];
    for (const [bytes, options, warnings] of files) {
      const imported = await importBytes(bytes, options);
      expect(imported.cells).toEqual(cells);
      expect(imported.warnings.slice(0, -1)).toEqual(warnings);
    }
  });

  test("columns that our own download names as parts of a group are one; those of other programs are not", async () => {
    const ours = await importBytes('"x_0","x_1",y\n1,2,3\n4,,6\n');
    expect(Object.keys(ours.facts)).toEqual(["x", "y"]);
    expect(ours.warnings).toEqual(["columns 'x_0' to '…_1' are taken as one group, by their names", missing("x_1", 2)]);
    for (const header of ["x_0,x_1,y", '"x_0","x_1","y"', '"x_0",x_1,y', '"x_0","x_2",y', '"x_1","x_0",y']) {
      const { facts } = await importBytes(`${header}\n1,2,3\n`);
      expect(Object.keys(facts)).toHaveLength(3);
    }
    const texts = await importBytes('"x_0","x_1",y\na,b,3\n');
    expect(Object.keys(texts.facts)).toEqual(["x_0", "x_1", "y"]);
  });
});

describe("what cannot be read is refused with its place", () => {
  const distinct = (count: number) => Array.from({ length: count }, (_, row) => `t${row},1`).join("\n");

  test.each<[string, string | Uint8Array, ImportOptions, string]>([
    [
      "a number in a column of texts",
      "a,b\n1,x\nx,2\n",
      { kinds: { a: "number" } },
      "row 2 (line 3), column 'a': 'x' is not a number",
    ],
    ["a time that is none", "a\n2012-01-01\nx\n", { kinds: { a: "time" } }, "'x' is not a date or time (ISO 8601)"],
    [
      "a number that is no time",
      "a\n2012\n",
      { kinds: { a: "time" } },
      "row 1 (line 2), column 'a': '2012' is not a date",
    ],
    [
      "70 000 texts",
      `a,b\n${distinct(70_000)}\n`,
      {},
      "row 65537 (line 65538), column 'a': this is the text number 65537, and more are not possible; leave out",
    ],
    [
      "long texts",
      `a\n${Array.from({ length: 600 }, (_, row) => `${row}${"x".repeat(30_000)}`).join("\n")}\n`,
      {},
      "the texts of the columns are too long",
    ],
    ["NUL", "a,b\n1,x\0y\n", {}, "row 1 (line 2), column 'b': 'x\0y' holds the control character U+0000"],
    ["Latin-1", Buffer.from("a,b\n1,s\xfc\xdf\n", "latin1"), {}, "is not UTF-8 or holds U+FFFD; say encoding=latin1"],
    ["a column to drop that is not there", "a,b\n1,2\n", { drop: ["c"] }, "drop: there is no column 'c'"],
    ["a kind of a column that is not there", "a,b\n1,2\n", { kinds: { c: "number" } }, "kinds: there is no column 'c'"],
    ["no column that is left", "a,b\n1,2\n", { drop: ["b", "a"] }, "drop: no column is left"],
    [
      "times that move",
      "a\n1900-01-01\n2012-01-01T00:00:01\n",
      { exact: true },
      "2012-01-01T00:00:01 becomes 2012-01-01T00:02:08",
    ],
    ["damaged gzip", gzipSync("a,b\n1,2\n").subarray(0, 20), {}, "the gzip data is damaged"],
    [
      "gzip of something else",
      gzipSync(Buffer.from("89504e470d0a1a0a0000000d49484452ffd8ffe0", "hex")),
      {},
      "not CSV, but a PNG picture",
    ],
    [
      "a page of HTML",
      "<!doctype html>\n<html>\n<body>Not found</body>\n",
      {},
      "the file is not CSV, but an HTML page",
    ],
    [
      "a row of values in the place of names",
      "5.1,3.5,setosa\n4.9,3.0,setosa\n",
      {},
      "line 1: '5.1,3.5,setosa' holds values",
    ],
    ["a row of texts in the place of names", "yes,no\nno,no\nyes,yes\n", {}, "line 1: 'yes,no' holds values"],
  ])("%s", async (_, bytes, options, reason) => {
    await expect(importBytes(bytes, options)).rejects.toThrow(reason);
  });
});
