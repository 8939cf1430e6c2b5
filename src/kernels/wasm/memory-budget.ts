import { BudgetFullError, shortageText } from "../../network/memory-full-error.ts";

/** Limits the total memory of an engine's networks, in docks and at rest. Scratch memory of steps is not counted. */
export class MemoryBudget {
  readonly bytesMax: number;
  /** Called when `bytes` more are needed than are free; may give some back. */
  onShortage: (bytes: number) => void = () => {};
  #used = 0;

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
  }

  get free(): number {
    return this.bytesMax - this.#used;
  }

  /** Throws BudgetFullError when fewer bytes are free; then nothing was taken. */
  take(bytes: number): void {
    if (bytes > this.free) this.onShortage(bytes - this.free);
    if (bytes > this.free) {
      throw new BudgetFullError(shortageText(this.bytesMax, this.free, bytes));
    }
    this.#used += bytes;
  }

  give(bytes: number): void {
    this.#used -= bytes;
  }
}
