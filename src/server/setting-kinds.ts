import { isIP, SocketAddress } from "node:net";
import { resolve } from "node:path";
import { z } from "zod";
import { ConnectionUrlError, parseConnectionUrl } from "./connection-url.ts";
import { plainUrl } from "./plain-url.ts";
import { paths } from "../files/paths.ts";

/**
 * A kind of setting: converts text to a value. `read` returns undefined for any text that is not exactly such a value;
 * nothing is guessed. With `isShown` the problem quotes the text, so it must not hold a secret.
 */
function kind<T>(wanted: string, read: (text: string) => T | undefined, { isShown = false } = {}) {
  return z.string().transform((text, context) => {
    const value = read(text);
    if (value !== undefined) return value;
    const shown = isShown ? `${JSON.stringify(text.slice(0, 40))} is not ` : "expected ";
    context.addIssue({ code: "custom", message: shown + wanted });
    return z.NEVER;
  });
}

const isTrimmed = (text: string) => text !== "" && text.trim() === text;
const matching = (pattern: RegExp) => (text: string) => (pattern.test(text) ? text : undefined);

/** Decimal digits only: no sign, blank, fraction, exponent, separator, hexadecimal or leading zero. */
export function whole(min: number, max: number) {
  const range = max === Number.MAX_SAFE_INTEGER ? `from ${min} on` : `from ${min} to ${max}`;
  const read = (text: string) => {
    const value = /^(0|[1-9][0-9]*)$/.test(text) ? Number(text) : NaN;
    return Number.isSafeInteger(value) && value >= min && value <= max ? value : undefined;
  };
  return kind(`a whole number ${range}, in decimal digits`, read, { isShown: true });
}

export const positive = whole(1, Number.MAX_SAFE_INTEGER);

export const flag = kind("true or false", (text) => ({ true: true, false: false })[text], { isShown: true });

export function choice<const T extends string>(...values: T[]) {
  return kind(`one of ${values.join(", ")}`, (text) => values.find((value) => value === text), { isShown: true });
}

/** A name or address to listen on. Short addresses such as `127.1` look like names, but no name ends in a number. */
function readHost(text: string): string | undefined {
  if (isIP(text) !== 0) return text;
  const labels = text.split(".");
  const isName = labels.every((label) => /^[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?$/i.test(label));
  return isName && text.length <= 253 && !/^(\d+|0x[0-9a-f]*)$/i.test(labels.at(-1) as string) ? text : undefined;
}

export const host = kind("an IP address without brackets, or the name of a host", readHost, { isShown: true });

/** Resolves relative paths against the checkout, so that they do not depend on the current directory. */
export const inCheckout = (path: string): string => resolve(paths.root, path);

/** No shell expands a setting: `~`, a variable, quotes or a URL would become the name of a folder. */
function readPath(text: string): string | undefined {
  return isTrimmed(text) && !/^[~$"']|^[a-z]+:\/\//i.test(text) ? inCheckout(text) : undefined;
}

export const path = kind("a path, without blanks around it, and with ~ and variables written out", readPath);

/** Items separated by commas, with optional blanks around them; no item may be empty. */
function readList<T>(text: string, read: (item: string) => T | undefined): T[] | undefined {
  const values = isTrimmed(text) ? text.split(",").map((item) => read(item.trim())) : [undefined];
  return values.every((value) => value !== undefined) ? values : undefined;
}

function list<T>(wanted: string, read: (item: string) => T | undefined) {
  return kind(`${wanted}, with a comma between two of them`, (text) => readList(text, read));
}

export const pathList = list("paths", readPath);

/** Returns the address in the system's spelling, because addresses are compared as text. */
function readAddress(text: string): string | undefined {
  if (isIP(text) !== 6) return isIP(text) === 4 ? text : undefined;
  const [address = "", zone] = text.split("%");
  const canonical = new SocketAddress({ address, family: "ipv6" }).address.replace(/^::ffff:(?=\d+\.)/, "");
  return zone === undefined ? canonical : `${canonical}%${zone}`;
}

export const addressList = list("IP addresses", readAddress);

/** An origin exactly as browsers send it, because any other spelling would never match. */
function readOrigin(text: string): string | undefined {
  const hasShape = /^https?:\/\/([a-z0-9._-]+|\[[0-9a-f:]+\])(:[0-9]+)?$/.test(text);
  return hasShape && URL.canParse(text) && new URL(text).origin === text ? text : undefined;
}

export const originList = kind(
  "* alone, or origins as browsers send them, such as https://app.example.org (small letters, no path, no usual port), " +
    "with a comma between two of them",
  (text) => (text === "*" ? [text] : readList(text, readOrigin)),
);
/** Returns the URL with its path, be it only `/`. */
function readUrlPrefix(text: string): string | undefined {
  const url = plainUrl(text);
  return url === undefined || text.includes("?") ? undefined : url.href;
}

export const urlPrefixList = list("URLs https://host/path, without user name, query, %, and ..", readUrlPrefix);

/** The URL holds a password, so problems name the parameter and never quote the URL. */
export const databaseUrl = z.string().transform((text, context) => {
  try {
    if (!isTrimmed(text)) throw new ConnectionUrlError("expected a URL postgres://…, without blanks around it");
    parseConnectionUrl(text, process.env);
  } catch (error) {
    if (!(error instanceof ConnectionUrlError)) throw error;
    context.addIssue({ code: "custom", message: error.message });
  }
  return text;
});

/** As strict as POST /user and POST /token, so that the administrator can log in. */
export const userId = kind(
  "4 to 254 of the characters a-z, A-Z, 0-9, _ and @, the first one a letter",
  matching(/^[a-zA-Z][a-zA-Z_0-9@]{3,253}$/),
);

const textOf = (min: number, max: number) => (text: string) =>
  text.trim() !== "" && text.length >= min && text.length <= max ? text : undefined;

export const userName = kind("1 to 254 characters, without blanks around them", (text) =>
  textOf(1, 254)(text.trim() === text ? text : ""),
);

/** Not trimmed: blanks belong to the secret. */
export const secret = (min: number, max: number) =>
  kind(`${min} to ${max} characters, not only blanks`, textOf(min, max));

/** Must be a valid header value. */
export const bearerToken = kind("16 characters or more, all of them visible and ASCII", matching(/^[\x21-\x7e]{16,}$/));
