import type { ColumnFacts } from "../file/columns.ts";
import { areDays, timeText } from "../iso-time.ts";
import { shortFloat } from "../short-float.ts";
import { batches, columnNames, rowsOf, type ExportTable } from "./table.ts";

const VALUES_PER_PIECE = 65_536;

/** Stands for a row without any value, which readers of CSV leave out or take for the end. */
const NO_VALUE = "NA";

/**
 * Writes CSV as in RFC 4180, but with plain newlines. Every number reads back as the same 32-bit float; a category is
 * its text, a time a date or a date and time of ISO 8601, and a missing cell is empty. The import knows the columns of
 * a group by their names in quotes.
 */
export async function* writeCsv(table: ExportTable): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const encoder = new TextEncoder();
  const encode = (text: string) => encoder.encode(text) as Uint8Array<ArrayBuffer>;
  const names = table.groups.flatMap((group) =>
    group.width === 1 ? columnNames([group]).map(csvText) : columnNames([group]).map(inQuotes),
  );
  yield encode(`${names.join(",")}\n`);
  const texts = table.columns.map((facts) => cellText(table.type, facts));
  const cells = Array.from<string>({ length: table.columnCount }).fill("");
  for await (const { rowCount, parts } of batches(table, rowsOf(table, VALUES_PER_PIECE))) {
    const lines = Array.from({ length: rowCount }, () => "");
    for (let row = 0; row < rowCount; row++) {
      let cell = 0;
      for (const [index, { width }] of table.groups.entries()) {
        const part = parts[index] as Uint8Array | Float32Array;
        const text = texts[index] as (value: number) => string;
        for (let at = row * width; at < (row + 1) * width; at++) cells[cell++] = text(part[at] as number);
      }
      if (cells.every((each): boolean => each === "")) cells[0] = NO_VALUE;
      lines[row] = cells.join(",");
    }
    yield encode(`${lines.join("\n")}\n`);
  }
}

/** The text of a cell of this column. */
function cellText(type: ExportTable["type"], facts: ColumnFacts | undefined): (value: number) => string {
  if (facts === undefined) return type === "uint8" ? String : floatText;
  const { kind, categories, origin } = facts;
  const isMissing = Number.isNaN;
  if (kind === "number") return (value) => (isMissing(value) ? "" : floatText(value));
  if (kind === "category") {
    const texts = categories.map(csvText);
    return (value) => (isMissing(value) ? "" : (texts[value] as string));
  }
  const areOnlyDays = areDays(facts);
  return (value) => (isMissing(value) ? "" : timeText(origin + value, areOnlyDays));
}

const inQuotes = (text: string) => `"${text.replaceAll('"', '""')}"`;

/** Without quotes, readers drop blanks around a text and a leading character that looks like a byte order mark. */
export const csvText = (text: string) => (/[",\r\n]/.test(text) || text !== text.trim() ? inQuotes(text) : text);

/** Beyond 2^53; there an import no longer counts a number with an exponent as whole. */
const DIGITS_END = 1e16;

/**
 * The shortest text that becomes this 32-bit float. A whole number is written with all its digits or with an exponent,
 * because rounded digits would spell another whole number.
 */
export function floatText(value: number): string {
  if (Object.is(value, -0)) return "-0";
  const isWhole = Number.isInteger(value);
  if (isWhole && Math.abs(value) < DIGITS_END) return String(value);
  const short = shortFloat(value);
  return isWhole ? short.toExponential() : String(short);
}
