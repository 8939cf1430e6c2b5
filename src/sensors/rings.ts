/** A measured value over time, oldest first; zeros before the first measurement. */
export interface RingsView {
  /** The last 60 samples, one a second. */
  seconds: number[];
  /** Means of full minutes, the last 60. */
  minutes: number[];
  /** Means of full hours, the last 24. */
  hours: number[];
  /** Means of full days, the last 365. */
  days: number[];
}

const lengths = [60, 60, 24, 365] as const;

/** Keeps samples of one value in four ring buffers; the mean of each full ring becomes one entry of the next. */
export class Rings {
  readonly #levels = lengths.map((length) => ({ values: new Float64Array(length), count: 0 }));

  add(sample: number): void {
    let value = sample;
    for (const level of this.#levels) {
      const { values } = level;
      values[level.count % values.length] = value;
      level.count += 1;
      if (level.count % values.length !== 0) return;
      value = values.reduce((sum, each) => sum + each, 0) / values.length;
    }
  }

  view(): RingsView {
    const [seconds = [], minutes = [], hours = [], days = []] = this.#levels.map(({ values, count }) => {
      const oldest = count % values.length;
      return [...values.subarray(oldest), ...values.subarray(0, oldest)];
    });
    return { seconds, minutes, hours, days };
  }
}
