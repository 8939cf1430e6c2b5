import pg from "pg";

/** A server that says nothing is given up after this; one that is not there says so at once. A busy machine takes seconds. */
const connectMs = 15_000;
/** No query of ours takes a second; one whose answer does not come must not hold its caller for ever. */
const queryMs = 30_000;
const connectionsMax = 10;

/** Connections to the server behind `url`. They may break, and are made again when they are needed. */
export function createPool(url: string): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max: connectionsMax,
    connectionTimeoutMillis: connectMs,
    query_timeout: queryMs,
    keepAlive: true,
  });
  pool.on("error", () => {});
  pool.on("connect", (client) => {
    // Whoever uses it learns from its query; without a listener the process would end.
    client.on("error", () => {});
    // Drizzle does not give back a connection on which it could not begin a transaction.
    client.once("end", () => {
      try {
        client.release(true);
      } catch {
        // It was given back.
      }
    });
  });
  return pool;
}

/** One connection, for what may take its time. */
export async function connectOnce(url: string, applicationName: string): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: connectMs,
    application_name: applicationName,
    keepAlive: true,
  });
  client.on("error", () => {});
  await client.connect();
  return client;
}

/** Where the server is, without the password that the URL may hold. */
export function describeUrl(url: string): string {
  const { host, pathname } = new URL(url);
  return `${host}${pathname}`;
}
