import type { Rows } from "../network/run.ts";
import { DRAW, draw } from "../network/random.ts";
import { shuffled } from "./cycle-order.ts";
import type { RowGroup } from "./row-group.ts";

/** Rows of a dataset that are read together while some of them are chosen. */
const SPAN_ROWS = 4096;

/** The rows of a table from which a task learns, and those that it holds out; both ascend. */
export interface SplitRows {
  learnt: Uint32Array;
  heldOut: Uint32Array;
}

/** The number of rows that are held out. */
export const heldOutOf = (rows: number, share: number) => Math.min(rows - 1, Math.max(1, Math.round(rows * share)));

/**
 * Holds out a share of the rows, at least one and not all. `seed` chooses them; rows whose order matters are held out
 * at the end, so that both parts stay in order.
 */
export function splitRows(
  rows: number,
  share: number,
  { seed, isOrdered }: { seed: number; isOrdered: boolean },
): SplitRows {
  const count = heldOutOf(rows, share);
  const isHeldOut = new Uint8Array(rows);
  if (isOrdered) isHeldOut.fill(1, rows - count);
  else for (const row of shuffled(rows, (i) => draw(seed, DRAW.heldOut, 0, i)).subarray(0, count)) isHeldOut[row] = 1;
  const split = { learnt: new Uint32Array(rows - count), heldOut: new Uint32Array(count) };
  let [learnt, heldOut] = [0, 0];
  for (let row = 0; row < rows; row++) {
    if (isHeldOut[row] === 0) split.learnt[learnt++] = row;
    else split.heldOut[heldOut++] = row;
  }
  return split;
}

/** A group with the chosen rows only; `chosen` ascends. */
export function chooseRows(group: RowGroup, chosen: Uint32Array): RowGroup {
  const { width } = group;
  return {
    ...group,
    async fill(target, first, count) {
      for (let done = 0; done < count;) {
        const start = chosen[first + done] as number;
        let end = done;
        while (end < count && (chosen[first + end] as number) - start < SPAN_ROWS) end++;
        const rows = (chosen[first + end - 1] as number) - start + 1;
        const span: Rows["values"] =
          group.type === "uint8" ? new Uint8Array(rows * width) : new Float32Array(rows * width);
        await group.fill(span, start, rows);
        for (; done < end; done++) {
          const from = ((chosen[first + done] as number) - start) * width;
          target.set(span.subarray(from, from + width), done * width);
        }
      }
    },
  };
}

/** A group whose rows come `offset` rows earlier: row r is the old row r + offset; 0 beyond the last of `rows` rows. */
export function advanceRows(group: RowGroup, offset: number, rows: number): RowGroup {
  return {
    ...group,
    async fill(target, first, count) {
      const known = Math.max(0, Math.min(count, rows - first - offset));
      if (known > 0) await group.fill(target.subarray(0, known * group.width), first + offset, known);
      target.fill(0, known * group.width, count * group.width);
    },
  };
}
