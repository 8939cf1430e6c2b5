/**
 * JSON with the keys of every object in alphabetical order, as the contract has it. It is put together as text: an
 * object with sorted keys would have those that look like numbers, such as names of columns, first and in their order.
 */
export function sortedJson(value: unknown): string {
  if (Array.isArray(value)) {
    // Rows of numbers come by the million.
    const isFlat = !value.some((item) => typeof item === "object" && item !== null);
    return isFlat ? JSON.stringify(value) : `[${value.map((item) => sortedJson(item ?? null)).join(",")}]`;
  }
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${sortedJson(item)}`).join(",")}}`;
}
