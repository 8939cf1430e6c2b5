import type { CellChange } from "./import-warnings.ts";

/** Up to here, every whole number is a 32-bit float. */
export const WHOLE_FLOATS_END = 2 ** 24;
/** A 64-bit float beyond this is no count or id any more: it could not tell two neighbours apart itself. */
const WHOLE_DOUBLES_END = 2 ** 53;

/**
 * What a 32-bit float makes of a number, besides rounding its decimals: a whole number may become another one, and one
 * close to 0 becomes 0. `narrowed` is the number as a 32-bit float, finite.
 */
export function changeBy32Bits(value: number | bigint, narrowed: number): Exclude<CellChange, "missing"> | undefined {
  if (typeof value === "bigint") {
    // Small ones, in all but few files, without the detour.
    if (Math.abs(narrowed) < WHOLE_FLOATS_END || BigInt(narrowed) === value) return undefined;
    return "rounded";
  }
  if (narrowed === value) return undefined;
  if (narrowed === 0) return "vanished";
  const size = Math.abs(value);
  return size > WHOLE_FLOATS_END && size <= WHOLE_DOUBLES_END && Number.isInteger(value) ? "rounded" : undefined;
}
