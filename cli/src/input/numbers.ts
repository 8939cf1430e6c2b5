import { InvalidArgumentError } from "commander";

/** Value of an option that takes a whole number; the server checks its range. */
export function integer(text: string): number {
  const value = Number(text);
  if (/^-?[0-9]+$/.test(text) && Number.isSafeInteger(value)) return value;
  throw new InvalidArgumentError("It must be a whole number.");
}

/** Value of an option that takes a number. */
export function decimal(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value)) return value;
  throw new InvalidArgumentError("It must be a number.");
}

/** Value of an option that takes a whole number, or leaves the choice to the server. */
export const integerOrAuto = (text: string): number | "auto" => (text === "auto" ? text : integer(text));
