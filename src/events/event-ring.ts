import { randomBytes } from "node:crypto";
import { frameOf, type KeptEvent } from "./event.ts";
import { RESET_KIND } from "./kinds.ts";

/** The last events, numbered from 1 on; the oldest ones make room for new ones. */
export class EventRing {
  /** Tells the events of this start of the server from those of others. */
  readonly #boot = randomBytes(6).toString("hex");
  readonly #bounds: { events: number; bytes: number };
  /** Event n has place n modulo the length. */
  readonly #kept: (KeptEvent | undefined)[];
  /** Numbers of the oldest event that is kept, and of the next one. */
  #first = 1;
  #next = 1;
  #bytes = 0;

  constructor(bounds: { events: number; bytes: number }) {
    this.#bounds = bounds;
    this.#kept = Array.from({ length: bounds.events });
  }

  /** The id of the next event. */
  get nextId(): string {
    return this.idOf(this.#next);
  }

  add(event: KeptEvent): void {
    const { events, bytes } = this.#bounds;
    const number = this.#next++;
    this.#bytes += event.frame.length;
    while (this.#first < number && (this.#bytes > bytes || number - this.#first >= events)) this.#dropFirst();
    this.#kept[number % events] = event;
  }

  /** Drops everything; the number of one event remains unused, so that no reader takes itself for up to date. */
  clear(): void {
    while (this.#first < this.#next) this.#dropFirst();
    this.#first = ++this.#next;
  }

  /** The number of the last event; 0 before the first. */
  get last(): number {
    return this.#next - 1;
  }

  /** Whether no event after this one was dropped. */
  hasAllAfter(number: number): boolean {
    return number + 1 >= this.#first;
  }

  at(number: number): KeptEvent {
    return this.#kept[number % this.#bounds.events] as KeptEvent;
  }

  idOf(number: number): string {
    return `${this.#boot}-${number}`;
  }

  /** -1, after which events are always missing, for an id that this start of the server has not given. */
  numberOf(id: string): number {
    const [, boot, digits] = /^([0-9a-f]+)-([0-9]{1,15})$/.exec(id) ?? [];
    const number = Number(digits);
    return boot === this.#boot && number < this.#next ? number : -1;
  }

  /** Tells a reader that events are missing up to this number. */
  resetFrame(number: number): Buffer {
    return frameOf(this.idOf(number), RESET_KIND, { timestamp_ms: Date.now() });
  }

  #dropFirst(): void {
    const place = this.#first++ % this.#bounds.events;
    this.#bytes -= this.#kept[place]?.frame.length ?? 0;
    this.#kept[place] = undefined;
  }
}
