import { shortFloat } from "../short-float.ts";
import { batches, columnNames, rowsOf, type ExportTable } from "./table.ts";

const VALUES_PER_PIECE = 65_536;

/** Writes CSV as in RFC 4180, but with plain newlines. Every number reads back as the same 32-bit float. */
export async function* writeCsv(table: ExportTable): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const encoder = new TextEncoder();
  const encode = (text: string) => encoder.encode(text) as Uint8Array<ArrayBuffer>;
  yield encode(`${columnNames(table.groups).map(quote).join(",")}\n`);
  const text = table.type === "uint8" ? String : floatText;
  const cells = Array.from({ length: table.columnCount }, () => "");
  for await (const { rowCount, parts } of batches(table, rowsOf(table, VALUES_PER_PIECE))) {
    const lines = Array.from({ length: rowCount }, () => "");
    for (let row = 0; row < rowCount; row++) {
      let cell = 0;
      for (const [index, { width }] of table.groups.entries()) {
        const part = parts[index] as Uint8Array | Float32Array;
        for (let at = row * width; at < (row + 1) * width; at++) cells[cell++] = text(part[at] as number);
      }
      lines[row] = cells.join(",");
    }
    yield encode(`${lines.join("\n")}\n`);
  }
}

/** Without quotes, readers drop blanks around a name and a leading character that looks like a byte order mark. */
const quote = (name: string) =>
  /[",\r\n]/.test(name) || name !== name.trim() ? `"${name.replaceAll('"', '""')}"` : name;

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
