import { setImmediate } from "node:timers/promises";
import { parse, type PGlite, protocol, type QueryOptions, type Results, type Transaction } from "@electric-sql/pglite";
import { STATEMENTS_MAX } from "./statements-max.ts";

const { serialize } = protocol;

/** After statements have run for this long, the event loop gets a turn before the next one. */
const TURN_MS = 1;

type Messages = Awaited<ReturnType<PGlite["execProtocolStream"]>>;

/** A statement parsed by the database. */
interface Prepared {
  name: string;
  /** Types of its parameters; they choose how values are serialized to text. */
  types: number[];
  /** The database's description of its columns, which executing does not repeat. */
  columns: Messages;
}

/**
 * Parses each statement of PGlite only once. PGlite's own `query` parses, describes (twice) and plans each statement
 * anew, in six messages; here a known text takes one. The oldest statement is evicted first; a new statement that fails
 * is not kept.
 */
class PreparedStatements {
  readonly #client: PGlite;
  readonly #known = new Map<string, Prepared>();
  #names = 0;
  /** Cached, because merging hundreds of parsers for every answer takes as long as the query. */
  #parsers: PGlite["parsers"] | undefined;

  constructor(client: PGlite) {
    this.#client = client;
  }

  /**
   * Calls must not overlap. The first call decides how values are parsed: Drizzle passes the same parsers with every
   * query. Rejects with the database's error.
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

  /** Sends messages followed by a sync, and returns all answers. */
  #send(...messages: Uint8Array[]): Promise<Messages> {
    return this.#client.execProtocolStream(Buffer.concat([...messages, serialize.sync()]), { syncToFs: false });
  }
}

/**
 * The part of PGlite that Drizzle needs: queries and transactions, with prepared statements. PGlite waits for nothing
 * but its own locks, so consecutive statements would starve the rest of the process; here the event loop gets a turn
 * every millisecond.
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
      // A closed database would compute forever.
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
