import { z } from "zod";
import type { AnnouncedDataset } from "../../datasets/announce-dataset.ts";
import { STATISTICS_COLUMNS_MAX } from "../../datasets/column-statistics.ts";
import type { ColumnFacts } from "../../datasets/file/columns.ts";
import type { ColumnGroup } from "../../datasets/file/layout.ts";
import { DATASET_TYPES, type DatasetType, type FileRole } from "../../datasets/formats.ts";
import type { DatasetRow } from "../../db/rows.ts";
import type { DatasetInfo } from "../../datasets/get-dataset.ts";
import { timestampOutput } from "../fields.ts";
import { formatTimestamp } from "../../server/timestamp.ts";

const datasetFields = {
  created_at: timestampOutput,
  name: z.string(),
  owner_id: z.string(),
  project_id: z.string(),
  uuid: z.string(),
  visibility: z.string(),
};

function toFields(row: DatasetRow) {
  const { created_at, name, owner_id, project_id, uuid, visibility } = row;
  return { created_at: formatTimestamp(created_at), name, owner_id, project_id, uuid, visibility };
}

/** Key for the uuid of an upload's file. */
export const fileKey = (role: FileRole) => `uuid_${role}_file` as const;

export const uploadOutput = (roles: readonly FileRole[]) =>
  z.object({ ...datasetFields, ...Object.fromEntries(roles.map((role) => [fileKey(role), z.string()])) });

export function toUpload({ dataset, tempfiles }: AnnouncedDataset, roles: readonly FileRole[]) {
  const uuids = roles.map((role, index) => [fileKey(role), tempfiles[index] as string] as const);
  return { ...toFields(dataset), ...Object.fromEntries(uuids) };
}

/** Short sentences about what the import guessed, left out or changed. */
const warningsOutput = z.array(z.string());

/** Answer of the last step of an upload. */
export const finalizeOutput = z.object({ uuid: z.string(), warnings: warningsOutput });

const numberOrNull = z.number().nullable();

/** What is known about the cells of a column group. */
const columnOutput = z.object({
  name: z.string(),
  width: z.int(),
  kind: z.enum(["number", "category", "time"]),
  /** Null in datasets that do not know it. */
  missing: z.int().nullable(),
  distinct: z.int().nullable(),
  /** Of numbers, and of times in seconds from 1970 on. */
  min: numberOrNull,
  max: numberOrNull,
  mean: numberOrNull,
  deviation: numberOrNull,
  quantiles: z.array(z.number()),
  /** Of categories, most frequent first. */
  commonest: z.array(z.object({ text: z.string(), count: z.int() })),
});

function toColumn({ name, column_start, column_end }: ColumnGroup, facts: ColumnFacts | undefined) {
  const width = column_end - column_start;
  const { kind, missing, distinct, min, max, mean, deviation, quantiles, commonest } = facts ?? UNKNOWN;
  const numbers = { missing, distinct, min, max, mean, deviation };
  return { name, width, kind, ...numbers, quantiles: [...quantiles], commonest: [...commonest] };
}

const UNKNOWN = {
  kind: "number" as const,
  missing: null,
  distinct: null,
  min: null,
  max: null,
  mean: null,
  deviation: null,
  quantiles: [],
  commonest: [],
};

export const datasetOutput = z.object({
  ...datasetFields,
  type: z.enum(DATASET_TYPES),
  /** Column groups by name; the end is exclusive. */
  description: z.record(z.string(), z.object({ column_start: z.int(), column_end: z.int() })),
  number_of_columns: z.int(),
  number_of_rows: z.int(),
  version: z.string(),
  warnings: warningsOutput,
  /** The first column groups. */
  columns: z.array(columnOutput),
  /** The same facts under the names of the seed document. */
  lines: z.int(),
  inputs: z.int(),
  outputs: z.int(),
  location: z.string(),
});

export function toDataset({ row, rowCount, columnCount, groups, columns }: DatasetInfo): z.input<typeof datasetOutput> {
  const labels = row.type === "mnist" ? groups.find(({ name }) => name === "label") : undefined;
  const outputs = labels === undefined ? 0 : labels.column_end - labels.column_start;
  return {
    ...toFields(row),
    type: row.type as DatasetType,
    description: Object.fromEntries(
      groups.map(({ name, column_start, column_end }) => [name, { column_start, column_end }]),
    ),
    number_of_columns: columnCount,
    number_of_rows: rowCount,
    version: "v1.0alpha",
    warnings: row.warnings,
    columns: groups.slice(0, STATISTICS_COLUMNS_MAX).map((group, index) => toColumn(group, columns[index])),
    lines: rowCount,
    inputs: columnCount - outputs,
    outputs,
    // Identifies the dataset; it is not the path of its file.
    location: `datasets/${row.uuid}`,
  };
}
