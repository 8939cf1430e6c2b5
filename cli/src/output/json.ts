import { printable } from "./printable.ts";

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, sortKeys(item)]));
}

/** JSON for `-j`: four blanks per level, the keys of all objects in alphabetical order. */
export function prettyJson(value: unknown): string {
  return printable(JSON.stringify(sortKeys(value), undefined, 4));
}

/** A line of JSON, for a stream of them. */
export const jsonLine = (value: unknown) => `${printable(JSON.stringify(value))}\n`;
