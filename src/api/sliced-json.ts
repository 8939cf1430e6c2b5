import { setImmediate } from "node:timers/promises";
import { sortedJson } from "./sorted-json.ts";

/** Items of an array that become text without a pause: 1 or 2 ms for rows of a list. */
const ITEMS_PER_SLICE = 1024;

/** Whether an answer is so long that turning it into text at once would keep other requests waiting. */
export const isLong = (answer: object) =>
  Object.values(answer).some((value) => Array.isArray(value) && value.length > ITEMS_PER_SLICE);

/** The same text as `sortedJson`, in pieces; other requests get their turn between two of them. */
export async function* slicedJson(answer: object): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  let before = "{";
  for (const [key, value] of Object.entries(answer).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (value === undefined) continue;
    before += `${JSON.stringify(key)}:`;
    if (!Array.isArray(value)) {
      before += `${sortedJson(value)},`;
      continue;
    }
    before += "[";
    for (let first = 0; first < value.length; first += ITEMS_PER_SLICE) {
      const slice = sortedJson(value.slice(first, first + ITEMS_PER_SLICE));
      yield encoder.encode(before + slice.slice(1, -1));
      before = ",";
      await setImmediate();
    }
    before = value.length === 0 ? `${before}],` : "],";
  }
  yield encoder.encode(`${before.endsWith(",") ? before.slice(0, -1) : before}}`);
}
