/** Counts what occurs in rows that are read several times, but only the first time. */
export class CountedRows {
  /** Counts of all that was read so far, which others increase. */
  readonly #all: ReadonlyMap<string, number>;
  /** Counts of rows that were read for the first time. */
  readonly unknown = new Map<string, number>();
  /** One bit per row: whether it was read. */
  #isRead = new Uint8Array(0);

  constructor(all: ReadonlyMap<string, number>) {
    this.#all = all;
  }

  /** Cuts rows into runs of at most `most` rows that were all read before, or all were not. */
  *runs(first: number, count: number, most: number): Generator<{ at: number; count: number }> {
    for (let at = 0; at < count;) {
      const isRead = this.#has(first + at);
      let end = at + 1;
      while (end < count && end - at < most && this.#has(first + end) === isRead) end++;
      yield { at, count: end - at };
      at = end;
    }
  }

  /** Counts what `read` finds in a run of rows, unless they were read before. */
  note(first: number, count: number, read: () => void): void {
    const isNew = !this.#has(first);
    const before = isNew ? new Map(this.#all) : undefined;
    read();
    if (before === undefined) return;
    for (const [name, total] of this.#all) {
      const added = total - (before.get(name) ?? 0);
      if (added > 0) this.unknown.set(name, (this.unknown.get(name) ?? 0) + added);
    }
    this.#mark(first, count);
  }

  #has(row: number): boolean {
    return (((this.#isRead[row >> 3] ?? 0) >> (row & 7)) & 1) === 1;
  }

  #mark(first: number, count: number): void {
    const bytes = (first + count + 7) >> 3;
    if (bytes > this.#isRead.length) {
      const bigger = new Uint8Array(Math.max(bytes, 2 * this.#isRead.length));
      bigger.set(this.#isRead);
      this.#isRead = bigger;
    }
    for (let row = first; row < first + count; row++) this.#isRead[row >> 3]! |= 1 << (row & 7);
  }
}
