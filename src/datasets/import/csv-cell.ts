import { parseTime } from "../iso-time.ts";
import type { CellChange } from "./import-warnings.ts";
import { changeBy32Bits } from "./narrow.ts";

/**
 * Linear time: no digit follows a run of digits, so backtracking finds no other match and gives back each digit once.
 */
const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;
const GROUPED = /^[+-]?\d{1,3}(?:,\d{3})+(?:\.\d*)?$/;
/** Texts that programs write for NaN and infinity; no number may be one. */
const NO_NUMBER = /^[+-]?(?:nan|inf|infinity)$/i;
/** Texts that only programs write, for missing values: no names of columns, unlike `Na`. */
const NO_NAME = /^(?:NA|<NA>|#?N\/A|n\/a|None|NIL|\\N|\?)$/;

export type DecimalMark = "." | ",";

/** How a cell of a column is read: two of numbers, two of times (without a zone, and with one), and texts. */
export type ReadKind = "number" | "percent" | "time" | "zoned time" | "category";

/** The text of a number in the form of JavaScript: without separators of thousands, with a decimal point. */
export function plainNumber(text: string, decimal: DecimalMark): string | undefined {
  if (decimal === ".") return NUMBER.test(text) ? text : GROUPED.test(text) ? text.replaceAll(",", "") : undefined;
  // Points and commas change places.
  const swapped = text.replaceAll(/[.,]/g, (mark) => (mark === "." ? "," : "."));
  return plainNumber(swapped, ".");
}

/** The text of the number before a percent sign. */
export const percentText = (text: string, decimal: DecimalMark) =>
  text.endsWith("%") ? plainNumber(text.slice(0, -1).trimEnd(), decimal) : undefined;

/** True or false in any case; undefined for other texts. */
export function truth(text: string): boolean | undefined {
  if (text.length > 5 || text.length < 4) return undefined;
  const word = text.toLowerCase();
  return word === "true" ? true : word === "false" ? false : undefined;
}

/** The only kind that a text may have besides that of a category. A number may be infinite or too big for a float. */
export function kindOfText(text: string, decimal: DecimalMark): ReadKind {
  if (plainNumber(text, decimal) !== undefined || truth(text) !== undefined || NO_NUMBER.test(text)) return "number";
  const time = parseTime(text);
  if (time !== undefined) return time.hasZone ? "zoned time" : "time";
  return percentText(text, decimal) === undefined ? "category" : "percent";
}

const isValue = (text: string) =>
  /^(?:null)?$/i.test(text) || NUMBER.test(text) || truth(text) !== undefined || NO_NUMBER.test(text);

/** Whether all texts would be values, or were meant as values, below the header. */
export const areValues = (texts: readonly string[]) =>
  texts.some((text) => text !== "" && isValue(text)) &&
  texts.every((text) => isValue(text) || NO_NAME.test(text) || parseTime(text) !== undefined);

/** Like `changeBy32Bits`, for the text of a number: its 64-bit float may already differ from it. */
export function changeOfCell(text: string, value: number, narrowed: number): CellChange | undefined {
  if (value === 0) return text !== "0" && spellsDigits(text) ? "vanished" : undefined;
  // 64-bit floats represent all smaller whole numbers exactly.
  if (Math.abs(value) < 2 ** 53) return changeBy32Bits(value, narrowed);
  const whole = wholeNumber(text);
  return whole === undefined || whole === BigInt(Math.abs(narrowed)) ? undefined : "rounded";
}

/** True with a digit other than 0 before the exponent. */
function spellsDigits(text: string): boolean {
  const end = text.search(/[eE]/);
  return /[1-9]/.test(end < 0 ? text : text.slice(0, end));
}

/** Without its sign; undefined for a number with decimals other than 0 or with an exponent. */
function wholeNumber(text: string): bigint | undefined {
  const [digits = "", decimals = ""] = text.replace(/^[+-]/, "").split(".");
  if (/[^0]/.test(decimals) || /\D/.test(digits)) return undefined;
  // Strips leading zeros, which BigInt would parse as well.
  return BigInt(digits.replace(/^0+/, ""));
}
