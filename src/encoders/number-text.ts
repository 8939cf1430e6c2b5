const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** The 32-bit number that a text spells, or undefined: blanks, hexadecimal numbers and infinity are none. */
export function numberFromText(text: string): number | undefined {
  const value = NUMBER.test(text) ? Math.fround(Number(text)) : Infinity;
  return Number.isFinite(value) ? value : undefined;
}

/** The shortest decimal text of a 32-bit number: 0.1 rather than 0.10000000149011612. */
export function numberText(value: number): string {
  if (Number.isInteger(value) || !Number.isFinite(value)) return String(value + 0);
  let digits = 1;
  while (digits < 9 && Math.fround(Number(value.toPrecision(digits))) !== value) digits += 1;
  return String(Number(value.toPrecision(digits)));
}
