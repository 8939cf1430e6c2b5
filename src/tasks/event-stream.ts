import { HanamiError } from "../errors.ts";
import type { EventReader } from "../events/event-reader.ts";
import type { PatientClient } from "./wait-for-task.ts";

/** Proxies cut off a connection that has been silent for a minute, and clients may give up earlier. */
const HEARTBEAT_MS = 10_000;

/**
 * The events of a reader as server-sent events, at the client's pace. It ends when the client is gone, the caller's
 * right ends, or the server stops; a client that reads nothing is no exception.
 */
export class EventStream implements AsyncIterable<Uint8Array> {
  readonly #reader: EventReader;
  readonly #client: PatientClient;
  readonly #onEnd: () => void;
  #timer: NodeJS.Timeout;
  #isEnded = false;
  /** A client learns its position at once: it may lose the connection before the first event. */
  #isHeartbeatDue = true;

  /** Calls `onEnd` once. */
  constructor(reader: EventReader, client: PatientClient, onEnd: () => void) {
    this.#reader = reader;
    this.#client = client;
    this.#onEnd = onEnd;
    this.#timer = this.#nextCheck();
    client.signal.addEventListener("abort", this.end);
    if (client.signal.aborted) this.end();
  }

  readonly end = (): void => {
    if (this.#isEnded) return;
    this.#isEnded = true;
    clearTimeout(this.#timer);
    this.#client.signal.removeEventListener("abort", this.end);
    this.#reader.close();
    // It has no place among the listeners any more, so it must not keep a connection either.
    this.#client.hangUp();
    this.#onEnd();
  };

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return {
      next: () => this.#next(),
      return: async () => {
        this.end();
        return { done: true, value: undefined };
      },
    };
  }

  async #next(): Promise<IteratorResult<Uint8Array>> {
    while (!this.#isEnded) {
      if (this.#isHeartbeatDue) {
        this.#isHeartbeatDue = false;
        // With an id and without data: the client's position moves on, though it gets no event.
        return { done: false, value: Buffer.from(`: keep-alive\nid: ${this.#reader.id}\n\n`) };
      }
      const value = this.#reader.take();
      if (value !== undefined) return { done: false, value };
      await this.#reader.wait();
    }
    return { done: true, value: undefined };
  }

  /**
   * At the next heartbeat, or when the token expires. The delay is that of a clock that does not jump; a jump of the
   * other one, which decides, is noticed a heartbeat later.
   */
  #nextCheck(): NodeJS.Timeout {
    const tokenMs = this.#client.tokenEndMs - Date.now();
    return setTimeout(() => void this.#check(), Math.max(1, Math.min(HEARTBEAT_MS, tokenMs))).unref();
  }

  async #check(): Promise<void> {
    try {
      await this.#client.checkAgain();
    } catch (error) {
      // During an outage of the database nobody loses a right, except by time.
      if (error instanceof HanamiError || Date.now() >= this.#client.tokenEndMs) this.end();
    }
    if (this.#isEnded) return;
    this.#timer = this.#nextCheck();
    this.#isHeartbeatDue = true;
    this.#reader.stopWaiting();
  }
}
