import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openDatasetFile } from "../../src/datasets/file/reader.ts";
import { importCsv } from "../../src/datasets/import/import-csv.ts";
import { temporaryFolder } from "./support.ts";

interface Options {
  has_header?: boolean;
  exact?: boolean;
}

/** Names, values row by row, and warnings. */
async function importText(text: string, options: Options = {}) {
  const folder = await temporaryFolder();
  const job = { type: "csv" as const, name: "any", input: join(folder, "in"), target: join(folder, "out"), ...options };
  await writeFile(job.input, text);
  const warnings = await importCsv(job);
  const reader = await openDatasetFile(job.target);
  const names = reader.groups.map(({ name }) => name);
  const columns = await Promise.all(names.map((name) => reader.readGroup(name, 0, reader.rowCount)));
  const rows = Array.from({ length: reader.rowCount }, (_, row) => columns.map((column) => column[row] as number));
  await reader.close();
  return { names, rows, warnings };
}

describe("what is left out of a CSV file, or guessed, is reported", () => {
  test.each<[string, string, number[][], string[]]>([
    [
      "nothing",
      "a,b\n1,TRUE\n0.1,2e9\n",
      [
        [1, 1],
        [0.1, 2e9],
      ],
      ["column 'b': 1 cell is true or false among numbers and counted as 1 or 0"],
    ],
    [
      "rows of delimiters at the end, as a spreadsheet writes them",
      'a,b,c\r\n1,2,3\r\n,,\r\n,,\r\n"", ,\r\n,\r\n',
      [[1, 2, 3]],
      ["4 rows of nothing but delimiters at the end are left out; the first is line 3"],
    ],
    [
      "a row of delimiters at the end, without a line end",
      "a,b\n1,2\n,",
      [[1, 2]],
      ["1 row of nothing but delimiters at the end is left out; the first is line 3"],
    ],
    [
      "a row of delimiters in the middle",
      "a,b\n1,2\n,\n,\n3,4\n",
      [
        [1, 2],
        [0, 0],
        [0, 0],
        [3, 4],
      ],
      [
        "2 rows of nothing but delimiters between others count as missing values; the first is line 3",
        "column 'a': 2 cells are missing, which plain inputs read as 0; the first is in row 2",
        "column 'b': 2 cells are missing, which plain inputs read as 0; the first is in row 2",
      ],
    ],
    [
      "empty lines in a file of one column",
      "a\n1\n\n  \n4\n\n",
      [[1], [0], [0], [4], [0]],
      ["column 'a': 3 cells are missing, which plain inputs read as 0; the first is in row 2"],
    ],
    [
      "empty lines in a file of several columns",
      "\na,b\n\n1,2\n \t\n3,4\n\n",
      [
        [1, 2],
        [3, 4],
      ],
      ["4 empty lines are left out; the first is line 1"],
    ],
    [
      "cells without a value",
      "a,b\n,1\nnull,NULL\n3,\n",
      [
        [0, 1],
        [0, 0],
        [3, 0],
      ],
      [
        "column 'a': 2 cells are missing, which plain inputs read as 0; the first is in row 1",
        "column 'b': 2 cells are missing, which plain inputs read as 0; the first is in row 2",
      ],
    ],
    [
      "numbers that a float makes 0",
      "a\n1e-60\n0.0e5\n-0\n1e-400\n0e-400\n1e-40\n",
      [[0], [0], [-0], [0], [0], [Math.fround(1e-40)]],
      [
        "column 'a': 2 numbers are too small for 32-bit floats and become 0; the first is 1e-60 in row 1, which becomes 0",
      ],
    ],
    ["blanks around names", 'a, b, "c "\n1,2,3\n', [[1, 2, 3]], ["blanks around 2 names of columns are left out"]],
    ["blanks between quotes, which are a part of the name", '" a","b ",c\n1,2,3\n', [[1, 2, 3]], []],
    [
      "mixed line ends",
      "a\r\n1\n2\r3\n",
      [[1], [2], [3]],
      ["the line ends are mixed (1 × CRLF, 2 × LF, 1 × CR): each ends a row"],
    ],
    [
      "numbers taken as names",
      "0,1\n5,6\n",
      [[5, 6]],
      ["line 1: '0,1' is taken as names of columns, not as values; has_header=false says that it is a row"],
    ],
  ])("%s", async (_, text, rows, warnings) => {
    const table = await importText(text);
    expect(table.rows).toEqual(rows.map((cells) => cells.map(Math.fround)));
    expect(table.warnings).toEqual(warnings);
  });

  test("a hundred thousand rows of delimiters in the middle are as many rows", async () => {
    const { rows, warnings } = await importText(`a,b,c\n1,2,3\n${",,\n".repeat(100_000)}4,5,6\n`);
    expect(rows.length).toBe(100_002);
    expect(rows.at(-1)).toEqual([4, 5, 6]);
    expect(
      rows
        .slice(1, -1)
        .flat()
        .every((value) => value === 0),
    ).toBe(true);
    expect(warnings[0]).toContain("100000 rows of nothing but delimiters between others");
  });
});

