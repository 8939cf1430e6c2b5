function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) {
    // Rows of numbers come by the million: only arrays that hold objects need a copy.
    return value.some((item) => typeof item === "object" && item !== null) ? value.map(sortKeys) : value;
  }
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return Object.fromEntries(entries.map(([key, item]) => [key, sortKeys(item)]));
}

/** JSON with the keys of every object in alphabetical order, as the contract has it. */
export function sortedJson(value: object): string {
  return JSON.stringify(sortKeys(value));
}
