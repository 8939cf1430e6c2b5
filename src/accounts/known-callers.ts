import type { Caller } from "./caller.ts";

const CALLERS_MAX = 4096;

/**
 * Lifetime of a cached caller. It bounds the delay until a change takes effect that was reported as failed, because the
 * database's answer was lost, but is committed later.
 */
const KNOWN_MS = 5000;

/**
 * Caches the callers of recent tokens, so that not every request has to ask the database. This is sound because no
 * other server uses the database, and because every change of users, projects or assignments goes through `change`.
 */
export class KnownCallers {
  readonly #known = new Map<string, { caller: Caller; endMs: number }>();
  #changes = 0;

  /** The caller of a valid token, from the cache or from `lookUp`. Errors of `lookUp` are not cached. */
  async find(token: string, lookUp: () => Promise<Caller>): Promise<Caller> {
    const known = this.#known.get(token);
    if (known !== undefined && performance.now() < known.endMs) return known.caller;
    const changes = this.#changes;
    const caller = await lookUp();
    // If something changed meanwhile, the caller may be outdated and is not cached.
    if (changes === this.#changes) this.#remember(token, caller);
    return caller;
  }

  /** Carries out a change of rights. When it resolves or rejects, the cache is cleared. */
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