describe("whole numbers that a float changes", () => {
  test.each<[string, boolean]>([
    ["16777216", false],
    ["16777217", true],
    ["-16777217", true],
    ["+16777217.000", true],
    ["1.6777217e7", true],
    ["16777218", false],
    ["16777217.5", false],
    ["0000000000000000000000016777217", true],
    ["9007199254740992", false],
    ["9007199254740993", true],
    ["9007199254740993.0", true],
    ["9007199254740993.5", false],
    ["-9007199254740993", true],
    ["18446744073709551616", false],
    ["18446744073709551615", true],
    ["340282346638528859811704183484516925440", false],
    ["340282346638528859811704183484516925439", true],
    ["6.02214076e23", false],
    ["0.1", false],
  ])("%s: %s", async (text, isChanged) => {
    const csv = `id\n${text}\n${text}\n`;
    const { warnings } = await importText(csv);
    expect(warnings.length).toBe(isChanged ? 1 : 0);
    if (!isChanged) return void (await importText(csv, { exact: true }));
    expect(warnings[0]).toMatch(/^column 'id': 2 whole numbers change their values as 32-bit floats; the first is /);
    await expect(importText(csv, { exact: true })).rejects.toThrow(/^row 1 \(line 2\), column 'id': .* becomes /);
  });

  test("exact refuses values that become 0, too", async () => {
    await expect(importText("a\n1\n1e-60\n", { exact: true })).rejects.toThrow(
      "row 2 (line 3), column 'a': 1e-60 becomes 0 as a 32-bit float",
    );
  });
});

describe("files without a header", () => {
  test.each([
    "5.1,3.5,1.4,0.2",
    "-1,0,1",
    "1,2,3",
    "0,1,3",
    "0,2,1",
    "1e3,2E-5",
    "0.0,1.0",
    "00,01",
    "+0,+1",
    "3",
    '"5.1","3.5"',
    " 5.1 , 3.5",
    "5.1,NaN,2",
    "5.1,,2",
    "1,1,1",
    "5.1,null",
    "nan,-inf",
    "true,false",
    "2019,2020",
    "5.1,NA",
    "\\N,1,#N/A",
    "None,<NA>,?,n/a,5",
  ])("%s is no header, unless the option says so", async (line) => {
    const rest = line
      .split(",")
      .map(() => "7")
      .join(",");
    await expect(importText(`${line}\n${rest}\n`)).rejects.toThrow(
      /^line 1: '.*' holds values where the names of the columns are expected; say has_header=false/,
    );
  });

  test("has_header=false: the first line is a row, and columns are numbered", async () => {
    expect(await importText("5.1,3.5\n4.9,3\n", { has_header: false })).toEqual({
      names: ["column_0", "column_1"],
      rows: [[5.1, 3.5].map(Math.fround), [4.9, 3].map(Math.fround)],
      warnings: [],
    });
    expect(await importText("\n\n0\n\n1", { has_header: false })).toEqual({
      names: ["column_0"],
      rows: [[0], [0], [0], [0], [1]],
      warnings: ["column 'column_0': 3 cells are missing, which plain inputs read as 0; the first is in row 1"],
    });
    expect(await importText("\n,\n1,2\n,\n", { has_header: false })).toMatchObject({
      rows: [
        [0, 0],
        [1, 2],
      ],
    });
    const { warnings } = await importText("a,b\n1,2\n", { has_header: false });
    expect(warnings).toEqual([]);
    await expect(importText(",\n", { has_header: false })).rejects.toThrow("the file has no rows");
  });

  test("marks of missing values alone are names, and so are other words", async () => {
    for (const line of ["NA", "NA,None", "Na,5", "na,2", "k,1"]) {
      const { names } = await importText(`${line}\n${line.replaceAll(/[^,]+/g, "7")}\n`);
      expect(names).toEqual(line.split(","));
    }
  });

  test("has_header=true: numbers are names", async () => {
    expect(await importText("2019,2020\n1,2\n", { has_header: true })).toEqual({
      names: ["2019", "2020"],
      rows: [[1, 2]],
      warnings: [],
    });
  });
});
