import type { ColumnFacts } from "../file/columns.ts";
import { batches, rowsOf, type ExportTable } from "./table.ts";

const VALUES_PER_PIECE = 262_144;
const ALIGNMENT = 64;

/** The array's header in version 1.0 of the format, padded so that the data is aligned. */
export function npyHeader({ type, rowCount, columnCount }: Pick<ExportTable, "type" | "rowCount" | "columnCount">) {
  const descr = type === "uint8" ? "|u1" : "<f4";
  const dictionary = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${rowCount}, ${columnCount}), }`;
  const bytes = Math.ceil((10 + dictionary.length + 1) / ALIGNMENT) * ALIGNMENT;
  const header = Buffer.from(new ArrayBuffer(bytes));
  header.write("\x93NUMPY\x01\x00", "latin1");
  header.writeUInt16LE(bytes - 10, 8);
  header.write(`${dictionary.padEnd(bytes - 11)}\n`, 10, "latin1");
  return header;
}

/** Size of the whole file in bytes. */
export function npyBytes(table: Pick<ExportTable, "type" | "rowCount" | "columnCount">): number {
  return npyHeader(table).length + table.rowCount * table.columnCount * (table.type === "uint8" ? 1 : 4);
}

/** Writes one array `[rows × columns]` in C order: the groups' columns side by side. */
export async function* writeNpy(table: ExportTable): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  yield new Uint8Array(npyHeader(table));
  for await (const { rowCount, parts } of batches(table, rowsOf(table, VALUES_PER_PIECE))) {
    const { columnCount } = table;
    const count = rowCount * columnCount;
    const rows = table.type === "uint8" ? new Uint8Array(count) : new Float32Array(count);
    let column = 0;
    for (const [index, { width }] of table.groups.entries()) {
      const part = parts[index] as Uint8Array | Float32Array;
      const facts = table.columns[index];
      if (facts !== undefined) setPlain(part, facts);
      for (let row = 0; row < rowCount; row++) {
        rows.set(part.subarray(row * width, (row + 1) * width), row * columnCount + column);
      }
      column += width;
    }
    yield new Uint8Array(rows.buffer);
  }
}

/** Missing cells become 0, times seconds from 1970 on. */
function setPlain(values: Uint8Array | Float32Array, { origin }: ColumnFacts): void {
  for (let at = 0; at < values.length; at++) {
    values[at] = Number.isNaN(values[at]) ? 0 : origin + (values[at] as number);
  }
}
