import { sortedJson } from "../server/sorted-json.ts";
import type { EventKind } from "./kinds.ts";

/** The owner of the resource that an event is about; `visibleTo` decides by it who hears of the event. */
export interface EventOwner {
  project_id: string;
  owner_id: string;
  /** `users.row_uuid` of the account; null: no account. */
  owner_uuid: string | null;
}

/** An event that a part of the server hands in. */
export interface NewEvent {
  kind: EventKind;
  /** What clients get, besides the time and the owner. */
  data: object;
  /** Null: everybody may hear of it. */
  owner: EventOwner | null;
  /** The cluster that it is about, and the task, for the filters of clients. */
  cluster?: string;
  task?: string;
}

/** What decides whether a client gets an event. */
export type EventFacts = Omit<NewEvent, "data">;

/** An event as it is kept: its text for all clients. */
export interface KeptEvent extends EventFacts {
  frame: Buffer;
}

/** The text of an event as a server-sent event, with sorted keys as in answers. JSON has no line breaks. */
export function frameOf(id: string, kind: string, data: object): Buffer {
  return Buffer.from(`id: ${id}\nevent: ${kind}\ndata: ${sortedJson(data)}\n\n`);
}
