import { RAMPS } from "./knots.ts";

/**
 * The code of a number between ascending knots, all channels 0 to 1: its position u between the first and the last
 * knot, 1 - u, and, with more than two knots, one ramp from each knot to the next. Numbers beyond the knots count as
 * the nearest one.
 */
export interface NumberCode {
  knots: Float64Array;
  /** The width of all knots, and of each ramp. */
  span: number;
  steps: Float64Array;
}

/** Channels of the code with most knots. */
export const NUMBER_CHANNELS_MAX = RAMPS + 2;

/** Channels of a number's code; a constant has none. */
export function numberChannels(knots: readonly number[]): number {
  if (knots.length < 2) return 0;
  return knots.length === 2 ? 2 : knots.length + 1;
}

export function numberCode(knots: readonly number[]): NumberCode {
  const steps = Float64Array.from({ length: Math.max(0, knots.length - 1) }, (_, j) => knots[j + 1]! - knots[j]!);
  return { knots: Float64Array.from(knots), span: (knots.at(-1) ?? 0) - (knots[0] ?? 0), steps };
}

/** Writes the channels of a number, which is not NaN, over zeros. The code has at least two knots. */
export function writeNumber({ knots, span, steps }: NumberCode, value: number, target: Float32Array, at: number): void {
  const last = knots.length - 1;
  const position = Math.min(1, Math.max(0, (value - knots[0]!) / span));
  target[at] = position;
  target[at + 1] = 1 - position;
  if (last === 1) return;
  const ramps = at + 2;
  let j = 0;
  for (; j < last && value >= knots[j + 1]!; j++) target[ramps + j] = 1;
  if (j < last && value > knots[j]!) target[ramps + j] = (value - knots[j]!) / steps[j]!;
}
