import type { Caller } from "./caller.ts";

const CALLERS_MAX = 4096;

/**
 * A change whose outcome the database could not tell may be committed after its failure was reported. Its effect is
 * noticed so much later at most.
 */
const KNOWN_MS = 5000;

/**
 * Who the tokens of the last seconds belong to, so that not every request has to ask the database. Sound because no
 * other server uses the database, and because whatever changes users, projects or assignments does so in `change`.
 */
export class KnownCallers {
  readonly #known = new Map<string, { caller: Caller; endMs: number }>();
  #changes = 0;

  /** The caller of a valid token, from `lookUp` where it is not known. What `lookUp` throws is not remembered. */
  async find(token: string, lookUp: () => Promise<Caller>): Promise<Caller> {
    const known = this.#known.get(token);
    if (known !== undefined && performance.now() < known.endMs) return known.caller;
    const changes = this.#changes;
    const caller = await lookUp();
    // What was read while something changed may be from before.
    if (changes === this.#changes) this.#remember(token, caller);
    return caller;
  }

  /** Carries out a change of who may do what. Once it resolves or rejects, everybody is looked up anew. */
  async change<T>(work: PromiseLike<T>): Promise<T> {
    try {
      return await work;
    } finally {
      this.#changes += 1;
      this.#known.clear();
    }
  }

  #remember(token: string, caller: Caller): void {
    this.#known.delete(token);
    this.#known.set(token, { caller, endMs: performance.now() + KNOWN_MS });
    const [oldest] = this.#known.keys();
    if (this.#known.size > CALLERS_MAX && oldest !== undefined) this.#known.delete(oldest);
  }
}
