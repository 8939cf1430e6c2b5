import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { TextDecoder } from "node:util";
import { describe, expect, test } from "vitest";
import { CsvBytes } from "../../src/datasets/import/csv-bytes.ts";
import { CsvReader } from "../../src/datasets/import/csv-reader.ts";
import type { ColumnGuess } from "../../src/datasets/import/csv-column.ts";
import { CsvTable, type TableOptions } from "../../src/datasets/import/csv-table.ts";
import { importCsv } from "../../src/datasets/import/import-csv.ts";
import { ImportWarnings } from "../../src/datasets/import/import-warnings.ts";
import { mutate } from "../fuzz/values.ts";
import { createRandom, type Random } from "../support/random.ts";
import { temporaryFolder } from "./support.ts";

type Options = Pick<TableOptions, "hasHeader" | "isExact" | "delimiter" | "decimal" | "drop">;

/** `values` are the bytes in hexadecimal, so that 0 and -0 differ. */
type Outcome = { names: string[] | undefined; values: string; warnings: string[]; lineEnds: object } | string;

const hexOf = (values: Float32Array) =>
  Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString("hex");

/** What `read` makes of a table, twice if the first time shows other kinds of columns, or the text of its error. */
function outcomeOf(options: Options, read: (table: CsvTable) => object, guesses?: ColumnGuess[]): Outcome {
  const warnings = new ImportWarnings();
  const table = new CsvTable(warnings, { ...options, guesses });
  try {
    const lineEnds = read(table);
    if (table.isSurvey) {
      expect(guesses).toBe(undefined);
      return outcomeOf(options, read, table.guesses);
    }
    const values = [...table.drain()].map(hexOf).join("");
    table.finish();
    return { names: table.names, values, warnings: warnings.sentences(), lineEnds };
  } catch (error) {
    return (error as Error).message;
  }
}

const readAsText = (bytes: Uint8Array, options: Options = {}) =>
  outcomeOf(options, (table) => {
    const reader = new CsvReader((row) => table.take(row), table.delimiter);
    reader.write(new TextDecoder().decode(bytes));
    reader.end();
    return reader.lineEnds;
  });

const readAsBytes = (pieces: Uint8Array[], options: Options = {}) =>
  outcomeOf(options, (table) => {
    const reader = new CsvBytes(table);
    // Each piece in the same memory, like those of a file.
    const memory = Buffer.alloc(Math.max(0, ...pieces.map(({ length }) => length)));
    for (const piece of pieces) {
      memory.set(piece);
      reader.write(memory.subarray(0, piece.length));
    }
    reader.end();
    return reader.lineEnds;
  });

/** The bytes in pieces; the first one holds a whole byte order mark. */
function cut(random: Random, bytes: Uint8Array): Uint8Array[] {
  const longest = random.pick([1, 3, 20, 200, 1_000_000]);
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = at + Math.max(at === 0 ? 3 : 1, random.int(1, longest));
    pieces.push(bytes.subarray(at, end));
    at = end;
  }
  return pieces;
}

const digits = (random: Random, count: number) => Array.from({ length: count }, () => random.int(0, 9)).join("");

/** A number with few or many digits, a sign, a point or an exponent. */
function numberText(random: Random): string {
  const sign = random.pick(["", "", "-", "+"]);
  const whole = digits(random, random.pick([0, 1, 1, 2, 3, 8, 15, 16, 17, 25]));
  const decimals = random.pick(["", "", ".", `.${digits(random, random.pick([1, 2, 6, 16, 25, 45]))}`]);
  const exponent = random.pick(["", "", "", `e${random.int(-50, 40)}`, `E+${random.int(0, 30)}`, "e", "e400", "E-400"]);
  return sign + whole + decimals + exponent;
}

/** Half of the last bit of a 32-bit float above 2^-20 has that many decimals at most. */
const EXACT_DECIMALS = 45;

/** Exactly between two 32-bit floats, or a little beside, with all its digits. */
function middleText(random: Random): string {
  const float = Math.fround((random.next() - 0.5) * 10 ** random.int(-6, 7));
  const bits = new Uint32Array(Float32Array.of(float).buffer);
  bits[0]!++;
  const middle = ((float + new Float32Array(bits.buffer)[0]!) / 2).toFixed(EXACT_DECIMALS);
  const end = random.pick([middle.length, middle.length - 1, 20, 18]);
  return middle.slice(0, end) + random.pick(["", "0", "1", "000000000000000000001"]);
}

const WORDS = [
  "",
  "null",
  "true",
  "FALSE",
  "x",
  "NaN",
  "é",
  " ",
  "\t",
  "\u00a0",
  "-",
  ".",
  "1 2",
  "5%",
  "Infinity",
  "\0",
];

function cellText(random: Random): string {
  const kind = random.int(0, 99);
  if (kind < 60) return String(random.int(-300, 300));
  if (kind < 75) return numberText(random);
  if (kind < 80) return middleText(random);
  if (kind < 84) return random.pick(["16777217", "9007199254740993", "1e-60", "1700000000123", "-0", "1e39"]);
  if (kind < 90) return random.pick(WORDS);
  if (kind < 95) return ` ${random.int(0, 99)}${random.pick(["", " ", "\u3000"])}`;
  return random.pick(['"7"', ' "7" ', '"7\n"', '"', '""', '"a""b"', '"1,2"', '1"']);
}

