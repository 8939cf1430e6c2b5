/** Long enough for messages not to matter, short enough for others to get their turn. */
const GOAL_MS = 70;
/** A slice may grow this much from one to the next: the first ones of a new network say little about the later ones. */
const GROWTH_MAX = 4;
const FIRST_CYCLES = 16;
const BYTES_MAX = 16 * 1024 * 1024;

/** Chooses how many cycles a host gets at a time, so that each slice takes it a bounded time. */
export class SliceSize {
  readonly #unit: number;
  readonly #cyclesMax: number;
  #goal: number;

  /**
   * Slices are whole multiples of `unit` cycles; `bytesPerCycle` is what a cycle's rows take, `first` how many cycles are
   * tried at first.
   */
  constructor({ unit, bytesPerCycle, first = FIRST_CYCLES }: { unit: number; bytesPerCycle: number; first?: number }) {
    this.#unit = unit;
    this.#cyclesMax = Math.floor(BYTES_MAX / Math.max(1, bytesPerCycle));
    this.#goal = first;
  }

  /** Another host may be a hundred times slower. */
  startAgain(): void {
    this.#goal = FIRST_CYCLES;
  }

  /** Cycles of the next slice when `left` remain before a border that it must not cross. */
  next(left: number): number {
    const cycles = Math.min(this.#goal, this.#cyclesMax);
    return Math.min(left, Math.max(1, Math.floor(cycles / this.#unit)) * this.#unit);
  }

  /** What a slice took the host. */
  observe(cycles: number, elapsedMs: number): void {
    const wanted = (cycles / Math.max(elapsedMs, 0.01)) * GOAL_MS;
    this.#goal = Math.max(1, Math.min(wanted, cycles * GROWTH_MAX));
  }
}
