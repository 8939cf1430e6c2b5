/** Values at which engines may differ, and a network that keeps how its input treats them. */
import { NEURONS_PER_BLOCK } from "../../src/network/constants.ts";
import { restoreState } from "../../src/network/state-file.ts";
import { parseTemplate } from "../../src/network/template/parse-template.ts";

const MOST = 2 ** 100;
/** The neighbouring floats, with 24 significant bits each. */
const [BELOW, ABOVE] = [MOST - 2 ** 76, MOST + 2 ** 77];
const [SUBNORMAL, LARGEST_SUBNORMAL] = [2 ** -149, 2 ** -126 - 2 ** -149];
const LARGE = [1e30, -1e30, MOST, -MOST, BELOW, ABOVE, 3.4028234663852886e38, 2 ** 99];
const TINY = [SUBNORMAL, -SUBNORMAL, LARGEST_SUBNORMAL, -LARGEST_SUBNORMAL, 2 ** -126, 1e-30];
/** Borders of minima, signs and classes of floats. */
export const ODD = [0, -0, NaN, Infinity, -Infinity, 1, 0.1, 255, 2 ** 24, ...LARGE, ...TINY];

/** Wider than a block, and not a multiple of the values that are unpacked at once. */
export const WIDTH = NEURONS_PER_BLOCK + ODD.length;

/** A template that keeps the input's values: a connection leads back. */
export const templateWith = (kind: string) =>
  parseTemplate(`version: 1 settings: hexagons: 1,1,1 2,1,1 3,1,1 4,1,1 axons: 3,1,1 -> 2,1,1
    inputs: in: 1,1,1 ${kind} outputs: out: 4,1,1`);

/** The values of the input's neurons, as words: 0 and -0 differ, and so do all NaN. */
export function shownIn(state: Uint8Array): Uint32Array {
  const { hexagons, state: restored } = restoreState(state);
  const { lastValue } = restored.arrays;
  const shown = hexagons[0]!.blocks.flatMap((block) => [
    ...lastValue.subarray(block * NEURONS_PER_BLOCK, (block + 1) * NEURONS_PER_BLOCK),
  ]);
  return new Uint32Array(Float32Array.from(shown).buffer);
}

/** The expected values of the input, as words. */
export function expectedOf(values: Float32Array, kind: string): Uint32Array {
  const shown = new Float32Array(2 * NEURONS_PER_BLOCK);
  values.forEach((value, i) => {
    if (value > 0) shown[i] = kind === "(binary)" ? 1 : Math.min(value, MOST);
  });
  return new Uint32Array(shown.buffer);
}
