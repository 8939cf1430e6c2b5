import type { Cells } from "../../src/encoders/cells.ts";

/** A column of numbers; NaN is missing. */
export const numbers = (name: string, values: readonly number[]): Cells => ({
  name,
  kind: "number",
  categories: [],
  origin: 0,
  values: Float32Array.from(values),
});

/** A column of categories; undefined is missing. */
export function categories(name: string, texts: readonly (string | undefined)[]): Cells {
  const known = [...new Set(texts.filter((text) => text !== undefined))];
  const values = Float32Array.from(texts, (text) => (text === undefined ? NaN : known.indexOf(text)));
  return { name, kind: "category", categories: known, origin: 0, values };
}

/** A column of times, stored as seconds after the first. */
export function times(name: string, texts: readonly string[]): Cells {
  const origin = Date.parse(texts[0]!) / 1000;
  const values = Float32Array.from(texts, (text) => Date.parse(text) / 1000 - origin);
  return { name, kind: "time", categories: [], origin, values };
}
