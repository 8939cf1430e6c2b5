import type { TaskColumn, TaskResult } from "hanami-sdk";
import { CliError } from "../errors.ts";

/** Collects an option that may be given several times, or with several values between commas. */
export function collect(value: string, before: string[] = []): string[] {
  return [...before, ...value.split(",")];
}

function split(text: string, count: number): string[] {
  const parts = text.split(":");
  if (parts.length < count) throw new CliError("Required separators ':' are missing");
  if (parts.length > count || parts.some((part) => part === "")) {
    throw new CliError("Invalid format before or after ':'");
  }
  return parts;
}

/** `DATASET:COLUMN:HEXAGON`: which column group of a dataset belongs to which input or output of the cluster. */
export function parseColumn(text: string): TaskColumn {
  const [dataset_uuid, dataset_column, hexagon_name] = split(text, 3) as [string, string, string];
  return { dataset_uuid, dataset_column, hexagon_name };
}

/** `HEXAGON:COLUMN`: which output of the cluster fills which column group of the new dataset. */
export function parseResult(text: string): TaskResult {
  const [hexagon_name, dataset_column] = split(text, 2) as [string, string];
  return { dataset_column, hexagon_name };
}
