/** How many looks at the progress the speed is measured over. */
const LOOKS = 20;
/** The speed of a shorter time says little. */
const SPAN_MS_MIN = 1000;

/** Estimates when a task will end, from how fast its cycles advanced lately, pauses included. */
export class TimeLeft {
  #looks: { ms: number; cycle: number }[] = [];

  /** `ms` is a time that only grows, such as that of `performance.now()`. */
  add(ms: number, cycle: number): void {
    // A task that is resumed after a crash of the server repeats some cycles.
    if (cycle < (this.#looks.at(-1)?.cycle ?? 0)) this.#looks = [];
    this.#looks = [...this.#looks.slice(1 - LOOKS), { ms, cycle }];
  }

  /** Seconds until the cycle is reached; undefined while the speed is unknown. */
  until(cycle: number): number | undefined {
    const [first, last] = [this.#looks[0], this.#looks.at(-1)];
    if (first === undefined || last === undefined || last.ms - first.ms < SPAN_MS_MIN) return undefined;
    if (last.cycle <= first.cycle) return undefined;
    return (((cycle - last.cycle) / (last.cycle - first.cycle)) * (last.ms - first.ms)) / 1000;
  }
}
