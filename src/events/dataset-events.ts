import type { DatasetRow } from "../db/rows.ts";
import type { NewEvent } from "./event.ts";

type Described = Pick<DatasetRow, "uuid" | "name" | "type" | "state" | "project_id" | "owner_id" | "owner_uuid">;

/** What has become of a dataset. */
export function datasetEvent(what: "created" | "ready" | "deleted", row: Described): NewEvent {
  const { uuid, name, type, state } = row;
  return { kind: `dataset.${what}`, data: { uuid, name, type, state }, owner: row };
}
