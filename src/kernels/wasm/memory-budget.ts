import { MemoryFullError } from "../../network/memory-full-error.ts";

/** What the networks of an engine may take together, wherever they are. What steps need meanwhile is not counted. */
export class MemoryBudget {
  readonly bytesMax: number;
  #used = 0;

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
  }

  get free(): number {
    return this.bytesMax - this.#used;
  }

  /** Throws MemoryFullError when this is more than is left; then nothing was taken. */
  take(bytes: number): void {
    if (bytes > this.free) {
      throw new MemoryFullError(
        `its clusters may take ${this.bytesMax} bytes of memory, ${this.free} are free, ${bytes} more are needed`,
      );
    }
    this.#used += bytes;
  }

  give(bytes: number): void {
    this.#used -= bytes;
  }
}
