import { ByteWriter, ParquetWriter } from "hyparquet-writer";
import { GROUPS_KEY, groupsText } from "../groups-metadata.ts";
import { batches, columnNames, type ExportTable } from "./table.ts";

/** Values per row group, which is held in memory several times over. */
const VALUES_PER_ROW_GROUP = 2_097_152;
const ROWS_PER_ROW_GROUP = 262_144;

/** Writes one required column per column of the dataset, named as in CSV; bytes become unsigned 8-bit integers. */
export async function* writeParquet(table: ExportTable): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const names = columnNames(table.groups);
  const writer = new ByteWriter();
  const file = new ParquetWriter({
    writer,
    schema: [
      { name: "schema", num_children: names.length },
      ...names.map((name) => ({
        name,
        repetition_type: "REQUIRED" as const,
        ...(table.type === "uint8"
          ? { type: "INT32" as const, converted_type: "UINT_8" as const }
          : { type: "FLOAT" as const }),
      })),
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
      Array.from({ length: width }, (_, column) => pickColumn(parts[index] as Float32Array, column, width)),
    );
    const columnData = names.map((name, index) => ({ name, data: columns[index] as Float32Array, offsetIndex: false }));
    await file.write({ columnData, rowGroupSize: rowCount });
    yield drain();
  }
  await file.finish();
  yield drain();
}

function pickColumn(values: Uint8Array | Float32Array, column: number, width: number): Uint8Array | Float32Array {
  if (width === 1) return values;
  const rows = values.length / width;
  const picked = values instanceof Uint8Array ? new Uint8Array(rows) : new Float32Array(rows);
  for (let row = 0, at = column; row < rows; row++, at += width) picked[row] = values[at] as number;
  return picked;
}
