import type { EventFacts } from "./event.ts";
import type { EventRing } from "./event-ring.ts";

/** Bytes of events that a reader takes at once: more than a few events, less than what delays others. */
const TAKE_BYTES = 64 * 1024;

/** A position in the events of the server, and which of them are wanted. */
export class EventReader {
  readonly #ring: EventRing;
  readonly #wants: (event: EventFacts) => boolean;
  readonly #onClose: () => void;
  /** Number of the last event that was taken or passed over. */
  #position: number;
  #wake: (() => void) | undefined;

  constructor(ring: EventRing, position: number, wants: (event: EventFacts) => boolean, onClose: () => void) {
    this.#ring = ring;
    this.#position = position;
    this.#wants = wants;
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
    for (let bytes = 0; bytes < TAKE_BYTES && this.#pass();) {
      const { frame } = this.#ring.at(++this.#position);
      frames.push(frame);
      bytes += frame.length;
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
    if (this.#wake !== undefined && (this.#isBehind || this.#pass())) this.stopWaiting();
  }

  close(): void {
    this.#onClose();
    this.stopWaiting();
  }

  get #isBehind(): boolean {
    return !this.#ring.hasAllAfter(this.#position);
  }

  /** Passes over what is not wanted. Whether there is an event after that. */
  #pass(): boolean {
    const { last } = this.#ring;
    while (this.#position < last && !this.#wants(this.#ring.at(this.#position + 1))) this.#position += 1;
    return this.#position < last;
  }
}
