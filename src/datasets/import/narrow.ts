import type { CellChange } from "./import-warnings.ts";

/** 32-bit floats represent every whole number up to here exactly. */
export const WHOLE_FLOATS_END = 2 ** 24;
/** A larger 64-bit float is no count or id, because it cannot distinguish two neighbours itself. */
const WHOLE_DOUBLES_END = 2 ** 53;

/**
 * How a 32-bit float changes a number beyond rounding its decimals: a whole number may become another one, and one
 * close to 0 may become 0. `narrowed` is the number as a 32-bit float, finite.
 */
export function changeBy32Bits(value: number | bigint, narrowed: number): CellChange | undefined {
  if (typeof value === "bigint") {
    // Fast path for small numbers, which are the common case.
    if (Math.abs(narrowed) < WHOLE_FLOATS_END || BigInt(narrowed) === value) return undefined;
    return "rounded";
  }
  if (narrowed === value) return undefined;
  if (narrowed === 0) return "vanished";
  const size = Math.abs(value);
  return size > WHOLE_FLOATS_END && size <= WHOLE_DOUBLES_END && Number.isInteger(value) ? "rounded" : undefined;
}
