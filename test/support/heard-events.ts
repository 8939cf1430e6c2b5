import { expect, onTestFinished } from "vitest";
import type { TestApp } from "./test-app.ts";

export interface HeardEvent {
  id: string;
  kind: string;
  data: Record<string, unknown>;
}

/** A client that listens, and all that it has heard so far. */
export interface Listener {
  readonly response: Response;
  readonly heard: HeardEvent[];
  /** The kinds of what was heard, in order. */
  readonly kinds: () => string[];
  /** The position of the client, also after what was not for it. */
  readonly lastId: () => string;
  /** Resolves when the server has ended the stream. */
  readonly ended: Promise<void>;
  /** Resolves to the first event of this kind, now or later. */
  first(kind: string): Promise<HeardEvent>;
  close(): Promise<void>;
}

interface ListenOptions {
  token?: string;
  query?: Record<string, string>;
  lastEventId?: string;
  /** Over a socket to this address; otherwise without one. */
  url?: string;
}

/** Opens `GET /events`; resolves when the stream has begun. */
export async function listenTo(app: TestApp, options: ListenOptions = {}): Promise<Listener> {
  const { token = app.token, query = {}, lastEventId, url } = options;
  const headers = { "X-Auth-Token": token, ...(lastEventId === undefined ? {} : { "Last-Event-ID": lastEventId }) };
  const target = `${url ?? "http://test"}/v1.0alpha/events?${new URLSearchParams(query).toString()}`;
  const request = new Request(target, { headers });
  const response = url === undefined ? await app.server.fetch(request) : await fetch(target, { headers });
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`);
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const heard: HeardEvent[] = [];
  let lastId = "";
  let rest = "";
  const take = (frame: string) => {
    const fields = new Map(frame.split("\n").map((line) => [line.split(": ")[0], line.slice(line.indexOf(": ") + 2)]));
    lastId = fields.get("id") ?? lastId;
    const data = fields.get("data");
    if (data !== undefined) heard.push({ id: lastId, kind: fields.get("event") as string, data: JSON.parse(data) });
  };
  const ended = (async () => {
    const decoder = new TextDecoder();
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      const frames = (rest + decoder.decode(piece.value, { stream: true })).split("\n\n");
      rest = frames.pop() as string;
      frames.forEach(take);
    }
  })();
  ended.catch(() => {});
  const close = () => reader.cancel();
  onTestFinished(close);
  await expect.poll(() => lastId, { interval: 1 }).not.toBe("");
  return {
    response,
    heard,
    kinds: () => heard.map(({ kind }) => kind),
    lastId: () => lastId,
    ended,
    async first(kind) {
      const find = () => heard.find((event) => event.kind === kind);
      await expect.poll(find, { interval: 2 }).toBeDefined();
      return find() as HeardEvent;
    },
    close,
  };
}
