/** Sorted, disjoint and non-adjacent `[start, end)` pairs. */
export type Ranges = [start: number, end: number][];

/** Tracks exactly which bytes of a file have arrived, in any order and piece size. */
export class ByteRanges {
  readonly #ranges: Ranges;

  constructor(ranges: Readonly<Ranges> = []) {
    this.#ranges = ranges.map(([start, end]) => [start, end]);
  }

  get count(): number {
    return this.#ranges.length;
  }

  get bytes(): number {
    return this.#ranges.reduce((sum, [start, end]) => sum + end - start, 0);
  }

  covers(size: number): boolean {
    const [first] = this.#ranges;
    return size === 0 || (first !== undefined && first[0] === 0 && first[1] >= size);
  }

  add(start: number, end: number): void {
    if (end <= start) return;
    const ranges = this.#ranges;
    const low = this.#firstFrom(start);
    let merged = 0;
    let [from, to] = [start, end];
    for (let range = ranges[low]; range !== undefined && range[0] <= end; range = ranges[low + merged]) {
      from = Math.min(from, range[0]);
      to = Math.max(to, range[1]);
      merged++;
    }
    ranges.splice(low, merged, [from, to]);
  }

  /** Whether these bytes overlap or adjoin bytes that have arrived, so that they add no range. */
  touches(start: number, end: number): boolean {
    const range = this.#ranges[this.#firstFrom(start)];
    return range !== undefined && range[0] <= end;
  }

  /** Index of the first range that touches `start` or begins after it. */
  #firstFrom(start: number): number {
    const ranges = this.#ranges;
    let low = 0;
    for (let high = ranges.length; low < high;) {
      const middle = (low + high) >> 1;
      if ((ranges[middle] as [number, number])[1] < start) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  toArray(): Ranges {
    return this.#ranges.map(([start, end]) => [start, end]);
  }
}
