import { z } from "zod";
import type { AnnouncedDataset } from "../../datasets/announce-dataset.ts";
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

export const datasetOutput = z.object({
  ...datasetFields,
  type: z.enum(DATASET_TYPES),
  /** Column groups by name; the end is exclusive. */
  description: z.record(z.string(), z.object({ column_start: z.int(), column_end: z.int() })),
  number_of_columns: z.int(),
  number_of_rows: z.int(),
  version: z.string(),
  warnings: warningsOutput,
  /** The same facts under the names of the seed document. */
  lines: z.int(),
  inputs: z.int(),
  outputs: z.int(),
  location: z.string(),
});

export function toDataset({ row, rowCount, columnCount, groups }: DatasetInfo): z.input<typeof datasetOutput> {
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
    lines: rowCount,
    inputs: columnCount - outputs,
    outputs,
    // Identifies the dataset; it is not the path of its file.
    location: `datasets/${row.uuid}`,
  };
}
