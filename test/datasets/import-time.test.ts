import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { columnFromArray, float64, tableFromColumns, tableToIPC } from "@uwdata/flechette";
import { parquetWriteBuffer } from "hyparquet-writer";
import { describe, expect, test } from "vitest";
import { carryOut, type ImportJob } from "../../src/datasets/import/carry-out.ts";
import { CsvBytes } from "../../src/datasets/import/csv-bytes.ts";
import { CsvTable } from "../../src/datasets/import/csv-table.ts";
import type { ImportOptions, ImportOutcome } from "../../src/datasets/import/import-job.ts";
import { ImportWarnings } from "../../src/datasets/import/import-warnings.ts";
import { runInProcess } from "../../src/processes/run-in-process.ts";
import { expectLinear } from "../support/linear-time.ts";
import { idxImages, idxLabels, temporaryFolder } from "./support.ts";

/** At eight times this size, quadratic work takes minutes. */
const small = 250_000;

type Files = { input: Uint8Array | string; label?: Uint8Array };

/** Imports a file of one length and one of eight times the length, and compares the times. */
async function expectLinearImport(
  type: ImportJob["type"],
  ending: string,
  shape: (length: number) => Files,
  options: ImportOptions = {},
) {
  const folder = await temporaryFolder();
  const path = (length: number, name: string) => join(folder, `${name}-${length}`);
  for (const length of [small, 8 * small]) {
    const { input, label } = shape(length);
    await writeFile(path(length, "input"), input);
    if (label !== undefined) await writeFile(path(length, "label"), label);
  }
  await expectLinear(small, async (length) => {
    const files = { input: path(length, "input"), label: path(length, "label"), target: join(folder, "target") };
    const outcome = await carryOut({ type, name: "any", ...files, ...options });
    if (outcome.kind === "failed") throw new Error(outcome.error);
    expect(outcome.kind === "refused" ? outcome.reason : outcome.kind).toContain(ending);
  });
}

const rows = (row: string, length: number) => row.repeat(Math.ceil(length / row.length));

