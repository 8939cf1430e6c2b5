import type { ServerEvent } from "./listen.ts";

/**
 * `look`: something was missed, or the task is gone: ask the server. `lost`: there are no more events. `state` has the
 * task as with `GET /task`, `progress` some of its fields.
 */
export type TaskNews =
  | { kind: "look" }
  | { kind: "lost" }
  | { kind: "state" | "progress"; fields: Record<string, unknown> }
  | { kind: "point"; point: Record<string, unknown> };

/** News that wait for a client that is busy; if there are more, it looks for itself. */
const NEWS_MAX = 1000;

const KINDS: Record<string, "state" | "progress" | undefined> = {
  "task.queued": "state",
  "task.active": "state",
  "task.ended": "state",
  "task.progress": "progress",
};

/** The news of one task, in order, until they are read. */
export class TaskSubscription {
  readonly cluster: string;
  readonly #uuid: string;
  readonly #onClose: () => void;
  #news: TaskNews[] = [];
  #wake: (() => void) | undefined;

  constructor({ uuid, cluster_uuid }: { uuid: string; cluster_uuid: string }, onClose: () => void) {
    this.#uuid = uuid.toLowerCase();
    this.cluster = cluster_uuid.toLowerCase();
    this.#onClose = onClose;
  }

  /** Takes an event, if it is about this task. */
  take(kind: string, data: ServerEvent["data"]): void {
    if (kind === "stream.reset") this.#look();
    else if (kind === "cluster.deleted" && data["uuid"] === this.cluster) this.#look();
    else if (data["uuid"] === this.#uuid) this.#takeOwn(kind, data);
  }

  #takeOwn(kind: string, data: ServerEvent["data"]): void {
    if (kind === "task.deleted") return this.#look();
    if (kind === "task.metrics") return this.#add({ kind: "point", point: data["point"] as Record<string, unknown> });
    const known = KINDS[kind];
    if (known === undefined) return;
    // What the answer of `GET /task` does not have.
    const { timestamp_ms: _time, project_id: _project, owner_id: _owner, ...fields } = data;
    this.#add({ kind: known, fields });
  }

  /** There will be no more events. */
  lose(): void {
    this.#news = [{ kind: "lost" }];
    this.#wake?.();
  }

  /** The client has just asked for the task: what was told before is older, but for points and the end. */
  forgetOlder(): void {
    this.#news = this.#news.filter(
      ({ kind, ...news }) =>
        kind !== "progress" && !("fields" in news && ["queued", "active"].includes(String(news.fields["state"]))),
    );
  }

  /** The next news. Rejects with the signal's reason. */
  async next(signal?: AbortSignal): Promise<TaskNews> {
    for (;;) {
      signal?.throwIfAborted();
      const news = this.#news.shift();
      if (news !== undefined) return news;
      const wake = () => this.#wake?.();
      signal?.addEventListener("abort", wake);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      signal?.removeEventListener("abort", wake);
    }
  }

  close(): void {
    this.#onClose();
  }

  #look(): void {
    this.#news = [];
    this.#add({ kind: "look" });
  }

  #add(news: TaskNews): void {
    // Of several progresses only the last one counts.
    if (news.kind === "progress" && this.#news.at(-1)?.kind === "progress") this.#news.pop();
    this.#news.push(news);
    if (this.#news.length > NEWS_MAX) this.#news = [{ kind: "look" }];
    this.#wake?.();
  }
}
