import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { homedir, userInfo } from "node:os";
import { join } from "node:path";
import { checkServerIdentity, rootCertificates, type ConnectionOptions } from "node:tls";

/** What the driver needs to connect. */
export interface ServerAddress {
  /** For messages: the server's address, without the password. */
  name: string;
  /** Name or address of a host, or the folder of a Unix socket. */
  host: string;
  port: number;
  database: string;
  user: string;
  password: string;
  ssl: false | "prefer" | ConnectionOptions;
  connectSeconds: number;
  /** Session settings. */
  session: Record<string, string>;
}

/** A `DATABASE_URL` that libpq would reject, or that requests something that this server does not support. */
export class ConnectionUrlError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ConnectionUrlError";
  }
}

/** Timeout for a server that does not answer; a refused connection fails at once. A busy machine takes seconds. */
const defaultConnectSeconds = 15;

/** The supported parameters of libpq, and the environment variables that supply their defaults. */
const variables: Record<string, string> = {
  host: "PGHOST",
  port: "PGPORT",
  dbname: "PGDATABASE",
  user: "PGUSER",
  password: "PGPASSWORD",
  application_name: "PGAPPNAME",
  options: "PGOPTIONS",
  connect_timeout: "PGCONNECT_TIMEOUT",
  client_encoding: "PGCLIENTENCODING",
  channel_binding: "PGCHANNELBINDING",
  gssencmode: "PGGSSENCMODE",
  target_session_attrs: "PGTARGETSESSIONATTRS",
  sslmode: "PGSSLMODE",
  sslrootcert: "PGSSLROOTCERT",
  sslcert: "PGSSLCERT",
  sslkey: "PGSSLKEY",
};

/** Parameters of which only some values are supported; most of these values change nothing. */
const possible: Record<string, readonly string[]> = {
  client_encoding: ["UTF8", "UTF-8", "utf8", "utf-8", "auto"],
  channel_binding: ["disable", "prefer"],
  gssencmode: ["disable", "prefer"],
  // The start checks that the only host accepts writes.
  target_session_attrs: ["any", "read-write", "primary"],
  sslmode: ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"],
};

type Parameters = Map<string, string>;

/**
 * Parses a URL as libpq does: percent-encoding everywhere, `[::1]`, `host=/folder` for a Unix socket, and environment
 * variables for missing parameters. Throws ConnectionUrlError, which names the parameter and never the password.
 */
export function parseConnectionUrl(url: string, env: Record<string, string | undefined>): ServerAddress {
  const parameters = readUrl(url);
  for (const [name, variable] of Object.entries(variables)) {
    const value = env[variable];
    if (value !== undefined && value !== "" && !parameters.has(name)) parameters.set(name, value);
  }
  for (const [name, values] of Object.entries(possible)) {
    const value = parameters.get(name);
    if (value !== undefined && !values.includes(value)) {
      throw new ConnectionUrlError(`${name}=${value} is not possible: ${values.join(", ")}`);
    }
  }
  const host = parameters.get("host") ?? "localhost";
  const portText = parameters.get("port") ?? "5432";
  if (host.includes(",") || portText.includes(",")) {
    throw new ConnectionUrlError("host: several hosts are not possible; name one that leads to the primary server");
  }
  const port = wholeNumber("port", portText, 65_535);
  const user = parameters.get("user") ?? userInfo().username;
  const database = parameters.get("dbname") ?? user;
  const isSocket = host.startsWith("/");
  const session: Record<string, string> = {};
  const options = parameters.get("options");
  if (options !== undefined) session["options"] = options;
  const applicationName = parameters.get("application_name");
  if (applicationName !== undefined) session["application_name"] = applicationName;
  return {
    name: isSocket ? `${database} in ${host}` : `${host.includes(":") ? `[${host}]` : host}:${port}/${database}`,
    host,
    port,
    database,
    user,
    password: parameters.get("password") ?? "",
    ssl: isSocket ? false : readTls(parameters, host),
    connectSeconds: wholeNumber(
      "connect_timeout",
      parameters.get("connect_timeout") ?? `${defaultConnectSeconds}`,
      3600,
    ),
    session,
  };
}

function wholeNumber(name: string, text: string, max: number): number {
  const value = /^[0-9]{1,9}$/.test(text) ? Number(text) : 0;
  if (value < 1 || value > max) throw new ConnectionUrlError(`${name}: not a whole number from 1 to ${max}`);
  return value;
}

