import { cutText, textWidth } from "./text-width.ts";

/** A part of a line. Where there is too little room, those with the highest rank are left out; those with 0 stay. */
export type LinePart = { rank: number } & (
  | { text: string }
  /** It can have any width in between; what is left of the line's room belongs to the lowest ranks first. */
  | { draw: (width: number) => string; min: number; max: number }
);

const GAP = "  ";

const leastWidth = (part: LinePart) => ("draw" in part ? part.min : textWidth(part.text));

const widthOf = (parts: readonly LinePart[]) =>
  parts.reduce((sum, part) => sum + leastWidth(part), GAP.length * Math.max(0, parts.length - 1));

/** A line of at most `columns` columns; empty texts take no room. */
export function fitLine(all: readonly LinePart[], columns: number): string {
  let parts = all.filter((part) => "draw" in part || part.text !== "");
  while (widthOf(parts) > columns) {
    const highest = Math.max(...parts.map(({ rank }) => rank));
    if (highest <= 0) break;
    parts = parts.filter(({ rank }) => rank !== highest);
  }
  let room = Math.max(0, columns - widthOf(parts));
  const texts = new Map<LinePart, string>();
  for (const part of [...parts].sort((a, b) => a.rank - b.rank)) {
    if (!("draw" in part)) {
      texts.set(part, part.text);
      continue;
    }
    const more = Math.min(room, part.max - part.min);
    room -= more;
    texts.set(part, part.draw(part.min + more));
  }
  return cutText(parts.map((part) => texts.get(part)).join(GAP), columns);
}
