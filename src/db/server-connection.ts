import postgres, { type Options, type Sql } from "postgres";
import type { ServerAddress } from "../server/connection-url.ts";

/** The patch of the driver adds `query_timeout`, in seconds; null: no limit. */
interface PatchedOptions extends Options<Record<string, never>> {
  query_timeout: number | null;
}

/** The address, and no waiting between tries: while the server is away every request learns so at once. */
function common(address: ServerAddress): Options<Record<string, never>> {
  const { host, port, database, user, password, ssl, connectSeconds, session } = address;
  return {
    // Lists of one, which its types do not know: the driver would cut an IPv6 address at its colons.
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
 * `connections` connections to a server. They may break, and are made again when they are needed. One whose server says
 * nothing for so many seconds of a query is ended.
 */
export function createPool(address: ServerAddress, { connections, querySeconds }: PoolOptions): Sql {
  // Others may have taken its place before a connection that was closed for its age is made again.
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
  /** What the server's list of connections shows. */
  name: string;
  /** As for a pool; null for what may take its time. */
  querySeconds: number | null;
  /** Learns when it ended, whoever ended it. */
  onClose?: () => void;
}

/** One connection. Its statements are not prepared: behind a pooler the next one may meet another server process. */
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
