import type { DecodedArray, SchemaElement } from "hyparquet";
import { ByteWriter, ParquetWriter } from "hyparquet-writer";
import type { ColumnFacts } from "../file/columns.ts";
import { GROUPS_KEY, groupsText } from "../groups-metadata.ts";
import { areTruths, batches, columnNames, type ExportTable } from "./table.ts";

/** Values per row group, which is held in memory several times over. */
const VALUES_PER_ROW_GROUP = 2_097_152;
const ROWS_PER_ROW_GROUP = 262_144;

/**
 * Writes one column per column of the dataset, named as in CSV, and optional where cells are missing. Bytes become
 * unsigned 8-bit integers, truth values booleans, other categories strings, times timestamps in microseconds.
 */
export async function* writeParquet(table: ExportTable): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const names = columnNames(table.groups);
  const writer = new ByteWriter();
  const file = new ParquetWriter({
    writer,
    schema: [
      { name: "schema", num_children: names.length },
      ...table.groups.flatMap((group, index) =>
        columnNames([group]).map((name) => ({ name, ...elementOf(table.type, table.columns[index]) })),
      ),
    ],
    statistics: false,
    kvMetadata: [{ key: GROUPS_KEY, value: groupsText(table.groups) }],
    createdBy: "hanami-webgpu",
  });
  // The writer only appends, so its buffer can be emptied.
  const drain = () => {
    const bytes = new Uint8Array(writer.buffer.slice(0, writer.index));
    writer.index = 0;
    return bytes;
  };
  const rows = Math.min(ROWS_PER_ROW_GROUP, Math.max(1, Math.floor(VALUES_PER_ROW_GROUP / table.columnCount)));
  for await (const { rowCount, parts } of batches(table, rows)) {
    const columns = table.groups.flatMap(({ width }, index) =>
      Array.from({ length: width }, (_, column) =>
        cellsOf(pickColumn(parts[index] as Float32Array, column, width), table.columns[index]),
      ),
    );
    const columnData = names.map((name, index) => ({ name, data: columns[index]!, offsetIndex: false }));
    await file.write({ columnData, rowGroupSize: rowCount });
    yield drain();
  }
  await file.finish();
  yield drain();
}

const NUMBERS = {
  uint8: { type: "INT32", converted_type: "UINT_8" },
  float32: { type: "FLOAT" },
} as const;

/** The type of a column in the file. */
function elementOf(type: ExportTable["type"], facts: ColumnFacts | undefined): Omit<SchemaElement, "name"> {
  const repetition_type = (facts?.missing ?? 0) > 0 ? "OPTIONAL" : "REQUIRED";
  if (areTruths(facts)) return { repetition_type, type: "BOOLEAN" };
  if (facts?.kind === "category") return { repetition_type, type: "BYTE_ARRAY", converted_type: "UTF8" };
  if (facts?.kind === "time") return { repetition_type, type: "INT64", converted_type: "TIMESTAMP_MICROS" };
  return { repetition_type, ...NUMBERS[type] };
}

/** The cells of a column as the writer takes them. */
function cellsOf(values: Uint8Array | Float32Array, facts: ColumnFacts | undefined): DecodedArray {
  if (facts === undefined || (facts.kind === "number" && facts.missing === 0)) return values;
  const { kind, categories, origin } = facts;
  const isTruth = areTruths(facts);
  const cellOf = (value: number) => {
    if (kind === "number") return value;
    if (kind === "time") return BigInt(Math.round((origin + value) * 1e6));
    return isTruth ? value === 1 : categories[value];
  };
  return Array.from(values, (value) => (Number.isNaN(value) ? null : cellOf(value)));
}

function pickColumn(values: Uint8Array | Float32Array, column: number, width: number): Uint8Array | Float32Array {
  if (width === 1) return values;
  const rows = values.length / width;
  const picked = values instanceof Uint8Array ? new Uint8Array(rows) : new Float32Array(rows);
  for (let row = 0, at = column; row < rows; row++, at += width) picked[row] = values[at] as number;
  return picked;
}
