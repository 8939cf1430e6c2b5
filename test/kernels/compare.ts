import { expect } from "vitest";
import type { NetworkModel } from "../../src/network/network-model.ts";
import { ARRAY_NAMES, LAYOUT, type ArrayName } from "../../src/network/layout.ts";
import type { RunScores } from "../../src/network/run-scores.ts";
import { count } from "../../src/network/state.ts";

/** Largest difference of two arrays of numbers, relative to the largest number where that is above `scale`. */
export function distance(actual: ArrayLike<number>, expected: ArrayLike<number>, scale = 1): number {
  for (let i = 0; i < expected.length; i++) scale = Math.max(scale, Math.abs(expected[i]!));
  let largest = 0;
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(actual[i]! - expected[i]!);
    if (!(difference <= largest)) largest = difference;
  }
  return largest / scale;
}

export function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  what: string,
  scale = 1,
): void {
  const found = { what, length: actual.length, distance: distance(actual, expected, scale) };
  // One object, so that a failure names what it compared.
  expect(found).toEqual({ what, length: expected.length, distance: expect.toSatisfy((d: number) => d <= tolerance) });
}

/** Expects the same counts, and sums that differ only by rounding, which may move a row across the half of a value. */
export function expectSameScores(actual: RunScores, expected: RunScores, tolerance: number): void {
  const { outputs, ...counts } = expected;
  expect(actual).toMatchObject({ ...counts, learningRate: expect.closeTo(counts.learningRate, 6) });
  for (const [index, wanted] of outputs.entries()) {
    const found = actual.outputs[index]!;
    const { name, rows, odd } = wanted;
    expect(found).toMatchObject({ name, rows, odd });
    for (const sum of ["hits", "loss", "squaredErrors", "targets", "squaredTargets"] as const) {
      const near = tolerance * Math.max(1, wanted[sum]) + (sum === "hits" ? 1 : 0);
      expect(Math.abs(found[sum] - wanted[sum]), `${sum} of ${name}: ${found[sum]}, ${wanted[sum]}`).toBeLessThan(near);
    }
  }
}

/** `toEqual` takes a second for 100,000 numbers, so it only shows the differences after a failure. */
export function expectSame<T extends Uint32Array | Float32Array>(actual: T, expected: T, what: string): void {
  const bytes = ({ buffer, byteOffset, byteLength }: T) => Buffer.from(buffer, byteOffset, byteLength);
  if (!bytes(actual).equals(bytes(expected))) expect({ [what]: actual }).toEqual({ [what]: expected });
}

/** Expects the same structure, bit by bit, and numbers that differ only by rounding. */
export function expectSameModel(
  actual: NetworkModel,
  expected: NetworkModel,
  tolerance: number,
  others: Partial<Record<ArrayName, number>> = {},
): void {
  for (const name of ARRAY_NAMES) {
    const { per, type, width } = LAYOUT[name];
    expect({ [per]: count(actual.state, per) }).toEqual({ [per]: count(expected.state, per) });
    const used = count(expected.state, per) * width;
    const [a, b] = [actual.state.arrays[name].subarray(0, used), expected.state.arrays[name].subarray(0, used)];
    if (type === "u32") expectSame(a, b, name);
    else expectClose(a, b, others[name] ?? tolerance, name);
  }
}
