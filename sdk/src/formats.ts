// Made from src/datasets/formats.ts by scripts/generate-formats.mjs: change that, and run `npm run build`.

/** Kinds of files that become a dataset alone, and the further keys that the last step of their upload takes. */
export const uploadFormats = {
  csv: { file: "a CSV file", options: ["exact", "has_header"] },
  parquet: { file: "a Parquet file", options: ["exact"] },
  arrow: { file: "an Arrow IPC or Feather file", options: ["exact"] },
  npy: { file: "an NPY file", options: ["exact", "column_name"] },
} as const;
export type FileFormat = keyof typeof uploadFormats;

/** Kinds of files that a dataset can be downloaded as. */
export const downloadFormats = ["csv", "parquet", "arrow", "npy"] as const;
export type DownloadFormat = (typeof downloadFormats)[number];