function csvText(random: Random): string {
  const columns = random.pick([1, 1, 2, 3, 8]);
  // Most files are of one kind of cells: with all kinds nearly all would be refused.
  const isTame = random.int(0, 2) > 0;
  const cell = isTame
    ? () => random.pick([String(random.int(0, 99)), middleText(random), "", "7.5", "true"])
    : cellText;
  const lineEnd = random.pick(["\n", "\n", "\r\n", "\r"]);
  const rows = Array.from({ length: random.int(0, 40) }, () => {
    if (random.int(0, 15) === 0)
      return random.pick(["", ",", ",".repeat(columns - 1), " ", '"', `"7"${",7".repeat(columns - 1)}`]);
    const count = random.int(0, 200) === 0 ? random.int(1, 9) : columns;
    return Array.from({ length: count }, () => cell(random)).join(",");
  });
  const header = Array.from({ length: columns }, (_, column) => `c${column}`).join(",");
  const ends = () => (random.int(0, 40) === 0 ? random.pick(["\n", "\r", "\r\n", "\n\n"]) : lineEnd);
  return [random.pick(["", "\uFEFF"]) + header, ...rows].map((row) => row + ends()).join("") + random.pick(["", "5"]);
}

describe("the bytes of a CSV file mean what its text means", () => {
  test("for any cells, line ends, cuts and mutations", { timeout: 120_000 }, () => {
    const random = createRandom(17);
    let done = 0;
    for (let count = 0; count < 6000; count++) {
      const text = Buffer.from(csvText(random));
      const bytes = random.int(0, 3) === 0 ? mutate(random, text) : text;
      // A file of UTF-16 has another text.
      if (bytes[0] === 0xff || bytes[0] === 0xfe) continue;
      const options = {
        hasHeader: random.pick([true, true, undefined, false]),
        isExact: random.int(0, 5) === 0,
        ...random.pick([{}, {}, { delimiter: ";" }, { decimal: "," as const }]),
        drop: random.int(0, 5) === 0 ? [`c${random.int(0, 1)}`] : [],
      };
      const expected = readAsText(bytes, options);
      if (typeof expected !== "string") done++;
      const found = readAsBytes(cut(random, bytes), options);
      expect(found, `case ${count}: ${JSON.stringify(Buffer.from(bytes).toString())}`).toEqual(expected);
    }
    expect(done).toBeGreaterThan(1000);
    expect(done).toBeLessThan(4500);
  });

  test("for numbers of any length, also between two floats", () => {
    const random = createRandom(18);
    const texts = Array.from({ length: 60_000 }, (_, index) => (index % 2 ? middleText(random) : numberText(random)));
    const numbers = texts.filter((text) => /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text));
    const small = numbers.filter((text) => Number.isFinite(Math.fround(Number(text))));
    expect(small.length).toBeGreaterThan(40_000);
    const outcome = readAsBytes([Buffer.from(`a\n${small.join("\n")}\n`)]);
    expect(outcome).toMatchObject({ values: hexOf(Float32Array.from(small, Number)) });
    expect(outcome).toEqual(readAsText(Buffer.from(`a\n${small.join("\n")}\n`)));
  });

  test.each<[string, string]>([
    ["rows longer than the memory for one", `a,b\n${`1,${" ".repeat(1_500_000)}2\n`.repeat(3)}3,4\n`],
    ["the largest number of columns", `${"0,1,".repeat(32_768).slice(0, -1)}\n`.repeat(3)],
    ["CR alone", `a,b\r${"1,2\r".repeat(400_000)}`],
    ["a quoted cell of many lines", `a,b\n1,2\n"${"\n".repeat(30_000)}3",4\n${"5,6\n".repeat(50_000)}`],
    ["long cells", `a\n${`${"0".repeat(32_766)}1\n`.repeat(20)}`],
    ["a cell that is one digit too long", `a\n1\n${"0".repeat(32_767)}1\n`],
    ["quotes in every second row", `a,b\n${'1,2\n"3",4\n'.repeat(50_000)}`],
    ["quotes in the last row", `a,b\n${"1,2\n".repeat(300_000)}"3",x\n`],
    ["more texts than there is room for", `a,b,c\n${",1,true\n".repeat(50_000)}`],
    [
      "a line end that is cut",
      `a\n${"7".repeat(262_141)}\r\n8\r\n`.replaceAll("7".repeat(30_000), `${"0".repeat(29_999)}\n`),
    ],
  ])("for %s", (_, text) => {
    const bytes = Buffer.from(text);
    const options = { hasHeader: text.startsWith("a") };
    const pieces: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; at += 262_144) pieces.push(bytes.subarray(at, at + 262_144));
    const expected = readAsText(bytes, options);
    expect(readAsBytes(pieces, options)).toEqual(expected);
    expect(readAsBytes([bytes], options)).toEqual(expected);
  });

  test("a file of UTF-16, which is read as text, becomes the same dataset", async () => {
    const random = createRandom(19);
    const folder = await temporaryFolder();
    const cell = () => random.pick([String(random.int(-999, 999)), middleText(random), "", "null", '"5"', "16777217"]);
    const rows = Array.from({ length: 40_000 }, () => `${cell()},${cell()},${random.int(0, 255)}`);
    const text = `\uFEFFa,b,c\n${rows.join("\n")}\n`;
    const files = await Promise.all(
      (["utf8", "utf16le"] as const).map(async (encoding) => {
        const job = {
          type: "csv",
          name: "any",
          encoding: ({ utf8: "utf-8", utf16le: "utf-16le" } as const)[encoding],
          input: join(folder, encoding),
          target: join(folder, `${encoding}-out`),
        };
        await writeFile(job.input, text, encoding);
        const warnings = await importCsv(job);
        return { warnings, bytes: await readFile(job.target) };
      }),
    );
    expect(files[0]!.warnings.length).toBeGreaterThan(1);
    expect(files[0]!.warnings).toEqual(files[1]!.warnings);
    expect(files[0]!.bytes.equals(files[1]!.bytes)).toBe(true);
  });
});
