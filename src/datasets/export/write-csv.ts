import { batches, columnNames, rowsOf, type ExportTable } from "./table.ts";

const VALUES_PER_PIECE = 65_536;

/** CSV as in RFC 4180, but with plain newlines. Every number reads back as the same 32-bit float. */
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

const quote = (name: string) => (/[",\r\n]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name);

/** Nine digits always tell two 32-bit floats apart; mostly fewer do. */
export function floatText(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 2 ** 24) return Object.is(value, -0) ? "-0" : String(value);
  for (let digits = 7; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return String(short);
  }
  return String(Number(value.toPrecision(9)));
}
