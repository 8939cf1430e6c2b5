import type { EventOwner, NewEvent } from "../events/event.ts";

/** What has become of a checkpoint. */
export function checkpointEvent(
  what: "created" | "deleted",
  { uuid, name }: { uuid: string; name: string },
  owner: EventOwner,
): NewEvent {
  return { kind: `checkpoint.${what}`, data: { uuid, name }, owner };
}
