/** For each source, the learners in which it is active: a column. The sums over samples run along the columns. */
import {
  ACTIVE_STRIDE,
  AT_ACTIVE,
  AT_ACTIVE_COUNT,
  AT_COLUMN_COUNT,
  AT_COLUMN_OFFSET,
  AT_COLUMN_VALUE,
  AT_LEARNERS,
  AT_VALUE,
  COLUMN_GAP,
  HEXAGON_TARGET_COUNT,
  LEARNERS,
  STRIDE,
} from "../slots.ts";
import { getU, hexagonOfBlock, setU, slot } from "./memory.ts";

/**
 * Bytes from one source's column to the next: slightly more than needed, because otherwise all columns would compete
 * for a few sets of the cache.
 */
// @ts-ignore: decorator
@inline
export function columnBytes(): u32 {
  return (slot(STRIDE) + COLUMN_GAP) << 2;
}

/** Item of a phase: fills the columns of a block's neurons. */
export function columns(block: u32): void {
  if (load<u32>(hexagonOfBlock(block), HEXAGON_TARGET_COUNT) == 0) return;
  const stride = slot(STRIDE);
  const bytes = columnBytes();
  const offsets = slot(AT_COLUMN_OFFSET);
  const toValue = slot(AT_COLUMN_VALUE) - offsets;
  // While the columns are filled, the counts hold the addresses of the next entries.
  const ends = slot(AT_COLUMN_COUNT) + (<usize>block << 9);
  const first = offsets + <usize>(block * 128 * bytes);
  for (let n: u32 = 0; n < 128; n++) setU(ends, n, <u32>first + n * bytes);
  const learners = slot(LEARNERS);
  for (let learner: u32 = 0; learner < learners; learner++) {
    const place = block * stride + getU(slot(AT_LEARNERS), learner);
    const active = slot(AT_ACTIVE) + <usize>place * ACTIVE_STRIDE;
    const values = slot(AT_VALUE) + (<usize>place << 9);
    const last = active + getU(slot(AT_ACTIVE_COUNT), place);
    for (let k = active; k < last; k++) {
      const n = <usize>load<u8>(k) << 2;
      const at = <usize>load<u32>(ends + n);
      store<u32>(ends + n, <u32>at + 4);
      store<u32>(at, learner << 7);
      store<f32>(at + toValue, load<f32>(values + n));
    }
  }
  for (let n: u32 = 0; n < 128; n++) setU(ends, n, (getU(ends, n) - <u32>first - n * bytes) >> 2);
}