/** Splits `postgresql://[user[:password]@][host][:port][/dbname][?name=value[&…]]` where libpq splits it. */
function readUrl(url: string): Parameters {
  const start = /^postgres(ql)?:\/\//.exec(url);
  if (start === null) throw new ConnectionUrlError("expected a URL postgres://… or postgresql://…");
  let rest = url.slice(start[0].length);
  const parameters: Parameters = new Map();
  const set = (name: string, value: string) => value !== "" && parameters.set(name, decode(name, value));

  const credentials = /^([^@/]*)@|^([^@/:]*:[^@]*)@(?=[^@]*$)/.exec(rest);
  if (credentials !== null) {
    const [user = "", ...password] = (credentials[1] ?? credentials[2] ?? "").split(":");
    set("user", user);
    set("password", password.join(":"));
    rest = rest.slice(credentials[0].length);
  }
  const [, authority = "", path = "", query] = /^([^/?]*)(?:\/([^?]*))?(?:\?([^]*))?$/.exec(rest) ?? [];
  if (authority.includes(",")) {
    throw new ConnectionUrlError("host: several hosts are not possible; name one that leads to the primary server");
  }
  const place = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]*))(?::(.*))?$/.exec(authority);
  if (place === null) throw new ConnectionUrlError("host: neither a name nor an address; IPv6 needs [ and ]");
  set("host", place[1] ?? place[2] ?? "");
  set("port", place[3] ?? "");
  set("dbname", path);
  for (const pair of (query ?? "").split("&")) {
    if (pair === "") continue;
    const [name = "", value, ...more] = pair.split("=");
    if (value === undefined || more.length > 0) throw new ConnectionUrlError(`${name}: not one name=value`);
    if (value === "") throw new ConnectionUrlError(`${name}: has no value`);
    // The spelling of Java drivers.
    if (name === "ssl" && value === "true") set("sslmode", "require");
    else if (Object.hasOwn(variables, name)) set(name, value);
    else if (name === "passfile" || name === "service") {
      throw new ConnectionUrlError(`${name}: files of libpq are not read; write into the URL what it says`);
    } else
      throw new ConnectionUrlError(`${name}: not understood; settings of the session go into options=-c%20name=value`);
  }
  return parameters;
}

function decode(name: string, text: string): string {
  let decoded: string;
  try {
    decoded = decodeURIComponent(text);
  } catch {
    throw new ConnectionUrlError(`${name}: % is not followed by the two digits of a character; a plain % is %25`);
  }
  if (decoded.includes("\0")) throw new ConnectionUrlError(`${name}: %00 is not possible`);
  return decoded;
}

function readTls(parameters: Parameters, host: string): ServerAddress["ssl"] {
  const mode = parameters.get("sslmode") ?? "prefer";
  const files = ["sslrootcert", "sslcert", "sslkey"].filter((name) => parameters.has(name));
  const isChecked = mode === "require" || mode === "verify-ca" || mode === "verify-full";
  if (!isChecked && files[0] !== undefined) {
    throw new ConnectionUrlError(`${files[0]}: needs sslmode=require, verify-ca or verify-full`);
  }
  if (mode === "disable") return false;
  // `allow` differs only in what it tries first.
  if (!isChecked) return "prefer";
  const client: ConnectionOptions = {};
  const [certificate, key] = [parameters.get("sslcert"), parameters.get("sslkey")];
  if ((certificate === undefined) !== (key === undefined)) {
    throw new ConnectionUrlError("sslcert, sslkey: one needs the other");
  }
  if (certificate !== undefined) client.cert = readFile("sslcert", certificate);
  if (key !== undefined) client.key = readFile("sslkey", key);
  const root = parameters.get("sslrootcert");
  // Without a root certificate there is nothing to check against, and `require` does not demand it.
  if (mode === "require" && root === undefined) return { ...client, rejectUnauthorized: false };
  if (root === "system" && mode !== "verify-full") {
    throw new ConnectionUrlError("sslrootcert=system needs sslmode=verify-full");
  }
  const ca = root === "system" ? [...rootCertificates] : readRoot(root ?? join(homedir(), ".postgresql/root.crt"));
  const isNameChecked = mode === "verify-full";
  return {
    ...client,
    ca,
    rejectUnauthorized: true,
    checkServerIdentity: (_, peer) => (isNameChecked ? checkServerIdentity(host, peer) : undefined),
  };
}

function readRoot(path: string): string {
  const text = readFile("sslrootcert", path);
  try {
    new X509Certificate(text);
  } catch {
    throw new ConnectionUrlError(`sslrootcert: ${path} holds no certificate`);
  }
  return text;
}

function readFile(name: string, path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new ConnectionUrlError(`${name}: ${(error as Error).message}`);
  }
}
