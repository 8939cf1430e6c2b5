import postgres, { type Sql } from "postgres";

/** A server that says nothing is given up after this; one that is not there says so at once. A busy machine takes seconds. */
const connectSeconds = 15;
const connectionsMax = 10;

/** No waiting between tries: while the server is away every request learns so at once. */
const common = { connect_timeout: connectSeconds, backoff: () => 0, onnotice: () => {} };

/** Connections to the server behind `url`. They may break, and are made again when they are needed. */
export function createPool(url: string): Sql {
  return postgres(url, { ...common, max: connectionsMax });
}

/** One connection, for what may take its time. `onClose` learns when it ended, whoever ended it. */
export function connectOnce(url: string, applicationName: string, onClose: () => void = () => {}): Sql {
  return postgres(url, {
    ...common,
    max: 1,
    max_lifetime: null,
    connection: { application_name: applicationName },
    onclose: onClose,
  });
}

/** Where the server is, without the password that the URL may hold. */
export function describeUrl(url: string): string {
  const { host, pathname } = new URL(url);
  return `${host}${pathname}`;
}
