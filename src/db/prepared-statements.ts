import { setImmediate } from "node:timers/promises";
import { parse, type PGlite, protocol, type QueryOptions, type Results, type Transaction } from "@electric-sql/pglite";
import { STATEMENTS_MAX } from "./statements-max.ts";

const { serialize } = protocol;

/** After so long with statements the event loop has a turn before the next one. */
const TURN_MS = 1;

type Messages = Awaited<ReturnType<PGlite["execProtocolStream"]>>;

/** A statement that the database has parsed. */
interface Prepared {
  name: string;
  /** Types of its parameters, by which values become text. */
  types: number[];
  /** What the database told of its columns; executing it does not tell again. */
  columns: Messages;
}

/**
 * Statements of PGlite that are parsed once. Its own `query` has each parsed, described twice and planned anew, in six
 * messages; here a known text takes one. The first known is the first forgotten, and of an unknown one nothing is kept
 * when it fails.
 */
class PreparedStatements {
  readonly #client: PGlite;
  readonly #known = new Map<string, Prepared>();
  #names = 0;
  /** Merging some hundred of them for every answer takes as long as the query. */
  #parsers: PGlite["parsers"] | undefined;

  constructor(client: PGlite) {
    this.#client = client;
  }

  /**
   * Not safe for two callers at once. The first call decides how values are parsed: Drizzle gives the same parsers with
   * every query. Rejects with the database's error.
   */
  async run<T>(text: string, params: readonly unknown[] = [], options?: QueryOptions): Promise<Results<T>> {
    const { name, types, columns } = this.#known.get(text) ?? (await this.#prepare(text));
    const values = params.map((value, index) => this.#toText(value, types[index] as number));
    const rows = await this.#send(serialize.bind({ statement: name, values }), serialize.execute({}));
    this.#parsers ??= { ...this.#client.parsers, ...options?.parsers };
    const { rowMode = "object" } = options ?? {};
    const [results] = parse.parseResults([...columns, ...rows], this.#parsers, { rowMode });
    return results as Results<T>;
  }

  async #prepare(text: string): Promise<Prepared> {
    const name = `s${++this.#names}`;
    const told = await this.#send(serialize.parse({ name, text }), serialize.describe({ type: "S", name }));
    const types = parse.parseDescribeStatementResults(told);
    const statement = { name, types, columns: told.filter((message) => message.name === "rowDescription") };
    this.#known.set(text, statement);
    const [oldest] = this.#known;
    if (this.#known.size > STATEMENTS_MAX && oldest !== undefined) {
      this.#known.delete(oldest[0]);
      await this.#send(serialize.close({ type: "S", name: oldest[1].name }));
    }
    return statement;
  }

  #toText(value: unknown, type: number): string | null {
    if (value === null || value === undefined) return null;
    const serializer = this.#client.serializers[type];
    return serializer === undefined ? String(value as string) : serializer(value);
  }

  /** Messages up to the next point at which the database has answered everything. */
  #send(...messages: Uint8Array[]): Promise<Messages> {
    return this.#client.execProtocolStream(Buffer.concat([...messages, serialize.sync()]), { syncToFs: false });
  }
}

/**
 * What Drizzle needs of PGlite, and no more: its queries and transactions, with prepared statements. Nothing of PGlite waits for
 * anything but its own locks, so that statement after statement would run before anybody else of this process has a
 * turn; here others get one every millisecond.
 */
export function prepareStatements(client: PGlite): PGlite {
  const statements = new PreparedStatements(client);
  let turnedMs = 0;
  const run = <T>(...query: Parameters<PGlite["query"]>) =>
    client._runExclusiveQuery(async () => {
      if (performance.now() - turnedMs > TURN_MS) {
        await setImmediate();
        turnedMs = performance.now();
      }
      // A closed database would compute for ever.
      await client._checkReady();
      return statements.run<T>(...query);
    });
  const query = <T>(...given: Parameters<PGlite["query"]>) => client._runExclusiveTransaction(() => run<T>(...given));
  const transaction = <T>(work: (tx: Transaction) => Promise<T>) =>
    client.transaction((tx) => {
      const queryIn = async <Row>(...given: Parameters<PGlite["query"]>) => {
        if (tx.closed) throw new Error("Transaction is closed");
        return run<Row>(...given);
      };
      return work(Object.assign(Object.create(tx) as Transaction, { query: queryIn }));
    });
  return Object.assign(Object.create(client) as PGlite, { query, transaction });
}
