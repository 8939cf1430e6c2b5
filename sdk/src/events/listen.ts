import { delay } from "../delay.ts";
import { BadRequestError, ConnectionError, HanamiError, NotFoundError, UnauthorizedError } from "../errors.ts";
import type { Session } from "../session.ts";
import { EventParser } from "./parser.ts";

export interface EventQuery {
  /** Only what happens to this cluster and its tasks, or to this task. */
  cluster_uuid?: string | undefined;
  task_uuid?: string | undefined;
  /** One kind, such as `task.ended`, a group, such as `task`, or several of them between commas. */
  kind?: string | undefined;
  /** Goes on after this event. */
  lastEventId?: string | undefined;
  signal?: AbortSignal | undefined;
}

/** Something that has happened on the server. Its kinds: docs/api-extensions.md. */
export interface ServerEvent {
  id: string;
  kind: string;
  data: Record<string, unknown> & { timestamp_ms: number };
}

/** An event, or only the client's position after those that were not for it. */
export type Position = Pick<ServerEvent, "id"> & Partial<ServerEvent>;

/** The server says something every ten seconds: a connection that is silent for longer is dead. */
const SILENCE_MS = 45_000;
/** Before the first try to connect again; it doubles up to the maximum. */
const RETRY_MS_MIN = 250;
const RETRY_MS_MAX = 10_000;

/**
 * The events of the server. When the connection ends, it connects again and goes on after the last event; gives up
 * when that has failed for `giveUpMs`. Throws what the first try to connect says, and later every refusal that will not
 * pass by itself.
 */
export async function* listen(
  session: Session,
  { lastEventId, signal, giveUpMs = Infinity, ...filter }: EventQuery & { giveUpMs?: number },
): AsyncGenerator<Position, void> {
  let id = lastEventId;
  let retryMs = RETRY_MS_MIN;
  let lostMs: number | undefined;
  let hasConnected = false;
  for (;;) {
    try {
      for await (const event of connection(session, filter, id, signal)) {
        [id, retryMs, lostMs, hasConnected] = [event.id, RETRY_MS_MIN, undefined, true];
        yield event;
      }
      // Also one that the server ended before it said anything.
      hasConnected = true;
    } catch (error) {
      lostMs ??= performance.now();
      const isOver = !hasConnected || !isPassing(error) || performance.now() - lostMs >= giveUpMs;
      if (isOver) throw error;
    }
    // Clients of a server that starts again do not come back all at once.
    await delay(retryMs * (0.5 + Math.random()), signal);
    retryMs = Math.min(2 * retryMs, RETRY_MS_MAX);
  }
}

const isPassing = (error: unknown) =>
  error instanceof HanamiError &&
  !(error instanceof BadRequestError || error instanceof UnauthorizedError || error instanceof NotFoundError);

/** What comes over one connection. */
async function* connection(
  session: Session,
  filter: Pick<EventQuery, "cluster_uuid" | "task_uuid" | "kind">,
  lastEventId: string | undefined,
  signal: AbortSignal | undefined,
): AsyncGenerator<Position, void> {
  signal?.throwIfAborted();
  const end = new AbortController();
  const stop = () => end.abort();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const inTime = async <T>(step: Promise<T>): Promise<T> => {
    timer = setTimeout(stop, SILENCE_MS);
    try {
      return await step;
    } finally {
      clearTimeout(timer);
    }
  };
  signal?.addEventListener("abort", stop);
  try {
    const body = await inTime(session.listen("/events", filter, lastEventId, end.signal));
    const reader = body.getReader();
    const parser = new EventParser();
    for (;;) {
      const { done, value } = await inTime(reader.read());
      if (done) return;
      for (const { id, kind, data } of parser.push(value)) {
        yield data === undefined ? { id } : { id, kind, data: JSON.parse(data) as ServerEvent["data"] };
      }
    }
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof HanamiError) throw error;
    throw new ConnectionError("The connection for events was lost.", undefined, { cause: error });
  } finally {
    signal?.removeEventListener("abort", stop);
    stop();
  }
}
