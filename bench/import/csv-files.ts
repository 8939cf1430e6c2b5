/** CSV files of several kinds, each from the same seed. */
import { closeSync, openSync, writeSync } from "node:fs";

export interface CsvKind {
  name: string;
  columns: number;
  /** Text of a cell. */
  cell: (random: () => number, column: number) => string;
}

const whole = (random: () => number, end: number) => Math.floor(random() * end);

export const CSV_KINDS: CsvKind[] = [
  {
    name: "bytes, 785 columns",
    columns: 785,
    // Like pictures of digits: four of five pixels are 0.
    cell: (random) => (random() < 0.8 ? "0" : String(whole(random, 256))),
  },
  { name: "whole numbers, 1 column", columns: 1, cell: (random) => String(whole(random, 100_000)) },
  { name: "whole numbers, 20 000 columns", columns: 20_000, cell: (random) => String(whole(random, 1000)) },
  { name: "6 decimals, 10 columns", columns: 10, cell: (random) => (random() * 2 - 1).toFixed(6) },
  { name: "all digits of a double, 10 columns", columns: 10, cell: (random) => String(random() * 200 - 100) },
  { name: "exponents, 10 columns", columns: 10, cell: (random) => (random() * 1e-3 - 5e-4).toExponential(8) },
  { name: "18 decimals and exponents", columns: 10, cell: (random) => (random() * 100).toExponential(18) },
  { name: "milliseconds since 1970, 4 columns", columns: 4, cell: (random) => String(1.7e12 + whole(random, 1e10)) },
  {
    name: "numbers, words, empty cells",
    columns: 8,
    cell: (random, column) => {
      if (column < 5) return (random() * 100).toFixed(3);
      return column === 5 ? ["true", "false"][whole(random, 2)]! : ["", "null", "7"][whole(random, 3)]!;
    },
  },
  { name: "blanks around numbers", columns: 6, cell: (random) => ` ${(random() * 100).toFixed(3)}` },
  {
    name: "quotes in every row",
    columns: 6,
    cell: (random, column) => (column < 2 ? `"${whole(random, 1000)}"` : (random() * 100).toFixed(3)),
  },
  { name: "quotes around every cell", columns: 6, cell: (random) => `"${(random() * 100).toFixed(3)}"` },
  {
    name: "a quote in a row of a hundred",
    columns: 6,
    cell: (random) => (random() < 1 / 600 ? '"1"' : (random() * 100).toFixed(3)),
  },
];

/** Writes at least `bytes` bytes of whole rows below a header. Returns the size of the file. */
export function writeCsv(path: string, { columns, cell }: CsvKind, bytes: number): number {
  let state = 1;
  const random = () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
  const file = openSync(path, "w");
  let written = writeSync(file, `${Array.from({ length: columns }, (_, column) => `c${column}`).join(",")}\n`);
  while (written < bytes) {
    let text = "";
    while (text.length < 1_000_000) {
      text += `${Array.from({ length: columns }, (_, column) => cell(random, column)).join(",")}\n`;
    }
    written += writeSync(file, text);
  }
  closeSync(file);
  return written;
}
