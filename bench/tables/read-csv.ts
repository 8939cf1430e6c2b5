import type { Cells } from "../../src/encoders/cells.ts";
import { numberFromText } from "../../src/encoders/number-text.ts";

const MISSING = new Set(["", "na", "n/a", "nan", "null", "none", "-", "?"]);
const DATE = /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?)?$/;

/** Reads the columns of a CSV text with a header, separated by commas: numbers, ISO dates or categories. */
export function readCsv(text: string): Cells[] {
  const [head = [], ...rows] = records(text);
  return head.map((name, column) =>
    toCells(
      name,
      rows.map((row) => (row[column] ?? "").trim()),
    ),
  );
}

/** Rows of texts; quotes may hold commas, line ends and doubled quotes. */
function records(text: string): string[][] {
  const rows: string[][] = [[]];
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/g)) {
    rows.at(-1)!.push(quoted?.replaceAll('""', '"') ?? plain!);
    if (end !== ",") rows.push([]);
  }
  return rows.filter((row) => row.some((cell) => cell !== ""));
}

function toCells(name: string, texts: readonly string[]): Cells {
  const found = texts.filter((text) => !isMissing(text));
  const read = (value: (text: string) => number) =>
    Float32Array.from(texts, (text) => (isMissing(text) ? NaN : value(text)));
  if (found.every((text) => numberFromText(text) !== undefined))
    return { name, kind: "number", categories: [], origin: 0, values: read((text) => numberFromText(text)!) };
  if (found.every((text) => DATE.test(text))) {
    const seconds = (text: string) => Date.parse(text.length === 10 ? text : `${text.replace(" ", "T")}Z`) / 1000;
    const origin = seconds(found[0]!);
    return { name, kind: "time", categories: [], origin, values: read((text) => seconds(text) - origin) };
  }
  const categories = [...new Set(found)];
  const codes = new Map(categories.map((text, code) => [text, code]));
  return { name, kind: "category", categories, origin: 0, values: read((text) => codes.get(text)!) };
}

const isMissing = (text: string) => MISSING.has(text.toLowerCase());

/** The cells of some rows. */
export const pickCells = (cells: Cells, rows: Uint32Array): Cells => ({
  ...cells,
  values: Float32Array.from(rows, (row) => cells.values[row]!),
});
