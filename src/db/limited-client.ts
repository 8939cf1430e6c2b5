import type { Sql, TransactionSql } from "postgres";
import { STATEMENTS_MAX } from "./statements-max.ts";

/** No connection became free in time: the database does not answer, or is overloaded. */
class NoConnectionError extends Error {
  readonly code = "QUERY_TIMEOUT";

  constructor(waitMs: number) {
    super(`no connection to the database became free within ${waitMs} ms`);
    this.name = "NoConnectionError";
  }
}

/** A first-come, first-served semaphore. A caller that waits too long fails with NoConnectionError. */
class Turns {
  #free: number;
  readonly #waitMs: number;
  readonly #waiting = new Set<() => void>();

  constructor(connections: number, waitMs: number) {
    this.#free = connections;
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

type Unsafe = Sql["unsafe"];

/**
 * An option of the driver's own transactions. It returns whether the connection accepts another query while one is
 * running. It must not: the second query would fail with the first, for example at its timeout.
 */
const oneAtATime = { onexecute: () => false };

/**
 * The part of a pool's client that Drizzle needs. Runs at most as many queries and transactions at once as there are
 * connections: the driver's own queue is unbounded, and with a frozen server each query in it would wait for all before
 * it. All statements are prepared, even if Drizzle does not request it: an unprepared statement is parsed and planned
 * each time, after a round trip for the types of its parameters.
 */
export function limitClient(pool: Sql, { connections, waitMs }: { connections: number; waitMs: number }): Sql {
  const turns = new Turns(connections, waitMs);
  const texts = new Set<string>();
  const prepares = (text: string) => {
    if (texts.size < STATEMENTS_MAX) texts.add(text);
    return texts.has(text);
  };
  const ask = (client: Sql | TransactionSql, [text, values, options]: Parameters<Unsafe>) =>
    client.unsafe(text, values, { ...options, ...oneAtATime, prepare: prepares(text) });

  const unsafe = (...query: Parameters<Unsafe>) => ({
    // oxlint-disable-next-line unicorn/no-thenable -- Like the driver's queries, it runs when it is waited for.
    then: (...handlers: Parameters<Promise<unknown>["then"]>) => turns.run(() => ask(pool, query)).then(...handlers),
    values: () => turns.run(() => ask(pool, query).values()),
  });
  const begin = (work: (tx: TransactionSql) => unknown) =>
    turns.run(async () => {
      let isOver = false;
      const carryOut = (tx: TransactionSql) => {
        const unsafeIn = (...query: Parameters<Unsafe>) => {
          if (isOver) throw new Error("Transaction is closed");
          return ask(tx, query);
        };
        return work(Object.assign(Object.create(tx) as TransactionSql, { unsafe: unsafeIn }));
      };
      try {
        return await pool.begin(carryOut);
      } finally {
        isOver = true;
      }
    });
  return Object.assign(Object.create(pool) as Sql, { unsafe, begin });
}
