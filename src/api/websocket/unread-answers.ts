/**
 * Answers that were sent and that the clients of a user have not taken yet. They lie in the server's memory, up to 64 MiB
 * each, so a user who has many of them gets no more until some are read.
 */
export class UnreadAnswers {
  readonly #bytesMax: number;
  readonly #bytes = new Map<string, number>();
  readonly #waiting = new Map<string, Set<() => void>>();

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Counts an answer until what this returns is called. */
  add(user: string, bytes: number): () => void {
    this.#change(user, bytes);
    return () => this.#change(user, -bytes);
  }

  hasRoom(user: string): boolean {
    return (this.#bytes.get(user) ?? 0) <= this.#bytesMax;
  }

  /** Resolves when there is room, which others may take before. */
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
