import { chooseRows } from "./row-choice.ts";
import type { RowGroup } from "./row-group.ts";
import { SliceSource } from "./slice-source.ts";

/** Its multiples are evenly spread between whole numbers. */
const GOLDEN_RATIO = 0.618033988749895;

interface Table {
  inputs: readonly RowGroup[];
  expected: readonly RowGroup[];
}

/**
 * About `count` windows of a table, one from each of as many equal parts, each as a row of its own. Windows of several
 * rows do not overlap, so there may be fewer.
 */
export function spreadWindows(
  { inputs, expected }: Table,
  { rows, timeLength, count: wanted }: { rows: number; timeLength: number; count: number },
): SliceSource {
  const count = Math.max(1, Math.min(wanted, Math.floor(rows / timeLength)));
  const width = rows / count;
  // Somewhere else in each part, so that a pattern in the order of the rows does not hide some of them.
  const starts = Uint32Array.from({ length: count }, (_, nth) => {
    const start = nth * width + ((nth * GOLDEN_RATIO) % 1) * (width - timeLength + 1);
    return Math.min(Math.floor(start), Math.floor((nth + 1) * width) - timeLength);
  });
  const each = Uint32Array.from({ length: count * timeLength }, (_, at) => {
    return starts[Math.floor(at / timeLength)]! + (at % timeLength);
  });
  const window = (group: RowGroup): RowGroup => {
    const chosen = chooseRows(group, each);
    const fill: RowGroup["fill"] = (target, first, some) => chosen.fill(target, first * timeLength, some * timeLength);
    return { ...chosen, width: group.width * timeLength, fill };
  };
  const groups = { inputs: inputs.map(window), expected: expected.map((group) => chooseRows(group, starts)) };
  return new SliceSource(groups, { rows: count, timeLength: 1 });
}
