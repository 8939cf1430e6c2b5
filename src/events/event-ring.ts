import { randomBytes } from "node:crypto";
import { frameOf, type KeptEvent } from "./event.ts";
import { RESET_KIND } from "./kinds.ts";

interface NumberedEvent extends KeptEvent {
  number: number;
}

/** What is kept of one project; of what concerns everybody, under its own name. */
interface Share {
  /** Oldest first. */
  events: NumberedEvent[];
  bytes: number;
  /** Number of the last event that was dropped. */
  lost: number;
}

/** Stands for a project in the name of a share: no project has such an id. */
const EVERYBODY = "";

const projectOf = ({ owner }: KeptEvent) => owner?.project_id ?? EVERYBODY;

/**
 * The last events, numbered from 1 on. When there is no room, the project that has most of it loses its oldest event,
 * so that a busy project takes nothing from the clients of others.
 */
export class EventRing {
  /** Tells the events of this start of the server from those of others. */
  readonly #boot = randomBytes(6).toString("hex");
  readonly #bounds: { events: number; bytes: number };
  /** In ascending order. */
  readonly #kept: NumberedEvent[] = [];
  /** Of projects that have events here. */
  readonly #shares = new Map<string, Share>();
  /** Number of the last event that was dropped of a project without a share, and of any project. */
  #lostOfOthers = 0;
  #lost = 0;
  #next = 1;
  #bytes = 0;

  constructor(bounds: { events: number; bytes: number }) {
    this.#bounds = bounds;
  }

  /** The id of the next event. */
  get nextId(): string {
    return this.idOf(this.#next);
  }

  add(event: KeptEvent): void {
    const numbered = { ...event, number: this.#next++ };
    const project = projectOf(event);
    const share = this.#shares.get(project) ?? { events: [], bytes: 0, lost: this.#lostOfOthers };
    this.#shares.set(project, share);
    share.events.push(numbered);
    share.bytes += event.frame.length;
    this.#bytes += event.frame.length;
    this.#kept.push(numbered);
    const { events, bytes } = this.#bounds;
    while (this.#kept.length > 1 && (this.#bytes > bytes || this.#kept.length > events)) this.#dropOne();
  }

  /** Drops everything; the number of one event remains unused, so that no reader takes itself for up to date. */
  clear(): void {
    this.#kept.length = 0;
    this.#shares.clear();
    this.#bytes = 0;
    this.#lost = this.#lostOfOthers = this.#next++;
  }

  /** The number of the last event; 0 before the first. */
  get last(): number {
    return this.#next - 1;
  }

  /** Whether no event after this one was dropped that concerns the project, or without one any project. */
  hasAllAfter(number: number, project: string | undefined): boolean {
    const lostOf = (name: string) => this.#shares.get(name)?.lost ?? this.#lostOfOthers;
    return number >= (project === undefined ? this.#lost : Math.max(lostOf(project), lostOf(EVERYBODY)));
  }

  /** The first event after this number that is kept. */
  after(number: number): NumberedEvent | undefined {
    return this.#kept[this.#indexAfter(number)];
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

  #indexAfter(number: number): number {
    let [low, high] = [0, this.#kept.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#kept[middle]!.number > number) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #dropOne(): void {
    const [project, share] = this.#biggest();
    const { number, frame } = share.events.shift()!;
    share.bytes -= frame.length;
    share.lost = number;
    this.#lost = Math.max(this.#lost, number);
    this.#bytes -= frame.length;
    this.#kept.splice(this.#indexAfter(number - 1), 1);
    if (share.events.length > 0) return;
    this.#shares.delete(project);
    this.#lostOfOthers = Math.max(this.#lostOfOthers, number);
  }

  #biggest(): [string, Share] {
    const { events, bytes } = this.#bounds;
    const sizeOf = (share: Share) => Math.max(share.events.length / events, share.bytes / bytes);
    return [...this.#shares].reduce((most, each) => (sizeOf(each[1]) > sizeOf(most[1]) ? each : most));
  }
}
