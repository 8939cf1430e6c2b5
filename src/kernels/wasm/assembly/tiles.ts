/** Tiles of the readout. */
import {
  AT_TILE_BLOCK,
  AT_TILE_OUTPUT,
  AT_TILE_OUTPUT_COUNT,
  AT_TILE_ROW,
  HEADER_BLOCKS,
  HEADER_ROWS,
  OUTPUTS,
} from "../slots.ts";
import { getU, header, slot } from "./memory.ts";

/** Number of outputs that a tile has weights for; 0 when its block, outputs or rows are out of range. */
export function outputsOf(tile: u32): u32 {
  const count = getU(slot(AT_TILE_OUTPUT_COUNT), tile);
  const outputs = slot(OUTPUTS);
  const rows = header(HEADER_ROWS);
  if (getU(slot(AT_TILE_BLOCK), tile) >= header(HEADER_BLOCKS) || count > outputs || count > rows) return 0;
  const fits = getU(slot(AT_TILE_OUTPUT), tile) <= outputs - count && getU(slot(AT_TILE_ROW), tile) <= rows - count;
  return fits ? count : 0;
}
