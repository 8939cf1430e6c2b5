import postgres, { type Options, type Sql } from "postgres";
import type { ServerAddress } from "../server/connection-url.ts";

/** Our patch of the driver adds `query_timeout`, in seconds; null: no limit. */
interface PatchedOptions extends Options<Record<string, never>> {
  query_timeout: number | null;
}

/** Options of all connections. There is no backoff: while the server is away, every request fails at once. */
function common(address: ServerAddress): Options<Record<string, never>> {
  const { host, port, database, user, password, ssl, connectSeconds, session } = address;
  return {
    // One-element lists, which the driver's types do not allow: it would split an IPv6 address at its colons.
    host: [host] as unknown as string,
    port: [port] as unknown as number,
    ...(host.startsWith("/") ? { path: `${host}/.s.PGSQL.${port}` } : {}),
    database,
    username: user,
    password,
    ssl,
    connect_timeout: connectSeconds,
    backoff: () => 0,
    onnotice: () => {},
    connection: session,
  };
}

/**
 * A pool of `connections` connections. A broken connection is reopened when needed. A connection is closed when the
 * server stays silent for `querySeconds` during a query.
 */
export function createPool(address: ServerAddress, { connections, querySeconds }: PoolOptions): Sql {
  // No maximum age: after closing an old connection, another client might take its slot on the server.
  const options: PatchedOptions = {
    ...common(address),
    max: connections,
    query_timeout: querySeconds,
    max_lifetime: null,
  };
  return postgres(options);
}

export interface PoolOptions {
  connections: number;
  querySeconds: number;
}

interface OnceOptions {
  /** Name in the server's list of connections. */
  name: string;
  /** As for a pool; null: no limit. */
  querySeconds: number | null;
  /** Called when the connection ends, no matter which side closes it. */
  onClose?: () => void;
}

/** A single connection without prepared statements: behind a pooler, each statement may reach another process. */
export function connectOnce(address: ServerAddress, { name, querySeconds, onClose }: OnceOptions): Sql {
  const options: PatchedOptions = {
    ...common(address),
    max: 1,
    max_lifetime: null,
    query_timeout: querySeconds,
    prepare: false,
    fetch_types: false,
    connection: { ...address.session, application_name: name },
    ...(onClose && { onclose: onClose }),
  };
  return postgres(options);
}
