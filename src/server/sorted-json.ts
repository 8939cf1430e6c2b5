/**
 * JSON with the keys of every object in alphabetical order, as the contract demands. The text is assembled directly,
 * because JavaScript objects order keys that look like numbers, such as names of columns, first and numerically.
 */
export function sortedJson(value: unknown): string {
  if (Array.isArray(value)) {
    // A fast path, because there can be millions of rows of numbers, and lists of many thousand rows of texts.
    return value.every(isFlat) ? JSON.stringify(value) : `[${value.map((item) => sortedJson(item ?? null)).join(",")}]`;
  }
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${sortedJson(item)}`).join(",")}}`;
}

/** Whether a value has no objects but arrays of plain values. */
function isFlat(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return true;
  return Array.isArray(value) && value.every((item) => typeof item !== "object" || item === null);
}
