import { userInfo } from "node:os";
import { expect, test } from "vitest";
import { parseConnectionUrl } from "../../src/server/connection-url.ts";

const parse = (url: string, env: Record<string, string> = {}) => parseConnectionUrl(url, env);

test.each([
  ["postgres://u:p@h:1/d", { user: "u", password: "p", host: "h", port: 1, database: "d", name: "h:1/d" }],
  ["postgresql://", { user: userInfo().username, password: "", host: "localhost", port: 5432 }],
  ["postgres://u@/d", { user: "u", host: "localhost", database: "d" }],
  ["postgres://h", { host: "h", database: userInfo().username }],
  ["postgres://u@h", { database: "u" }],
  ["postgres://u@h?sslmode=disable", { host: "h", database: "u", ssl: false }],
  ["postgres://[::1]:6/d", { host: "::1", port: 6, name: "[::1]:6/d" }],
  ["postgres://u:p@[2001:db8::1]/d", { user: "u", host: "2001:db8::1", port: 5432 }],
  [
    "postgres:///d?host=/var/run/postgresql",
    { host: "/var/run/postgresql", ssl: false, name: "d in /var/run/postgresql" },
  ],
  ["postgres://%2Fvar%2Frun%2Fpostgresql/d", { host: "/var/run/postgresql", database: "d" }],
  ["postgres:///d?host=/a b&port=7".replace(" ", "%20"), { host: "/a b", port: 7 }],
  ["postgres://some%40one:p%3Aa%2Fs%25s%40@h/d%20b", { user: "some@one", password: "p:a/s%s@", database: "d b" }],
  ["postgres://u:a/b?c#d@h/d", { user: "u", password: "a/b?c#d", host: "h" }],
  ["postgres://u:a:b@h/d", { password: "a:b" }],
  ["postgres://gr%C3%B6%C3%9Fe:%F0%9F%98%80@h/d", { user: "größe", password: "😀" }],
  ["postgres://h/d?user=u&password=p%26w&dbname=e", { user: "u", password: "p&w", database: "e" }],
  [
    "postgres://h/d?application_name=a+b&options=-c%20search_path%3Dmine",
    { session: { application_name: "a+b", options: "-c search_path=mine" } },
  ],
  ["postgres://h/d?connect_timeout=3", { connectSeconds: 3 }],
  [
    "postgres://h/d?channel_binding=prefer&gssencmode=disable&client_encoding=UTF8&target_session_attrs=read-write",
    { host: "h" },
  ],
  ["postgres://h/d", { ssl: "prefer", connectSeconds: 15 }],
  ["postgres://h/d?sslmode=prefer", { ssl: "prefer" }],
  ["postgres://h/d?sslmode=allow", { ssl: "prefer" }],
  ["postgres://h/d?sslmode=require", { ssl: { rejectUnauthorized: false } }],
  ["postgres://h/d?ssl=true", { ssl: { rejectUnauthorized: false } }],
  [
    "postgres://h/d?sslmode=verify-full&sslrootcert=system",
    { ssl: expect.objectContaining({ rejectUnauthorized: true }) },
  ],
  ["postgres:///d?host=/tmp&sslmode=require", { ssl: false }],
])("%s", (url, expected) => {
  expect(parse(url)).toMatchObject(expected);
});

test("libpq's variables supply what the URL omits", () => {
  const env = { PGHOST: "h", PGPORT: "7", PGUSER: "u", PGPASSWORD: "p", PGDATABASE: "d", PGSSLMODE: "disable" };
  expect(parse("postgres://", env)).toMatchObject({
    host: "h",
    port: 7,
    user: "u",
    password: "p",
    database: "d",
    ssl: false,
  });
  expect(parse("postgres://v@g:8/e", env)).toMatchObject({
    host: "g",
    port: 8,
    user: "v",
    password: "p",
    database: "e",
  });
  expect(() => parse("postgres://h/d", { PGTARGETSESSIONATTRS: "standby" })).toThrow("target_session_attrs=standby");
});

test.each([
  ["mysql://h/d", "expected a URL postgres://"],
  ["h:5432/d", "expected a URL postgres://"],
  ["postgres://a,b/d", "host: several hosts are not possible"],
  ["postgres://u:p@a:1,b:2/d?target_session_attrs=primary", "host: several hosts are not possible"],
  ["postgres:///d?host=a,b", "host: several hosts are not possible"],
  ["postgres://h/d?target_session_attrs=standby", "target_session_attrs=standby is not possible"],
  ["postgres://h/d?channel_binding=require", "channel_binding=require is not possible"],
  ["postgres://h/d?gssencmode=require", "gssencmode=require is not possible"],
  ["postgres://h/d?sslmode=on", "sslmode=on is not possible"],
  ["postgres://h/d?sslmode=", "sslmode: has no value"],
  ["postgres://h/d?client_encoding=LATIN1", "client_encoding=LATIN1 is not possible"],
  ["postgres://h/d?sslrootcert=/nowhere/root.crt", "sslrootcert: needs sslmode=require"],
  ["postgres://h/d?sslmode=verify-ca&sslrootcert=/nowhere/root.crt", "sslrootcert: ENOENT"],
  ["postgres://h/d?sslmode=verify-ca&sslrootcert=system", "sslrootcert=system needs sslmode=verify-full"],
  ["postgres://h/d?sslmode=require&sslcert=/nowhere/a.crt", "sslcert, sslkey: one needs the other"],
  ["postgres://h/d?passfile=/a", "passfile: files of libpq are not read"],
  ["postgres://h/d?service=a", "service: files of libpq are not read"],
  ["postgres://h/d?sslcrl=/a", "sslcrl: not understood"],
  ["postgres://h/d?hostaddr=127.0.0.1", "hostaddr: not understood"],
  [
    "postgres://h/d?search_path=mine",
    "search_path: not understood; settings of the session go into options=-c%20name=value",
  ],
  ["postgres://h/d?__proto__=a", "__proto__: not understood"],
  ["postgres://h/d?connect_timeout", "connect_timeout: not one name=value"],
  ["postgres://h/d?options=-c a=b", "options: not one name=value"],
  ["postgres://h/d?connect_timeout=0", "connect_timeout: not a whole number from 1 to 3600"],
  ["postgres://h/d?connect_timeout=1e2", "connect_timeout: not a whole number"],
  ["postgres://h:0/d", "port: not a whole number from 1 to 65535"],
  ["postgres://h:65536/d", "port: not a whole number"],
  ["postgres://h:5x/d", "port: not a whole number"],
  ["postgres://::1/d", "port: not a whole number"],
  ["postgres://[::1/d", "host: neither a name nor an address; IPv6 needs [ and ]"],
  ["postgres://u:s3cret%@h/d", "password: % is not followed by the two digits"],
  ["postgres://u:s3cret%zz@h/d", "password: % is not followed"],
  ["postgres://u:s3cret%00@h/d", "password: %00 is not possible"],
  ["postgres://u%ff@h/d", "user: % is not followed"],
])("%s is refused by name", (url, text) => {
  expect(() => parse(url)).toThrow(text);
  expect(() => parse(url)).not.toThrow("s3cret");
});