describe("the time of an import grows linearly with its file", { timeout: 120_000 }, () => {
  const tooLong = "the cell is longer than 32767 characters";
  /** Of the longest cells. */
  const longCells = (start: string, digit: string, end: string) => (length: number) =>
    `a\n${rows(`${start}${digit.repeat(32_000)}${end}\n`, length)}`;

  test.each<[string, string, (length: number) => string, ImportOptions?]>([
    ["one cell of digits and a letter", tooLong, (length) => `a\n${"9".repeat(length)}x\n`],
    ["long cells of digits", "too big for a 32-bit float", longCells("", "9", "")],
    ["long cells of digits and a letter", "done", longCells("", "9", "x")],
    ["long cells of decimals", "done", longCells("0.", "9", "")],
    ["long cells of zeros before a number", "done", longCells("", "0", "9007199254740993")],
    ["long cells of decimals of nothing", "done", longCells("9007199254740993.", "0", "")],
    ["long exponents", "too big for a 32-bit float", longCells("1e", "9", "")],
    ["long exponents of small numbers", "done", longCells("1e-", "9", "")],
    ["long cells of blanks", "done", longCells('"1', " ", '"')],
    ["long cells of text", "done", longCells("", "x", "")],
    ["quotes", tooLong, (length) => `a\n${'"'.repeat(length)}\n`],
    ["quoted cells", "done", (length) => `a\n${rows('"1"\n', length)}`],
    ["quotes in quotes", "done", (length) => `a\n${rows(`"${'""'.repeat(16_000)}"\n`, length)}`],
    ["a quote in a cell", "there is a quote in a cell", (length) => `a\n${rows('1"', length)}\n`],
    ["a quote that is not closed", tooLong, (length) => `a\n"${rows("1,2\n", length)}`],
    ["empty lines", "done", (length) => `a,b\n1,2\n${"\n".repeat(length)}`],
    ["empty lines of one column", "done", (length) => `a\n1\n${"\n".repeat(length)}`],
    ["empty lines before the header", "done", (length) => `${"\r\n".repeat(length / 2)}a\n1`],
    ["lines of blanks", "done", (length) => `a,b\n1,2\n${rows("   \n", length)}`],
    ["blanks before a cell", "done", (length) => `a\n${" ".repeat(length)}1\n`],
    ["blanks after a cell", tooLong, (length) => `a\n1${" ".repeat(length)}\n`],
    ["blanks after a quote", "done", (length) => `a\n"1"${" ".repeat(length)}\n`],
    ["blanks alone", "the file is empty", (length) => " ".repeat(length)],
    ["many names", "more than 65536 columns", (length) => Array.from({ length: length / 3 }, (_, i) => `c${i}`).join()],
    ["a name", tooLong, (length) => `${"x".repeat(length)}\n1\n`],
    ["long names", "is longer than 254", (length) => `${rows(`${"x".repeat(32_000)},`, length)}\n`],
    ["delimiters alone", "more than 65536 columns", (length) => ",".repeat(length)],
    ["a row of delimiters", "more than 65536 columns", (length) => `a,b\n1,2\n${",".repeat(length)}`],
    ["rows of delimiters at the end", "done", (length) => `a,b\n1,2\n${rows(",\n", length)}`],
    ["rows of delimiters in the middle", "done", (length) => `a,b\n1,2\n${rows(",\n", length)}3,4\n`],
    ["rows of delimiters between others", "done", (length) => `a,b\n${rows("1,2\n,\n", length)}`],
    ["CR alone", "done", (length) => `a\r${rows("1\r", length)}`],
    ["missing values", "done", (length) => `a,b\n${rows("null,1\n", length)}`],
    ["numbers that change", "done", (length) => `a\n${rows("16777217\n", length)}`],
    ["numbers", "done", (length) => `a,b\n${rows("-1.5,2e3\n", length)}`],
    ["numbers of many digits", "done", (length) => `a\n${rows("0.8414709848078965123456789\n", length)}`],
    ["rows of 60 000 numbers", "done", (length) => rows(`${"1,".repeat(59_999)}1\n`, length), { has_header: false }],
    ["rows beyond the memory for one", "done", (length) => `a,b\n${rows(`1,${" ".repeat(1_100_000)}2\n`, length)}`],
    ["rows with quotes between others", "done", (length) => `a\n${rows('1\n"2"\n', length)}`],
    ["quotes at the end of long rows", "done", (length) => `a,b\n${rows(`1,${" ".repeat(30_000)}"7"\n`, length)}`],
    ["categories", "done", (length) => `a,b\n${rows("x,y\nz,y\n", length)}`],
    [
      "different texts",
      "more are not possible",
      (length) => `a\n${Array.from({ length: length / 3 }, (_, i) => `t${i}`).join("\n")}\n`,
    ],
    ["a text after numbers", "done", (length) => `a,b\n${rows("1,2\n", length)}x,3\n`],
    ["times", "done", (length) => `a\n${rows("2012-01-01T06:30:00\n", length)}`],
    ["semicolons", "done", (length) => `a;b\n${rows("1,5;x\n", length)}`],
    ["cells of NUL", "holds the control character", longCells("", "\0", "")],
  ])("CSV: %s", (_, ending, shape, options) =>
    expectLinearImport("csv", ending, (length) => ({ input: shape(length) }), options),
  );

  test.each<[string, string]>([
    ["numbers", "1,2\n"],
    ["rows with quotes", '"1",2\n'],
    ["empty lines", "\n"],
    ["long rows", `1,${" ".repeat(100_000)}2\n`],
  ])("CSV in pieces of one byte: %s", (_, row) =>
    expectLinear(small / 5, (length) => {
      const table = new CsvTable(new ImportWarnings(), { hasHeader: true, isExact: false });
      const reader = new CsvBytes(table);
      reader.write(Buffer.from("a,b\n"));
      const bytes = Buffer.from(rows(row, length));
      for (let at = 0; at < bytes.length; at++) reader.write(bytes.subarray(at, at + 1));
      reader.end();
      expect(table.names).toEqual(["a", "b"]);
      return Promise.resolve();
    }),
  );

  test("IDX: small pictures", () =>
    expectLinearImport("mnist", "done", (count) => ({
      input: idxImages({ count, height: 1, breadth: 1, pixels: new Uint8Array(count) }),
      label: idxLabels(Array.from({ length: count }, () => 1)),
    })));

  const npy = (header: string, data: Uint8Array = new Uint8Array()) => {
    const start = Buffer.from("\x93NUMPY\x02\x00\0\0\0\0", "latin1");
    start.writeUInt32LE(header.length, 8);
    return Buffer.concat([start, Buffer.from(header), data]);
  };
  // A header may have 1 MiB.
  test.each<[string, (length: number) => string]>([
    ["digits of a type", (length) => `{'descr': '<f${"1".repeat(length / 2)}}`],
    ["digits of a type that ends", (length) => `{'descr': '<f${"1".repeat(length / 2)}', }`],
    ["a type without end", (length) => `{'descr': '<f4${"x".repeat(length / 2)}}`],
    ["types without end", (length) => `{${"'descr': '<f4".repeat(length / 26)}}`],
    ["blanks before a key", (length) => `{${" ".repeat(length / 2)}}`],
    ["blanks behind a key", (length) => `{'descr'${" ".repeat(length / 2)}}`],
    ["blanks behind a value", (length) => `{'descr': '<f4'${" ".repeat(length / 2)}x}`],
    ["blanks behind a comma", (length) => `{'descr': '<f4',${" ".repeat(length / 2)}x}`],
    ["keys with blanks", (length) => `{${`'shape'${" ".repeat(1000)}`.repeat(length / 2014)}}`],
    ["sizes", (length) => `{'fortran_order': False, 'shape': (${"1,".repeat(length / 4)}}`],
    ["blanks in the shape", (length) => `{'fortran_order': False, 'shape': (${" ".repeat(length / 2)}}`],
    ["many sizes", (length) => `{'descr': '<f4', 'fortran_order': False, 'shape': (${"1,".repeat(length / 4)}), }`],
  ])("NPY: %s", (_, shape) => expectLinearImport("npy", "the ", (length) => ({ input: npy(shape(length)) })));

  test("NPY: rows", () =>
    expectLinearImport("npy", "done", (length) => ({
      input: npy(
        `{'descr': '<i8', 'fortran_order': False, 'shape': (${length},), }`,
        new Uint8Array(BigInt64Array.from({ length }, () => 16_777_217n).buffer),
      ),
    })));

  const numbers = (length: number) => Array.from({ length }, (_, index) => index / 3);
  const wide = (length: number) =>
    Array.from({ length: length / 1000 }, (_, index) => ({ name: `c${index}_0`, data: [0.5] }));

  test.each<[string, (length: number) => ArrayBuffer]>([
    ["rows", (length) => parquetWriteBuffer({ columnData: [{ name: "a", data: numbers(length) }] })],
    [
      "row groups of one row",
      (length) => parquetWriteBuffer({ columnData: [{ name: "a", data: numbers(length / 1000) }], rowGroupSize: 1 }),
    ],
    ["columns", (length) => parquetWriteBuffer({ columnData: wide(length) })],
  ])("Parquet: %s", (_, shape) =>
    expectLinearImport("parquet", "done", (length) => ({ input: new Uint8Array(shape(length)) })),
  );

  test.each<[string, (length: number) => Parameters<typeof tableToIPC>[0]]>([
    ["rows", (length) => tableFromColumns({ a: columnFromArray(numbers(length), float64()) })],
    [
      "batches of one row",
      (length) => tableFromColumns({ a: columnFromArray(numbers(length / 1000), float64(), { maxBatchRows: 1 }) }),
    ],
    [
      "columns",
      (length) =>
        tableFromColumns(wide(length).map(({ name, data }) => [name, columnFromArray(data, float64())] as const)),
    ],
  ])("Arrow: %s", (_, shape) =>
    expectLinearImport("arrow", "done", (length) => ({
      input: tableToIPC(shape(length), { format: "stream" }) as Uint8Array,
    })),
  );
});

test.each<[string, (length: number) => string]>([
  ["delimiters alone", (length) => ",".repeat(length)],
  ["a row of delimiters", (length) => `a,b\n1,2\n${",".repeat(length)}`],
  ["rows of delimiters in the middle", (length) => `a,b\n1,2\n${rows(",\n", length)}3,4\n`],
  ["a quote that is not closed", (length) => `a\n"${rows("1,2\n", length)}`],
  ["empty lines", (length) => `a\n1\n${"\n".repeat(length)}`],
  ["blanks", (length) => " ".repeat(length)],
  ["a name", (length) => "x".repeat(length)],
  ["long cells in one row", (length) => rows(`${"x".repeat(32_000)},`, length)],
])("CSV: %s need no memory", { timeout: 60_000 }, async (_, shape) => {
  const folder = await temporaryFolder();
  const job = { type: "csv", name: "any", input: join(folder, "in"), target: join(folder, "out") };
  await writeFile(job.input, shape(30_000_000));
  const program = new URL("../../src/datasets/import/import-process.js", import.meta.url);
  const outcome = await runInProcess<ImportOutcome>(program, job, { heapMib: 48, seconds: 60 });
  expect(["done", "refused"]).toContain(outcome.kind);
});
