import { SLICE_MS } from "../hosts/fair-share.ts";

/** While short calls wait for the ends of slices. */
const HURRY_GOAL_MS = 20;
/** Maximum growth from one slice to the next, because the first slices of a new network say little about later ones. */
const GROWTH_MAX = 4;
const FIRST_CYCLES = 16;
const BYTES_MAX = 16 * 1024 * 1024;

/** Chooses the number of cycles per slice, so that each slice takes a bounded time. */
export class SliceSize {
  readonly #unit: number;
  readonly #cyclesMax: number;
  #goal: number;

  /**
   * Slices are multiples of `unit` cycles. `bytesPerCycle` is the size of a cycle's rows, `first` the number of cycles
   * of the first slice.
   */
  constructor({ unit, bytesPerCycle, first = FIRST_CYCLES }: { unit: number; bytesPerCycle: number; first?: number }) {
    this.#unit = unit;
    this.#cyclesMax = Math.floor(BYTES_MAX / Math.max(1, bytesPerCycle));
    this.#goal = first;
  }

  /** Forgets the measurements, because another host may be a hundred times slower. */
  startAgain(): void {
    this.#goal = FIRST_CYCLES;
  }

  /** Cycles of the next slice; `left` is the number of cycles that remain. */
  next(left: number, { isInHurry = false } = {}): number {
    const goal = isInHurry ? (this.#goal * HURRY_GOAL_MS) / SLICE_MS : this.#goal;
    const cycles = Math.min(goal, this.#cyclesMax);
    return Math.min(left, Math.max(1, Math.floor(cycles / this.#unit)) * this.#unit);
  }

  /** Adapts to the time that a slice took on the host. */
  observe(cycles: number, elapsedMs: number): void {
    const wanted = (cycles / Math.max(elapsedMs, 0.01)) * SLICE_MS;
    this.#goal = Math.max(1, Math.min(wanted, cycles * GROWTH_MAX));
  }
}
