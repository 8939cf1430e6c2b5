import {
  batchType,
  bool,
  Column,
  columnFromArray,
  fixedSizeList,
  float32,
  tableFromColumns,
  tableToIPC,
  timestamp,
  TimeUnit,
  uint8,
  utf8,
  type Batch,
  type DataType,
} from "@uwdata/flechette";
import { arrowFooter, readMessages, type ArrowBlock } from "../arrow-messages.ts";
import type { ColumnFacts } from "../file/columns.ts";
import { GROUPS_KEY, groupsText } from "../groups-metadata.ts";
import { areTruths, batches, rowsOf, type ExportTable } from "./table.ts";

const VALUES_PER_BATCH = 1_048_576;
const MAGIC = "ARROW1";

/**
 * Writes an uncompressed Arrow IPC file (Feather version 2). A group of several columns becomes one column of
 * fixed-size lists, which has the same bytes as in memory.
 */
export async function* writeArrow(table: ExportTable): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const schema = readMessages(encodeBatch(table, 0, emptyParts(table)))[0] as Uint8Array;
  let position = 8;
  yield Uint8Array.from(Buffer.from(`${MAGIC}\0\0`, "latin1"));
  position += schema.length;
  yield schema.slice();
  const blocks: ArrowBlock[] = [];
  for await (const { rowCount, parts } of batches(table, rowsOf(table, VALUES_PER_BATCH))) {
    const message = readMessages(encodeBatch(table, rowCount, parts))[1] as Uint8Array;
    const metadataBytes = 8 + new DataView(message.buffer, message.byteOffset).getInt32(4, true);
    blocks.push({ position, metadataBytes, bodyBytes: message.length - metadataBytes });
    position += message.length;
    yield message.slice();
  }
  const endOfStream = Buffer.from([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]);
  const footer = arrowFooter(schema, blocks);
  const footerBytes = Buffer.alloc(4);
  footerBytes.writeInt32LE(footer.length);
  yield new Uint8Array(Buffer.concat([endOfStream, footer, footerBytes, Buffer.from(MAGIC, "latin1")]));
}

const emptyParts = ({ type, groups }: ExportTable) =>
  groups.map(() => (type === "uint8" ? new Uint8Array(0) : new Float32Array(0)));

/** A stream with the schema and one record batch. */
function encodeBatch(
  { type, groups, columns: known }: ExportTable,
  rowCount: number,
  parts: readonly (Uint8Array | Float32Array)[],
): Uint8Array {
  const item = type === "uint8" ? uint8() : float32();
  const columns = groups.map(({ name, width }, index): [string, Column<unknown>] => {
    const facts = known[index];
    const isPlain = facts === undefined || (facts.kind === "number" && facts.missing === 0);
    if (!isPlain) return [name, columnOf(parts[index] as Float32Array, facts)];
    // Like the others, it has no batch without rows.
    if (rowCount === 0) return [name, columnFromArray([], width === 1 ? item : fixedSizeList(item, width))];
    const values = plainBatch(item, { length: rowCount * width, values: parts[index] as Float32Array });
    if (width === 1) return [name, new Column([values])];
    const list = fixedSizeList(item, width);
    return [name, new Column([plainBatch(list, { length: rowCount, children: [values] })])];
  });
  const table = tableFromColumns(columns);
  const { schema } = table as { schema: { metadata: Map<string, string> | null } };
  schema.metadata = new Map([[GROUPS_KEY, groupsText(groups)]]);
  return tableToIPC(table, { format: "stream" }) as Uint8Array;
}

/** Truth values, texts, timestamps in microseconds, or numbers; null where a cell is missing. */
function columnOf(values: Uint8Array | Float32Array, facts: ColumnFacts): Column<unknown> {
  const { kind, categories, origin } = facts;
  const cells = <Cell>(cellOf: (value: number) => Cell) =>
    Array.from(values, (value) => (Number.isNaN(value) ? null : cellOf(value)));
  if (kind === "number") return columnFromArray(cells(Number), float32());
  if (kind === "time")
    return columnFromArray(
      cells((value) => (origin + value) * 1000),
      timestamp(TimeUnit.MICROSECOND),
    );
  if (areTruths(facts))
    return columnFromArray(
      cells((value) => value === 1),
      bool(),
    );
  return columnFromArray(
    cells((value) => categories[value]),
    utf8(),
  );
}

/** Wraps existing arrays in a batch without nulls. */
function plainBatch(
  type: DataType,
  data: { length: number; values?: Uint8Array | Float32Array; children?: Batch<unknown>[] },
): Batch<unknown> {
  const BatchOfType = batchType(type, {}) as unknown as new (options: object) => Batch<unknown>;
  return new BatchOfType({ type, nullCount: 0, validity: new Uint8Array(0), ...data });
}
