import { printable } from "./printable.ts";

/** JSON on one line, with the keys of all objects in alphabetical order. */
function compactJson(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    typeof item === "object" && item !== null && !Array.isArray(item) ? sortedEntries(item) : item,
  );
}

function sortedEntries(value: object): object {
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The notation of upstream's tool for lists: `[map[a:1 b:2]]`. */
function goText(value: unknown): string {
  if (value === null || value === undefined) return "<nil>";
  if (Array.isArray(value)) return `[${value.map(goText).join(" ")}]`;
  if (typeof value !== "object") return String(value as string | number | boolean);
  const entries = Object.entries(sortedEntries(value));
  return `map[${entries.map(([key, item]) => `${key}:${goText(item)}`).join(" ")}]`;
}

/** The text of an answer's value in a table. */
export function cellText(value: unknown): string {
  const isMap = typeof value === "object" && value !== null && !Array.isArray(value);
  const text = isMap ? compactJson(value) : goText(value);
  return printable(text.replaceAll("\r\n", "\n"));
}
