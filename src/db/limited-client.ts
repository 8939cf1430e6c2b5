import type { Sql } from "postgres";

/** Nobody gave back a connection in time: the database does not answer, or far too much is asked of it. */
class NoConnectionError extends Error {
  readonly code = "QUERY_TIMEOUT";

  constructor(waitMs: number) {
    super(`no connection to the database became free within ${waitMs} ms`);
    this.name = "NoConnectionError";
  }
}

/** Places that are taken in the order in which they were asked for. Whoever waits too long fails. */
class Turns {
  #free: number;
  readonly #waitMs: number;
  readonly #waiting = new Set<() => void>();

  constructor(places: number, waitMs: number) {
    this.#free = places;
    this.#waitMs = waitMs;
  }

  async run<T>(work: () => PromiseLike<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await this.#wait();
    try {
      return await work();
    } finally {
      const [next] = this.#waiting;
      if (next === undefined) this.#free += 1;
      else next();
    }
  }

  #wait(): Promise<void> {
    return new Promise((resolve, reject) => {
      const begin = () => {
        this.#waiting.delete(begin);
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(begin);
        reject(new NoConnectionError(this.#waitMs));
      }, this.#waitMs);
      this.#waiting.add(begin);
    });
  }
}

/**
 * What Drizzle needs of a pool's client, with as many queries and transactions at once as there are connections. The
 * driver's own queue has no end: behind a server that is frozen each query in it would wait for those before it.
 */
export function limitClient(pool: Sql, { places, waitMs }: { places: number; waitMs: number }): Sql {
  const turns = new Turns(places, waitMs);
  const unsafe = (...query: Parameters<Sql["unsafe"]>) => ({
    // oxlint-disable-next-line unicorn/no-thenable -- Like the driver's queries, it runs when it is waited for.
    then: (...handlers: Parameters<Promise<unknown>["then"]>) =>
      turns.run(() => pool.unsafe(...query)).then(...handlers),
    values: () => turns.run(() => pool.unsafe(...query).values()),
  });
  const begin = (...given: Parameters<Sql["begin"]>) => turns.run(() => pool.begin(...given));
  return Object.assign(Object.create(pool) as Sql, { unsafe, begin });
}
