import type { CellChange } from "./import-warnings.ts";
import { changeBy32Bits } from "./narrow.ts";

/**
 * Linear time: no digit follows a run of digits, so backtracking finds no other match and gives back each digit once.
 */
const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;
/** Texts that programs write for NaN and infinity; no cell may contain them. */
const NO_NUMBER = /^[+-]?(?:nan|inf|infinity)$/i;
/** Texts that programs write for missing values; no cell may contain them, either. */
const MARK_OF_MISSING = /^(?:NA|<NA>|#?N\/A|n\/a|None|NIL|\\N|\?)$/;

const words = new Map([
  ["", 0],
  ["null", 0],
  ["false", 0],
  ["true", 1],
]);

export const isEmptyCell = (text: string) => text === "" || text.toLowerCase() === "null";

/** Parses a cell as a 64-bit float; undefined when it is no number. Missing values are 0. */
export function cellNumber(text: string): number | undefined {
  if (NUMBER.test(text)) return Number(text);
  // The longest word has five letters.
  return text.length > 5 ? undefined : words.get(text.toLowerCase());
}

const isValue = (text: string) => cellNumber(text) !== undefined || NO_NUMBER.test(text);

/** Whether all texts would be values, or were meant as values, below the header. */
export const areValues = (texts: readonly string[]) =>
  texts.some((text) => text !== "" && isValue(text)) &&
  texts.every((text) => isValue(text) || MARK_OF_MISSING.test(text));

/** Like `changeBy32Bits`, for the text of a cell: its 64-bit float may already differ from it. */
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
