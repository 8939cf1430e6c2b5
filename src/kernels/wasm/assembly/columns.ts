/** For each source the learners in which it is active: what the sums over samples run along. */
import {
  ACTIVE_STRIDE,
  AT_ACTIVE,
  AT_ACTIVE_COUNT,
  AT_BLOCK_HEXAGON,
  AT_COLUMN_COUNT,
  AT_COLUMN_OFFSET,
  AT_COLUMN_VALUE,
  AT_LEARNERS,
  AT_VALUE,
  HEXAGON_TARGET_COUNT,
  LEARNERS,
  STRIDE,
} from "../slots.ts";
import { getU, hexagonAt, setU, slot } from "./memory.ts";

/** Item of a phase: the columns of a block's neurons. */
export function columns(block: u32): void {
  if (load<u32>(hexagonAt(getU(slot(AT_BLOCK_HEXAGON), block)), HEXAGON_TARGET_COUNT) == 0) return;
  const stride = slot(STRIDE);
  const counts = slot(AT_COLUMN_COUNT) + ((<usize>block) << 9);
  const offsets = slot(AT_COLUMN_OFFSET) + ((<usize>block * stride) << 9);
  const columnValues = slot(AT_COLUMN_VALUE) + ((<usize>block * stride) << 9);
  memory.fill(counts, 0, 512);
  const learners = slot(LEARNERS);
  for (let learner: u32 = 0; learner < learners; learner++) {
    const place = block * stride + getU(slot(AT_LEARNERS), learner);
    const active = slot(AT_ACTIVE) + <usize>place * ACTIVE_STRIDE;
    const values = slot(AT_VALUE) + ((<usize>place) << 9);
    const count = getU(slot(AT_ACTIVE_COUNT), place);
    for (let k: u32 = 0; k < count; k++) {
      const n = <u32>load<u8>(active + k);
      const entry = getU(counts, n);
      setU(counts, n, entry + 1);
      const at = (<usize>(n * stride + entry)) << 2;
      store<u32>(offsets + at, learner << 7);
      store<f32>(columnValues + at, load<f32>(values + ((<usize>n) << 2)));
    }
  }
}
