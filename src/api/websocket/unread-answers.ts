/**
 * Counts the bytes of answers that the clients of a user have not read yet. Each answer takes up to 64 MiB of the
 * server's memory, so a user above the limit gets no further answer until some are read.
 */
export class UnreadAnswers {
  readonly #bytesMax: number;
  readonly #bytes = new Map<string, number>();
  readonly #waiting = new Map<string, Set<() => void>>();

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Counts an answer until the returned function is called. */
  add(user: string, bytes: number): () => void {
    this.#change(user, bytes);
    return () => this.#change(user, -bytes);
  }

  hasRoom(user: string): boolean {
    return (this.#bytes.get(user) ?? 0) <= this.#bytesMax;
  }

  /** Resolves when there is room; another answer may take it first. */
  async room(user: string): Promise<void> {
    if (this.hasRoom(user)) return;
    await new Promise<void>((resolve) => {
      const waiting = this.#waiting.get(user) ?? new Set();
      this.#waiting.set(user, waiting.add(resolve));
    });
  }

  #change(user: string, bytes: number): void {
    const sum = (this.#bytes.get(user) ?? 0) + bytes;
    if (sum > 0) this.#bytes.set(user, sum);
    else this.#bytes.delete(user);
    if (!this.hasRoom(user)) return;
    for (const wake of this.#waiting.get(user) ?? []) wake();
    this.#waiting.delete(user);
  }
}
