/**
 * The shortest decimal number, as a 64-bit float, that becomes this 32-bit float. Nine digits always distinguish two
 * 32-bit floats; usually fewer suffice.
 */
export function shortFloat(value: number): number {
  // Up to 2^24, every whole number is a float of its own.
  if (Number.isInteger(value) && Math.abs(value) <= 2 ** 24) return value;
  let digits = 7;
  while (digits < 9 && Math.fround(Number(value.toPrecision(digits))) !== value) digits++;
  return Number(value.toPrecision(digits));
}
