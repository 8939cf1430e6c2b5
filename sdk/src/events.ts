import { ConnectionError } from "./errors.ts";
import type { Session } from "./session.ts";

/** Something that happened on the server, such as `task.ended`. */
export interface ServerEvent {
  id: string;
  kind: string;
  data: Record<string, unknown>;
}

export interface EventQuery {
  cluster_uuid?: string | undefined;
  task_uuid?: string | undefined;
  /** A kind, a group such as `task`, or several of them between commas. */
  kind?: string | undefined;
  signal?: AbortSignal | undefined;
}

/** The fields of an event that has all of its lines; undefined for comments. */
function parseEvent(block: string): ServerEvent | undefined {
  const fields: Record<string, string> = {};
  for (const line of block.split("\n")) {
    const [, name, value] = /^(\w+): ?(.*)$/.exec(line) ?? [];
    if (name !== undefined) fields[name] = value as string;
  }
  const { id = "", event: kind = "", data } = fields;
  return data === undefined ? undefined : { id, kind, data: JSON.parse(data) as ServerEvent["data"] };
}

/** Yields the server's events until the signal is aborted or the connection ends. */
export async function* readEvents(session: Session, { signal, ...query }: EventQuery): AsyncGenerator<ServerEvent> {
  signal?.throwIfAborted();
  const { body } = await session.download("/events", query);
  const reader = body.getReader();
  const decoder = new TextDecoder();
  const stop = () => void reader.cancel().catch(() => {});
  signal?.addEventListener("abort", stop, { once: true });
  try {
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read();
      signal?.throwIfAborted();
      if (done) throw new ConnectionError("The server ended the stream of events.");
      const blocks = (rest + decoder.decode(value, { stream: true })).split("\n\n");
      rest = blocks.pop() ?? "";
      for (const block of blocks) {
        const event = parseEvent(block);
        if (event !== undefined) yield event;
      }
    }
  } finally {
    signal?.removeEventListener("abort", stop);
    stop();
  }
}
