/** The kinds of events, each with its group in front of the dot. Docs: api-extensions.md. */
export const EVENT_KINDS = [
  "task.queued",
  "task.active",
  "task.progress",
  "task.metrics",
  "task.ended",
  "task.deleted",
  "cluster.created",
  "cluster.moved",
  "cluster.saved",
  "cluster.mode",
  "cluster.score",
  "cluster.deleted",
  "dataset.created",
  "dataset.ready",
  "dataset.deleted",
  "checkpoint.created",
  "checkpoint.deleted",
  "upload.progress",
  "host.load",
  "host.joined",
  "host.lost",
] as const;

export type EventKind = (typeof EVENT_KINDS)[number];

/** Tells a client that it missed events. No filter leaves it out. */
export const RESET_KIND = "stream.reset";

/** The kinds that a name stands for: one kind, or a group such as `task`. Empty for an unknown name. */
export const kindsNamed = (name: string): EventKind[] =>
  EVENT_KINDS.filter((kind) => kind === name || kind.startsWith(`${name}.`));
