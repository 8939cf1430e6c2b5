/** Sorted, disjoint, not touching `[start, end)` pairs. */
export type Ranges = [start: number, end: number][];

/** Which bytes of a file have arrived, exactly, in whatever order and pieces. */
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
    // First range that touches the new one or lies behind it.
    let low = 0;
    for (let high = ranges.length; low < high;) {
      const middle = (low + high) >> 1;
      if ((ranges[middle] as [number, number])[1] < start) low = middle + 1;
      else high = middle;
    }
    let merged = 0;
    let [from, to] = [start, end];
    for (let range = ranges[low]; range !== undefined && range[0] <= end; range = ranges[low + merged]) {
      from = Math.min(from, range[0]);
      to = Math.max(to, range[1]);
      merged++;
    }
    ranges.splice(low, merged, [from, to]);
  }

  toArray(): Ranges {
    return this.#ranges.map(([start, end]) => [start, end]);
  }
}
