import type { CellChange } from "./import-warnings.ts";
import { changeBy32Bits } from "./narrow.ts";

/**
 * Linear: what follows a run of digits is no digit, so giving digits back finds no other way, and each is given back
 * once.
 */
const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;
/** What programs write for numbers that are none; no cell may hold it. */
const NO_NUMBER = /^[+-]?(?:nan|inf|infinity)$/i;
/** What programs write for a value that is not there; no cell may hold it, either. */
const MARK_OF_MISSING = /^(?:NA|<NA>|#?N\/A|n\/a|None|NIL|\\N|\?)$/;

const words = new Map([
  ["", 0],
  ["null", 0],
  ["false", 0],
  ["true", 1],
]);

export const isEmptyCell = (text: string) => text === "" || text.toLowerCase() === "null";

/** The number that a cell spells, as a 64-bit float; undefined when it is none. Missing values are 0. */
export function cellNumber(text: string): number | undefined {
  if (NUMBER.test(text)) return Number(text);
  // The longest word has five letters.
  return text.length > 5 ? undefined : words.get(text.toLowerCase());
}

const isValue = (text: string) => cellNumber(text) !== undefined || NO_NUMBER.test(text);

/** Whether all texts would be values, or were meant to be some, if they stood below the header. */
export const areValues = (texts: readonly string[]) =>
  texts.some((text) => text !== "" && isValue(text)) &&
  texts.every((text) => isValue(text) || MARK_OF_MISSING.test(text));

/** As `changeBy32Bits`, for a number that a cell spells: the 64-bit float on the way to 32 bits may be another one. */
export function changeOfCell(text: string, value: number, narrowed: number): CellChange | undefined {
  if (value === 0) return text !== "0" && spellsDigits(text) ? "vanished" : undefined;
  // All whole numbers up to here are 64-bit floats.
  if (Math.abs(value) < 2 ** 53) return changeBy32Bits(value, narrowed);
  const whole = wholeNumber(text);
  return whole === undefined || whole === BigInt(Math.abs(narrowed)) ? undefined : "rounded";
}

/** Has other digits than 0 before the exponent. */
function spellsDigits(text: string): boolean {
  const end = text.search(/[eE]/);
  return /[1-9]/.test(end < 0 ? text : text.slice(0, end));
}

/** Without its sign; undefined for a number with decimals or an exponent. */
function wholeNumber(text: string): bigint | undefined {
  const [digits = "", decimals = ""] = text.replace(/^[+-]/, "").split(".");
  if (/[^0]/.test(decimals) || /\D/.test(digits)) return undefined;
  // No digit has a price before the first that counts.
  return BigInt(digits.replace(/^0+/, ""));
}
