import { printable } from "../output/printable.ts";
import { charactersOf } from "../output/text-width.ts";

const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** Text that is no markup, whatever it contains. Characters that XML cannot hold become question marks. */
export const escaped = (text: string): string =>
  printable(text)
    .replaceAll("\n", " ")
    .replace(/[\ufffe\uffff]|\p{Surrogate}/gu, "\ufffd")
    .replace(/[&<>"']/g, (character) => ENTITIES[character] as string);

/** A coordinate with at most two decimals. */
export const at = (value: number): string => String(Number(value.toFixed(2)));

/** An element; attributes whose value is undefined are left out. */
export function element(name: string, attributes: Record<string, string | number | undefined>, content = ""): string {
  const listed = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${typeof value === "number" ? at(value) : escaped(value as string)}"`)
    .join("");
  return content === "" ? `<${name}${listed}/>` : `<${name}${listed}>${content}</${name}>`;
}

/** Text at a place, in the colour and size of its group unless said otherwise. */
export const label = (x: number, y: number, text: string, more: Record<string, string | number> = {}): string =>
  element("text", { x, y, ...more }, escaped(text));

/** Widths of characters in a sans-serif font, in ems; rather too wide than too narrow. */
function emsOf(character: string): number {
  if (/[ijlI.,:;'|!]/.test(character)) return 0.34;
  if (/[mwMW@%]/.test(character)) return 1;
  if (/[\x20-\x7e]/.test(character)) return /[A-Z]/.test(character) ? 0.76 : 0.62;
  return /^[\u00a1-\u1fff]/.test(character) ? 0.76 : 1.1;
}

/** The text, or its beginning and `…`, so that it takes about `width` at most. */
export function shortened(text: string, width: number, fontSize: number): string {
  const characters = charactersOf(printable(text).replaceAll("\n", " "));
  let room = width / fontSize;
  const end = characters.findIndex((character) => (room -= emsOf(character)) < 0);
  return end === -1 ? characters.join("") : `${characters.slice(0, Math.max(1, end - 1)).join("")}…`;
}
