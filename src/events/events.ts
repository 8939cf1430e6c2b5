import type { Db } from "../db/client.ts";
import { onOutcome } from "../db/commit-listeners.ts";
import { isInDoubt } from "../server/outage.ts";
import { frameOf, type EventOwner, type NewEvent } from "./event.ts";
import { EventReader, type Wish } from "./event-reader.ts";
import { EventRing } from "./event-ring.ts";
import { Pacer } from "./pacer.ts";

/** How many events are kept for clients that read slowly or come back, and their bytes. */
const BOUNDS = { events: 10_000, bytes: 16 * 1024 * 1024 };
/** Nothing is kept when nobody has listened for so long. */
const UNHEARD_MS = 120_000;

/**
 * The last events of this server. Publishers call one of four functions: `publish`, or `publishAfter` and `publishWith`
 * for what the database has to confirm, or `publishPaced` for what happens too often to be told each time. Every reader
 * has a position in the same ring, so that listeners cost no memory, however slowly they read.
 */
export class Events {
  readonly #ring: EventRing;
  readonly #readers = new Set<EventReader>();
  readonly #pacer = new Pacer();
  #unheardSinceMs = -Infinity;
  #isRinging = false;

  constructor(bounds = BOUNDS) {
    this.#ring = new EventRing(bounds);
  }

  /** Whether anybody listens, or may come back. */
  get #isHeard(): boolean {
    return this.#readers.size > 0 || performance.now() - this.#unheardSinceMs < UNHEARD_MS;
  }

  publish({ data, ...facts }: NewEvent): void {
    if (!this.#isHeard) {
      this.#ring.clear();
      return;
    }
    const owner = facts.owner === null ? null : ownerOf(facts.owner);
    const owned = owner === null ? {} : { project_id: owner.project_id, owner_id: owner.owner_id };
    const frame = frameOf(this.#ring.nextId, facts.kind, { timestamp_ms: Date.now(), ...owned, ...data });
    this.#ring.add({ ...facts, owner, frame });
    this.#wakeReaders();
  }

  /** Publishes what a transaction has changed once it is committed; nothing when it is undone. */
  publishWith(tx: Db, ...events: NewEvent[]): void {
    onOutcome(tx, (outcome) => {
      if (outcome === "unknown") this.lose();
      if (outcome === "committed") for (const event of events) this.publish(event);
    });
  }

  /** Publishes what a statement outside of a transaction has changed. */
  async publishAfter<T>(change: PromiseLike<T>, eventsOf: (result: T) => NewEvent[]): Promise<T> {
    try {
      const result = await change;
      for (const event of eventsOf(result)) this.publish(event);
      return result;
    } catch (error) {
      if (isInDoubt(error)) this.lose();
      throw error;
    }
  }

  /**
   * Publishes the newest event of a key at most once in `intervalMs`: at once, or when the interval is over. `make` is
   * called then; undefined: there is no news.
   */
  publishPaced(key: string, intervalMs: number, make: () => NewEvent | undefined): void {
    if (!this.#isHeard) {
      this.#ring.clear();
      return;
    }
    this.#pacer.run(key, intervalMs, () => {
      const event = make();
      if (event !== undefined) this.publish(event);
    });
  }

  /** Publishes now what `publishPaced` holds back. Call it before the event that ends a series. */
  flush(key: string): void {
    this.#pacer.flush(key);
  }

  /** Nobody knows whether something was changed, because the database's answer was lost: all clients have to look. */
  lose(): void {
    this.#ring.clear();
    this.#wakeReaders();
  }

  /**
   * Begins to listen: after the event with the id `after`, or with the next event.
   */
  read(wish: Wish, after?: string): EventReader {
    // Events may have been left out, some of them even before `publish`.
    if (!this.#isHeard) this.#ring.clear();
    const position = after === undefined ? this.#ring.last : this.#ring.numberOf(after);
    const reader: EventReader = new EventReader(this.#ring, position, wish, () => {
      this.#readers.delete(reader);
      if (this.#readers.size === 0) this.#unheardSinceMs = performance.now();
    });
    this.#readers.add(reader);
    return reader;
  }

  /** Once for all events of a turn of the event loop. */
  #wakeReaders(): void {
    if (this.#isRinging || this.#readers.size === 0) return;
    this.#isRinging = true;
    setImmediate(() => {
      this.#isRinging = false;
      for (const reader of this.#readers) reader.ring();
    });
  }
}

/** Only the owner: a publisher may hand in a whole row, whose template would be kept as long as the event. */
const ownerOf = ({ project_id, owner_id, owner_uuid }: EventOwner): EventOwner => ({
  project_id,
  owner_id,
  owner_uuid,
});
