import type { EventFacts } from "./event.ts";
import type { EventRing } from "./event-ring.ts";

/** Bytes of events that a reader takes at once: more than a few events, less than what delays others. */
const TAKE_BYTES = 64 * 1024;

/** What a reader is to get. */
export interface Wish {
  /** Always says the same of an event. */
  wants: (event: EventFacts) => boolean;
  /** The project whose events it may want, besides those that are for everybody; undefined: those of all projects. */
  project?: string | undefined;
}

/** A position in the events of the server, and which of them are wanted. */
export class EventReader {
  readonly #ring: EventRing;
  readonly #wants: (event: EventFacts) => boolean;
  readonly #project: string | undefined;
  readonly #onClose: () => void;
  /** Number of the last event that was taken or passed over. */
  #position: number;
  #wake: (() => void) | undefined;

  /** Calls `onClose` at the end. `position` is that of the last event that its client has got. */
  constructor(ring: EventRing, position: number, { wants, project }: Wish, onClose: () => void) {
    this.#ring = ring;
    this.#position = position;
    this.#wants = wants;
    this.#project = project;
    this.#onClose = onClose;
  }

  /** The id after which this reader goes on. */
  get id(): string {
    return this.#ring.idOf(this.#position);
  }

  /** The texts of the next events, or of a reset when some are lost; undefined when there are none yet. */
  take(): Uint8Array | undefined {
    if (this.#isBehind) {
      this.#position = this.#ring.last;
      return this.#ring.resetFrame(this.#position);
    }
    const frames: Uint8Array[] = [];
    for (let bytes = 0; bytes < TAKE_BYTES;) {
      const event = this.#pass();
      if (event === undefined) break;
      this.#position = event.number;
      frames.push(event.frame);
      bytes += event.frame.length;
    }
    return frames.length > 1 ? Buffer.concat(frames) : frames[0];
  }

  /** Resolves when `take` may have something, or `stopWaiting` was called. */
  async wait(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }

  stopWaiting(): void {
    this.#wake?.();
    this.#wake = undefined;
  }

  /** Something was published. A reader that waits keeps up, whether it wants the events or not. */
  ring(): void {
    if (this.#wake !== undefined && (this.#isBehind || this.#pass() !== undefined)) this.stopWaiting();
  }

  close(): void {
    this.#onClose();
    this.stopWaiting();
  }

  get #isBehind(): boolean {
    return !this.#ring.hasAllAfter(this.#position, this.#project);
  }

  /** Passes over what is not wanted. The event after that, if there is one. */
  #pass() {
    let event = this.#ring.after(this.#position);
    while (event !== undefined && !this.#wants(event)) {
      this.#position = event.number;
      event = this.#ring.after(this.#position);
    }
    if (event === undefined) this.#position = this.#ring.last;
    return event;
  }
}
